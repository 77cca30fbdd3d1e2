import type { Flow } from '../../../model/flow.ts';
import type { Match, NumberRange, PortTest } from '../../../model/iptables-rule.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import { LOCAL_PORT_RANGE } from '../../../model/network-namespace.ts';
import { any, all, negate, NO, unknown, YES, yesNo, type TestResult } from './result.ts';

/** net.ipv4.ip_local_port_range where nobody changed it. Source: Documentation/networking/ip-sysctl.rst. */
const EPHEMERAL: NumberRange = { from: 32_768, to: 60_999 };

/** A port, or where it lies when somebody's kernel chose it. */
export type Port = number | NumberRange;

/** Source port of the packet. */
export function sourcePort(flow: Flow, environment: NetfilterEnvironment): Port {
  return flow.sourcePort ?? unknownPort(flow, environment);
}

/** Destination port of the packet. */
export function destinationPort(flow: Flow, environment: NetfilterEnvironment): Port {
  return flow.destinationPort === 0 ? unknownPort(flow, environment) : flow.destinationPort;
}

/**
 * Where the port lies that the flow does not tell. Only a packet that this namespace made has its port from this namespace's range
 * (inet_csk_get_port, inet_hash_connect); for others the kernel's default stands for what their senders have.
 */
export function unknownPort(flow: Flow, environment: NetfilterEnvironment): NumberRange {
  return flow.unknownPort ?? ephemeralPorts(flow, environment);
}

/** Where the source port that the connection began with lies, before any translation. */
export function originalPorts(flow: Flow, environment: NetfilterEnvironment): NumberRange {
  const { originalPorts: told, translatedPorts } = flow.tracking;
  if (told !== undefined) return told;
  return translatedPorts === undefined ? unknownPort(flow, environment) : ephemeralPorts(flow, environment);
}

function ephemeralPorts(flow: Flow, environment: NetfilterEnvironment): NumberRange {
  if (flow.inInterface !== null) return EPHEMERAL;
  return readPortRange(environment.sysctl(LOCAL_PORT_RANGE)) ?? EPHEMERAL;
}

/** The ports that a kernel chooses from, as the setting `LOCAL_PORT_RANGE` tells them; undefined: the kernel's default, or no such setting. */
export function readPortRange(setting: string | undefined): NumberRange | undefined {
  const [, from, to] = /^(\d{1,5})\s+(\d{1,5})$/.exec(setting?.trim() ?? '') ?? [];
  const range = { from: Number(from), to: Number(to) };
  if (from === undefined || (range.from === EPHEMERAL.from && range.to === EPHEMERAL.to)) return undefined;
  return range;
}

/** Whether a port lies in one of the ranges. */
export function inRanges(port: Port, ranges: readonly NumberRange[]): TestResult {
  if (typeof port === 'number') return yesNo(ranges.some(({ from, to }) => from <= port && port <= to));
  const sorted = ranges.toSorted((a, b) => a.from - b.from);
  if (!sorted.some(({ from, to }) => from <= port.to && port.from <= to)) return NO;
  // The first port that no range holds, when all up to it are held.
  let next = port.from;
  for (const { from, to } of sorted) if (from <= next) next = Math.max(next, to + 1);
  if (next > port.to) return YES;
  const reason = `the port is any of ${port.from} to ${port.to}`;
  return { kind: 'unknown', reason, cuts: ranges.flatMap(cutsOf) };
}

/** The ports at which a range begins, and behind which it ends. */
export function cutsOf({ from, to }: NumberRange): readonly number[] {
  return [from, to + 1];
}

/** `--sport`, `--dport` and `--tcp-flags`. Source: net/netfilter/xt_tcpudp.c, xt_sctp.c. */
export function matchPorts(
  match: Extract<Match, { kind: 'ports' }>,
  flow: Flow,
  environment: NetfilterEnvironment,
): TestResult {
  if (match.protocol !== flow.protocol) return NO;
  return all([
    onePort(match.source, sourcePort(flow, environment)),
    onePort(match.destination, destinationPort(flow, environment)),
    match.flags === undefined ? YES : negate(tcpFlags(match.flags, flow), match.flags.negated),
    match.others.length === 0 ? YES : unknown(`--${match.others[0]?.name ?? ''} depends on what the packet carries`),
  ]);
}

/** Source: net/netfilter/xt_multiport.c ports_match_v1. */
export function matchMultiport(
  match: Extract<Match, { kind: 'multiport' }>,
  flow: Flow,
  environment: NetfilterEnvironment,
): TestResult {
  const source = inRanges(sourcePort(flow, environment), match.ports);
  const destination = inRanges(destinationPort(flow, environment), match.ports);
  const sides = { source: [source], destination: [destination], either: [source, destination] };
  return negate(any(sides[match.side]), match.negated);
}

function onePort(test: PortTest | undefined, port: Port): TestResult {
  return test === undefined ? YES : negate(inRanges(port, [test]), test.negated);
}

/**
 * Flags that a packet of a connection can have: SYN alone on the first; SYN and ACK, or ACK with others, on answers; ACK with
 * others once established (RFC 9293).
 */
export function possibleFlags(flow: Flow): readonly (readonly string[])[] | undefined {
  const { state, direction } = flow.tracking;
  const first = direction === 'REPLY' ? ['SYN', 'ACK'] : ['SYN'];
  const later = [['ACK'], ['PSH', 'ACK'], ['FIN', 'ACK'], ['FIN', 'PSH', 'ACK'], ['RST', 'ACK']];
  if (state === 'NEW' || state === 'UNTRACKED') return [first];
  if (state !== 'ESTABLISHED') return undefined;
  return direction === 'REPLY' ? [first, ...later] : later;
}

function tcpFlags(test: { readonly mask: readonly string[]; readonly set: readonly string[] }, flow: Flow): TestResult {
  if (!test.set.every((flag) => test.mask.includes(flag))) return NO;
  const possible = possibleFlags(flow)?.map((flags) =>
    test.mask.every((flag) => flags.includes(flag) === test.set.includes(flag)),
  );
  if (possible?.every(Boolean) === true) return YES;
  if (possible !== undefined && !possible.some(Boolean)) return NO;
  return unknown('the TCP flags of this packet are not known');
}
