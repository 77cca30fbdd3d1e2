import { addressFromBits, lengthMask, hostMask, parseAddress, type Address, type Family } from '../../model/address.ts';
import type { Condition } from '../../model/branching.ts';
import type { Flow } from '../../model/flow.ts';
import type { IpvsConnection, RealServer, VirtualServer } from '../../model/ipvs.ts';
import { serverText, type Choice } from './schedule.ts';

/** The server of a persistent client, and what tells it. */
export interface KeptChoice extends Choice {
  /** The template of the connection table. */
  readonly template?: IpvsConnection;
}

/**
 * The real servers of a client that stays with one: the template of the captured connection table where there is one; without a
 * table, every server under the condition that the client has been there, and what the scheduler picks when it has been nowhere.
 * A template counts whatever the weight of its server, unless expire_quiescent_template says otherwise.
 * Source: net/netfilter/ipvs/ip_vs_core.c ip_vs_sched_persist, ip_vs_conn.c ip_vs_check_template.
 * @param expiresQuiet whether templates of servers with weight 0 count no more
 */
export function keepClient(
  service: VirtualServer,
  flow: Flow,
  fresh: readonly Choice[],
  connections: readonly IpvsConnection[] | undefined,
  expiresQuiet: boolean | undefined,
): readonly KeptChoice[] | string {
  const net = clientNet(service, flow);
  if (net === undefined) return `mask ${service.persistence?.mask ?? ''} of ${service.name} is not understood`;
  const quiet = service.servers.filter((server) => server.weight === 0);
  if (connections !== undefined) {
    const template = connections.find((entry) => isTemplate(entry, service, flow, net));
    const server = service.servers.find((one) => one.address === template?.server);
    if (template === undefined || server === undefined) return fresh;
    if (server.weight > 0 || expiresQuiet === false) return [{ server, probability: 1, conditions: [], template }];
    return expiresQuiet === true ? fresh : 'net.ipv4.vs.expire_quiescent_template was not captured';
  }
  const known = service.servers.filter((server) => server.weight > 0 || expiresQuiet !== true);
  if (known.length < 2 && quiet.length === 0) return fresh;
  const stays = known.map((server) => ({
    server,
    probability: 1,
    conditions: [kept(service, net, serverText(server))],
  }));
  const nowhere = kept(service, net, 'none');
  return [...stays, ...fresh.map((one) => ({ ...one, conditions: [nowhere, ...one.conditions] }))];
}

function kept({ name }: VirtualServer, client: string, value: string): Condition {
  return { key: `affinity:${name}:${client}`, value, subject: { kind: 'affinity', service: name, client } };
}

/** The client's address under the mask of the virtual server. */
function clientNet({ persistence, family }: VirtualServer, flow: Flow): string | undefined {
  const client = parseAddress(flow.source);
  const mask = maskOf(persistence?.mask ?? 'all', family);
  return client === undefined || mask === undefined ? undefined : masked(client, mask);
}

function masked({ family, bits }: Address, mask: bigint): string {
  return addressFromBits(family, bits & mask).text;
}

function maskOf(text: string, family: Family): bigint | undefined {
  if (text === 'all') return hostMask(family);
  if (/^\d{1,3}$/.test(text))
    return Number(text) <= (family === 4 ? 32 : 128) ? lengthMask(family, Number(text)) : undefined;
  return parseAddress(text)?.bits;
}

/** Templates have client port 0; of a virtual server by mark, the mark stands for the address, and no protocol. */
function isTemplate(entry: IpvsConnection, service: VirtualServer, flow: Flow, net: string): boolean {
  if (entry.clientPort !== 0 || entry.client !== net) return false;
  if (service.mark !== 0) {
    return entry.protocol === null && parseAddress(entry.virtual)?.bits === BigInt(service.mark);
  }
  return entry.protocol === flow.protocol && entry.virtual === flow.destination && entry.virtualPort === service.port;
}

/** The port at the real server: its own, unless a persistent virtual server takes every port. */
export function serverPort(service: VirtualServer, server: RealServer, flow: Flow): number {
  const translates = service.persistence === null || flow.destinationPort === service.port;
  return translates && server.port !== 0 ? server.port : flow.destinationPort;
}
