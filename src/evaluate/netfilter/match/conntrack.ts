import { addressFromBits, contains, parseAddress, type Family } from '../../../model/address.ts';
import type {
  ConnectionState,
  ConntrackMatch,
  NumberRange,
  PortTest,
  PrefixTest,
} from '../../../model/iptables-rule.ts';
import type { Tracking } from '../../../model/flow.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import { hasEntry, type WalkState } from '../state.ts';
import { inRanges, originalPorts, unknownPort } from './port.ts';
import { all, any, negate, NO, unknown, YES, yesNo, type TestResult } from './result.ts';

const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * `-m conntrack` and `-m state`. A packet without an entry (before conntrack, INVALID, UNTRACKED) matches by its state alone:
 * a rule that tests the state ignores its other tests then, and one that does not never matches.
 * Source: net/netfilter/xt_conntrack.c conntrack_mt.
 */
export function matchConntrack(match: ConntrackMatch, state: WalkState, environment: NetfilterEnvironment): TestResult {
  if (!state.tracked && state.template !== 'none') return matchTemplate(match, state.flow.family);
  const byState = match.state === undefined ? YES : negate(matchState(match.state.states, state), match.state.negated);
  if (!hasEntry(state)) return match.state === undefined ? NO : byState;
  const { tracking, protocol } = state.flow;
  const protocolNumber = PROTOCOL_NUMBERS[protocol];
  const ports = { original: originalPorts(state.flow, environment), reply: unknownPort(state.flow, environment) };
  return matchEntry(match, byState, tracking, protocolNumber, ports, (name) => status(name, state));
}

/**
 * Between CT and conntrack a packet has CT's template for an entry: new, confirmed, of the original direction, and with nothing but zeros
 * for protocol, addresses and ports. Source: net/netfilter/xt_CT.c xt_ct_tg_check, net/netfilter/nf_conntrack_core.c nf_ct_tmpl_alloc.
 */
function matchTemplate(match: ConntrackMatch, family: Family): TestResult {
  const zero = addressFromBits(family, 0n).text;
  const tuples: Tuples = {
    direction: 'ORIGINAL',
    originalSource: zero,
    originalSourcePort: 0,
    originalDestination: zero,
    originalDestinationPort: 0,
    replySource: zero,
    replySourcePort: 0,
    replyDestination: zero,
    replyDestinationPort: 0,
  };
  const none: NumberRange = { from: 0, to: 0 };
  const ports = { original: none, reply: none };
  const byState =
    match.state === undefined ? YES : negate(yesNo(match.state.states.includes('NEW')), match.state.negated);
  return matchEntry(match, byState, tuples, 0, ports, (name) => yesNo(name === 'CONFIRMED'));
}

/** What an entry of the connection tracker says about both directions. */
type Tuples = Omit<Tracking, 'state' | 'dnat' | 'snat' | 'mark' | 'originalPorts' | 'zoned' | 'ipvs'>;

/** @param byState what the test of the state says @param ports where those of both directions lie that are not known */
function matchEntry(
  match: ConntrackMatch,
  byState: TestResult,
  entry: Tuples,
  protocolNumber: number,
  ports: { readonly original: NumberRange; readonly reply: NumberRange },
  hasStatus: (name: string) => TestResult,
): TestResult {
  return all([
    byState,
    match.direction === undefined ? YES : yesNo(match.direction === entry.direction),
    address(match.originalSource, entry.originalSource),
    address(match.originalDestination, entry.originalDestination),
    address(match.replySource, entry.replySource),
    address(match.replyDestination, entry.replyDestination),
    match.protocol === undefined
      ? YES
      : negate(yesNo(match.protocol.number === protocolNumber), match.protocol.negated),
    port(match.originalSourcePort, entry.originalSourcePort, ports.original),
    port(match.originalDestinationPort, entry.originalDestinationPort, ports.reply),
    port(match.replySourcePort, entry.replySourcePort, ports.reply),
    port(match.replyDestinationPort, entry.replyDestinationPort, entry.translatedPorts ?? ports.reply),
    match.status === undefined
      ? YES
      : negate(any(match.status.statuses.map((name) => hasStatus(name))), match.status.negated),
    match.expires === undefined ? YES : unknown('when the connection expires is not known'),
  ]);
}

/** The state bits that a packet shows: one of its connection, and SNAT and DNAT when that is translated. */
function matchState(states: readonly ConnectionState[], state: WalkState): TestResult {
  const { tracking } = state.flow;
  if (!hasEntry(state)) {
    return yesNo(states.includes(tracking.state === 'UNTRACKED' ? 'UNTRACKED' : 'INVALID'));
  }
  return yesNo(
    states.includes(tracking.state) ||
      (tracking.snat && states.includes('SNAT')) ||
      (tracking.dnat && states.includes('DNAT')),
  );
}

/** IPS_* bits. `NONE` is no bit, which no connection has. */
function status(name: string, state: WalkState): TestResult {
  const established = state.flow.tracking.state === 'ESTABLISHED';
  switch (name) {
    case 'NONE':
      return NO;
    case 'SEEN_REPLY':
      return yesNo(established);
    case 'CONFIRMED':
      // nf_confirm runs behind the last hook of a packet's way out, or in.
      return yesNo(established || state.looped);
    case 'ASSURED':
      return established ? unknown('whether the connection is assured is not known') : NO;
    case 'EXPECTED':
      return state.flow.tracking.state === 'NEW' ? NO : unknown('whether the connection was expected is not known');
    default:
      return unknown(`connection status ${name} is not understood`);
  }
}

function address(test: PrefixTest | undefined, text: string | null): TestResult {
  if (test === undefined) return YES;
  const value = text === null ? undefined : parseAddress(text);
  if (value === undefined) return unknown('the translated source is not known');
  return negate(yesNo(contains(test.prefix, value)), test.negated);
}

function port(test: PortTest | undefined, value: number | null, range: NumberRange): TestResult {
  if (test === undefined) return YES;
  const result = negate(inRanges(value ?? range, [test]), test.negated);
  // The packet's own port may be another one than that of the entry.
  return result.kind === 'unknown' ? unknown(result.reason) : result;
}

/** `-m connmark`: never without an entry, not even with `!`. Source: net/netfilter/xt_connmark.c connmark_mt. */
export function matchConnmark(
  match: { readonly value: number; readonly mask: number; readonly negated: boolean },
  state: WalkState,
): TestResult {
  if (!state.tracked && state.template !== 'none') return unknown('CT set up a template before this rule');
  if (!hasEntry(state)) return NO;
  return negate(yesNo((state.flow.tracking.mark & match.mask) >>> 0 === match.value), match.negated);
}
