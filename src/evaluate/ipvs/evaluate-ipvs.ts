/**
 * What IPVS does to a packet on the hooks of a network namespace. In: the virtual servers, the connection table when somebody listed it,
 * and the packet with what the namespace answers about routes and settings. Out: every real server that it may go to, with its
 * probability or condition, and by which method. It must not look at rules: those see the packet before and after.
 */
import type { Unknown } from '../../model/branching.ts';
import type { Flow } from '../../model/flow.ts';
import type { IpvsConnection, VirtualServer, VirtualServers } from '../../model/ipvs.ts';
import type { HookedPacket, HookEntry, HookModule, HookWay, NetfilterEnvironment } from '../../model/netfilter.ts';
import { findService, isActiveFtp, isBesideFtp } from './find-service.ts';
import { forward } from './forward.ts';
import { keepClient, serverPort, type KeptChoice } from './persistence.ts';
import { schedule } from './schedule.ts';
import { translateAnswer } from './translate-answer.ts';

/** Priorities beside those of nat. Source: net/netfilter/ipvs/ip_vs_core.c ip_vs_ops4, ip_vs_ops6. */
const NAT_DESTINATION = -100;
const NAT_SOURCE = 100;

const PASS: HookWay = { kind: 'pass', probability: 1, conditions: [], matched: [] };

/**
 * The functions that IPVS hangs on the hooks: answers are translated on input, output and forward; requests are taken on input and
 * output alone, so that only packets for this machine itself meet a virtual server.
 * @param connections undefined: nobody listed them
 */
export function ipvsModule(
  servers: VirtualServers,
  connections: readonly IpvsConnection[] | undefined,
): HookModule | undefined {
  if (servers.all.length === 0 && servers.incomplete === undefined) return undefined;
  const take: HookEntry['ask'] = (packet, environment) => takeRequest(servers, connections, packet, environment);
  return {
    artefact: servers.artefact,
    entries: [
      { hook: 'input', priority: NAT_SOURCE - 2, ask: translateAnswer },
      { hook: 'input', priority: NAT_SOURCE - 1, ask: take },
      { hook: 'output', priority: NAT_DESTINATION + 1, ask: translateAnswer },
      { hook: 'output', priority: NAT_DESTINATION + 2, ask: take },
      { hook: 'forward', priority: NAT_SOURCE, ask: translateAnswer },
    ],
  };
}

/** Source: ip_vs_core.c ip_vs_in_hook, ip_vs_schedule. */
function takeRequest(
  servers: VirtualServers,
  connections: readonly IpvsConnection[] | undefined,
  packet: HookedPacket,
  environment: NetfilterEnvironment,
): readonly HookWay[] {
  const { flow } = packet;
  if (packet.handled || flow.tracking.direction === 'REPLY') return [PASS];
  const service = findService(servers, flow);
  if (service === undefined) return servers.incomplete === undefined ? [PASS] : [notKnown(servers.incomplete)];
  if (isActiveFtp(flow)) return [PASS];
  const open = notUnderstood(service, flow, environment);
  if (open !== undefined) return [notKnown({ reason: open, evidence: [service.evidence] })];
  const known = connections?.find((entry) => isOf(entry, flow));
  if (flow.tracking.state === 'ESTABLISHED' || known !== undefined) return [connected(service, known)];
  if (isBesideFtp(service, flow) && service.persistence === null) return [PASS];
  const choices = choose(service, flow, connections, environment);
  if (typeof choices === 'string') return [notKnown({ reason: choices, evidence: [service.evidence] })];
  return choices.flatMap((choice) => sendTo(service, choice, packet, environment));
}

function notKnown(unknown: Unknown): HookWay {
  return { ...PASS, kind: 'unknown', unknown };
}

/** What of the virtual server, the packet or the settings leaves it open what IPVS does; undefined: nothing. */
function notUnderstood(service: VirtualServer, flow: Flow, environment: NetfilterEnvironment): string | undefined {
  if (service.notUnderstood !== null) return `virtual server ${service.name}: ${service.notUnderstood}`;
  const server = service.servers.find((one) => one.notUnderstood !== null);
  if (server !== undefined) return `real server ${server.address}: ${server.notUnderstood ?? ''}`;
  if (isBesideFtp(service, flow) && service.persistence !== null) return 'data connections of FTP are not followed';
  if (flow.tracking.state === 'INVALID' || flow.tracking.state === 'RELATED') {
    return `a packet in state ${flow.tracking.state} to virtual server ${service.name} is not followed`;
  }
  for (const setting of ['drop_entry', 'drop_packet', 'backup_only']) {
    const value = environment.sysctl(`net.ipv4.vs.${setting}`);
    if (value !== undefined && value !== '0') return `net.ipv4.vs.${setting} is ${value}, which may leave packets out`;
  }
  return undefined;
}

function isOf(entry: IpvsConnection, flow: Flow): boolean {
  return (
    entry.protocol === flow.protocol &&
    entry.client === flow.source &&
    entry.clientPort !== 0 &&
    entry.clientPort === flow.sourcePort &&
    entry.virtual === flow.destination &&
    entry.virtualPort === flow.destinationPort
  );
}

/** A connection that is there already goes on as its entry says, or begins anew where that is over: conn_reuse_mode and more decide. */
function connected(service: VirtualServer, entry: IpvsConnection | undefined): HookWay {
  const reason =
    entry === undefined
      ? `which real server of ${service.name} the connection has is not known`
      : `the connection table holds this very connection (${entry.state} to ${entry.server}), which is not followed`;
  return notKnown({ reason, evidence: [entry?.evidence ?? service.evidence] });
}

function choose(
  service: VirtualServer,
  flow: Flow,
  connections: readonly IpvsConnection[] | undefined,
  environment: NetfilterEnvironment,
): readonly KeptChoice[] | string {
  // Every port without persistence: no connection is made (ip_vs_schedule: "port zero only supported in persistent services").
  const anyPort = service.mark === 0 && service.port === 0;
  if (anyPort && service.persistence === null) return [{ server: null, probability: 1, conditions: [] }];
  const fresh = schedule(service, flow);
  if (typeof fresh === 'string' || service.persistence === null) return fresh;
  const setting = environment.sysctl('net.ipv4.vs.expire_quiescent_template');
  return keepClient(service, flow, fresh, connections, setting === undefined ? undefined : setting !== '0');
}

function sendTo(
  service: VirtualServer,
  choice: KeptChoice,
  packet: HookedPacket,
  environment: NetfilterEnvironment,
): readonly HookWay[] {
  const { server, probability, conditions, template } = choice;
  const found = serviceRule(service);
  if (server === null) {
    // Source: ip_vs_core.c ip_vs_leave.
    const matched = [{ rule: found, evidence: service.evidence, action: 'REJECT' }];
    const refusal = { kind: 'reject', with: 'icmp-port-unreachable', endedBy: service.evidence } as const;
    return [{ ...refusal, probability, conditions, matched }];
  }
  const told = template === undefined ? [] : [{ rule: found, evidence: template.evidence, action: 'continue' }];
  const matched = [{ rule: found, evidence: service.evidence, action: 'continue' }, ...told];
  const port = serverPort(service, server, packet.flow);
  return forward(service, server, port, packet, environment).map((way) => ({
    ...way,
    probability: probability * way.probability,
    conditions: [...conditions, ...way.conditions],
    matched: [...matched, ...way.matched],
  }));
}

/** A virtual server, as steps name it. */
function serviceRule(service: VirtualServer) {
  return { table: 'ipvs', chain: service.name, raw: service.evidence.raw };
}
