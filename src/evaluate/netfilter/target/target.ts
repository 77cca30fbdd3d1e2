import type { ExtensionOption, Target } from '../../../model/iptables-rule.ts';
import { append } from '../list.ts';
import { change, type RuleContext, type WalkState } from '../state.ts';
import type { Effect } from '../state.ts';
import { cannotTell } from './effect.ts';
import { applyConnmark, applyMark } from './mark.ts';
import { applyNat } from './nat.ts';

/**
 * Targets that leave addresses, ports and marks alone and let the packet go on to the next rule: each is a `target` that returns
 * XT_CONTINUE in net/netfilter/xt_*.c or net/ipv4/netfilter/ipt_*.c.
 */
const PASSING: ReadonlySet<string> = new Set([
  'AUDIT',
  'CHECKSUM',
  'CLASSIFY',
  'CONNSECMARK',
  'DSCP',
  'ECN',
  'IDLETIMER',
  'LED',
  'LOG',
  'NFLOG',
  'RATEEST',
  'SECMARK',
  'TCPMSS',
  'TCPOPTSTRIP',
  'TEE',
  'TOS',
  'TRACE',
  'ULOG',
]);

/** Those of them that write the type of service, or of IPv6 the traffic class, by which packets that are made here are routed anew. */
const WRITES_SERVICE: ReadonlySet<string> = new Set(['DSCP', 'ECN', 'TOS']);

/** What a rule does to the packet. */
export function applyTarget(target: Target | null, context: RuleContext): Effect {
  const { state } = context;
  if (target === null) return { kind: 'next', state };
  switch (target.kind) {
    case 'accept':
      return { kind: 'accept', states: [state] };
    case 'drop':
    case 'return':
      return { kind: target.kind };
    case 'reject':
      return { kind: 'reject', with: target.with };
    case 'jump':
      return { kind: 'jump', chain: target.chain, goto: target.goto };
    case 'dnat':
    case 'snat':
    case 'redirect':
    case 'masquerade':
    case 'netmap':
      if (context.table !== 'nat') return cannotTell(`${target.kind.toUpperCase()} cannot stand in this chain`);
      return applyNat(target, context);
    case 'mark':
      return { kind: 'next', state: applyMark(target, state) };
    case 'connmark':
      if (!state.tracked && state.template !== 'none') return cannotTell('CT set up a template before this rule');
      return { kind: 'next', state: applyConnmark(target, state) };
    case 'tproxy':
      return applyTproxy(target, context);
    case 'ct':
      return applyTracking(target, state);
    case 'extension':
      return applyExtension(target.name, target.options, state);
    case 'unknown':
      return cannotTell(`target ${JSON.stringify(target.name)} is not understood`);
  }
}

function writeService(state: WalkState): WalkState {
  return change(state, { serviceWritten: true });
}

/** The name under which a step of the walk tells what the target did. */
export function targetName(target: Target | null): string {
  if (target === null) return 'continue';
  switch (target.kind) {
    case 'mark':
    case 'connmark':
    case 'ct':
    case 'extension':
    case 'unknown':
      return 'continue';
    case 'jump':
      return target.goto ? 'goto' : 'jump';
    case 'return':
      return 'return';
    default:
      return target.kind.toUpperCase();
  }
}

/**
 * Gives the packet to a transparent socket and marks it; without such a socket it is dropped, which the caller has to look after.
 * Source: net/netfilter/xt_TPROXY.c tproxy_tg4.
 */
function applyTproxy(target: Extract<Target, { kind: 'tproxy' }>, { state, table }: RuleContext): Effect {
  if (table !== 'mangle' || state.hook !== 'prerouting') return cannotTell('TPROXY cannot stand in this chain');
  const port = target.port === 0 ? state.flow.destinationPort : target.port;
  return {
    kind: 'accept',
    states: [change(applyMark(target, state), { interception: { address: target.address, port } })],
  };
}

/** CT and NOTRACK leave a packet alone that has an entry or a template. Source: net/netfilter/xt_CT.c. */
function applyTracking(target: Extract<Target, { kind: 'ct' }>, state: WalkState): Effect {
  if (state.tracked || state.template !== 'none') return { kind: 'next', state };
  if (target.notrack) {
    const tracking = { ...state.flow.tracking, state: 'UNTRACKED' as const };
    return { kind: 'next', state: change(state, { tracked: true, flow: { ...state.flow, tracking } }) };
  }
  const zone = target.options.some((option) => option.name.startsWith('zone'));
  if (zone && state.flow.tracking.state !== 'NEW')
    return cannotTell('the connection in that conntrack zone is not known');
  return { kind: 'next', state: change(state, { template: zone ? 'zone' : 'plain' }) };
}

function applyExtension(name: string, options: readonly ExtensionOption[], state: WalkState): Effect {
  if (PASSING.has(name)) return { kind: 'next', state: WRITES_SERVICE.has(name) ? writeService(state) : state };
  switch (name) {
    case 'SET':
      return applySet(options, state);
    case 'TTL':
    case 'HL':
      return expires(options)
        ? cannotTell(`${name} may end the packet's life`)
        : { kind: 'next', state: name === 'HL' ? writeService(state) : state };
    case 'NFQUEUE':
      return cannotTell('a program behind NFQUEUE decides');
    default:
      return cannotTell(`target ${name} is not evaluated`);
  }
}

/** Later tests of the set are no longer those of the dump. Source: net/netfilter/xt_set.c set_target_v3. */
function applySet(options: readonly ExtensionOption[], state: WalkState): Effect {
  if (options.some((option) => option.name === 'map-set')) return cannotTell('SET takes the mark from a set');
  const names = options.flatMap((option) => (option.values.length === 2 ? (option.values[0] ?? []) : []));
  return { kind: 'next', state: change(state, { changedSets: names.reduce(append<string>, state.changedSets) }) };
}

/** Whether a packet may be left with a TTL that the next router refuses; only raising it cannot. */
function expires(options: readonly ExtensionOption[]): boolean {
  return !options.every(
    (option) => option.name.endsWith('-inc') || (option.name.endsWith('-set') && Number(option.values[0]) > 1),
  );
}
