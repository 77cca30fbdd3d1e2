import { formatEndpoint, parseAddress } from '../../model/address.ts';
import type { Condition, Weighted } from '../../model/branching.ts';
import type { Flow } from '../../model/flow.ts';
import type { RealServer, VirtualServer } from '../../model/ipvs.ts';
import { maglevLookup } from './maglev-hash.ts';
import { bucketOf, plainBuckets, weightedBuckets } from './source-hash.ts';

/** A real server that the scheduler may pick; null: it picks none. */
export interface Choice extends Weighted {
  readonly server: RealServer | null;
}

type Scheduler = (service: VirtualServer, flow: Flow) => readonly Choice[];

/**
 * The real servers that a new connection may go to. Connection counts change from packet to packet, so that the schedulers which
 * compare them give one branch for each server that they may pick, under the condition that they do.
 * @returns a clause when nobody can tell
 */
export function schedule(service: VirtualServer, flow: Flow): readonly Choice[] | string {
  const limited = service.servers.find((one) => one.weight > 0 && (one.upperThreshold ?? 0) > 0);
  if (limited !== undefined) {
    return `whether real server ${serverText(limited)} has reached its upper threshold is not known`;
  }
  const scheduler = Object.hasOwn(SCHEDULERS, service.scheduler) ? SCHEDULERS[service.scheduler] : undefined;
  if (scheduler === undefined) return `scheduler ${service.scheduler} is not understood`;
  return scheduler(service, flow);
}

/** Source: net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc,sed,nq,lblc,lblcr,twos,ovf,fo,sh,dh,mh}.c; none takes a server of weight 0. */
const SCHEDULERS: Readonly<Record<string, Scheduler>> = {
  rr: (service) => inTurn(usable(service), () => 1),
  wrr: (service) => inTurn(usable(service), (server) => server.weight),
  lc: byConnections,
  wlc: byConnections,
  sed: byConnections,
  nq: byConnections,
  lblc: byConnections,
  lblcr: byConnections,
  twos: byConnections,
  ovf: overflow,
  fo: failover,
  sh: bySource,
  dh: byDestination,
  mh: byMaglev,
};

function usable({ servers }: VirtualServer): readonly RealServer[] {
  return servers.filter((server) => server.weight > 0);
}

function inTurn(servers: readonly RealServer[], share: (server: RealServer) => number): readonly Choice[] {
  if (servers.length === 0) return [NOBODY];
  const sum = servers.reduce((total, server) => total + share(server), 0);
  return servers.map((server) => ({ server, probability: share(server) / sum, conditions: [] }));
}

const NOBODY: Choice = { server: null, probability: 1, conditions: [] };

function certain(server: RealServer | null): readonly Choice[] {
  return [{ server, probability: 1, conditions: [] }];
}

function byConnections(service: VirtualServer, flow: Flow): readonly Choice[] {
  return oneOf(service, flow, usable(service));
}

/** The heaviest whose active connections are not more than its weight; nobody where that holds for none (ip_vs_ovf_schedule). */
function overflow(service: VirtualServer, flow: Flow): readonly Choice[] {
  const servers = usable(service);
  return oneOf(service, flow, servers.length === 0 ? [] : [...servers, null]);
}

/** One of these, as something decides that no dump tells; null stands for the ones that the scheduler refuses to take. */
function oneOf(service: VirtualServer, flow: Flow, servers: readonly (RealServer | null)[]): readonly Choice[] {
  const [first, second] = servers;
  if (first === undefined) return [NOBODY];
  if (second === undefined) return certain(first);
  return servers.map((server) => ({
    server,
    probability: 1,
    conditions: [pick(service, flow, server === null ? 'none' : serverText(server))],
  }));
}

function pick(service: VirtualServer, flow: Flow, value: string): Condition {
  const { name, scheduler } = service;
  return { key: `ipvs:${name}:${flow.source}`, value, subject: { kind: 'real-server', scheduler, service: name } };
}

/** The heaviest; of several, the one that comes first in the kernel's list. */
function failover(service: VirtualServer, flow: Flow): readonly Choice[] {
  const most = Math.max(0, ...service.servers.map((server) => server.weight));
  const heaviest = usable(service).filter((server) => server.weight === most);
  return service.ordered ? certain(heaviest[0] ?? null) : oneOf(service, flow, heaviest);
}

/** A hash of the client's address, and with `sh-port` of its port; a server of weight 0 keeps its buckets and refuses there. */
function bySource(service: VirtualServer, flow: Flow): readonly Choice[] {
  const { schedulerFlags: flags } = service;
  const client = parseAddress(flow.source);
  const port = flags?.includes('sh-port') === true ? flow.sourcePort : 0;
  const fallback = flags?.includes('sh-fallback') === true;
  const known = service.ordered && flags !== null && client !== undefined && port !== null;
  const buckets = known ? weightedBuckets(service.servers) : [];
  if (!known) return anyBucket(service, flow, fallback);
  for (let offset = 0; offset < (fallback ? buckets.length : 1); offset += 1) {
    // The fallback goes round from the first bucket on (ip_vs_sh_get_fallback).
    const first = bucketOf(client, port);
    const server = buckets[offset === 0 ? first : bucketOf(client, port, (offset - 1 + first) % buckets.length)];
    if (server !== undefined && server.weight > 0) return certain(server);
  }
  return [NOBODY];
}

/** A hash of the destination, which is the same for every client of a virtual server by address. */
function byDestination(service: VirtualServer, flow: Flow): readonly Choice[] {
  const address = parseAddress(flow.destination);
  if (!service.ordered || address === undefined) return anyBucket(service, flow, false);
  const server = plainBuckets(service.servers)[bucketOf(address, 0)];
  return certain(server !== undefined && server.weight > 0 ? server : null);
}

/** Which server has the client's bucket is not known: any, and nobody where one of weight 0 has it. */
function anyBucket(service: VirtualServer, flow: Flow, fallback: boolean): readonly Choice[] {
  const servers = usable(service);
  const refuses = !fallback && servers.length < service.servers.length && servers.length > 0;
  return oneOf(service, flow, refuses ? [...servers, null] : servers);
}

function byMaglev(service: VirtualServer, flow: Flow): readonly Choice[] {
  const { schedulerFlags: flags } = service;
  const client = parseAddress(flow.source);
  const port = flags?.includes('mh-port') === true ? flow.sourcePort : 0;
  const fallback = flags?.includes('mh-fallback') === true;
  // A server of weight 0 may still fill buckets by the weight that it had before (last_weight), which nothing tells.
  const quiet = service.servers.some((server) => server.weight === 0);
  if (!service.ordered || flags === null || client === undefined || port === null || quiet) {
    return anyBucket(service, flow, fallback);
  }
  return certain(maglevLookup(service.servers, client, port) ?? null);
}

/** `ip:port` of a real server; the address alone where the port is kept. */
export function serverText({ address, port }: RealServer): string {
  return formatEndpoint(address, port === 0 ? null : port);
}
