import { addressFromBits, hostMask, parseAddress } from '../../../model/address.ts';
import type { NatRange, Target } from '../../../model/iptables-rule.ts';
import { manipulationAt } from '../nat/manipulate.ts';
import { hideSource, setUpTranslation } from '../nat/setup.ts';
import { change, type RuleContext, type WalkState } from '../state.ts';
import type { Effect } from '../state.ts';
import { cannotTell, type SourceNat } from './effect.ts';

const PLAIN = { random: false, randomFully: false, persistent: false };
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const;

type NatTarget = Extract<Target, { kind: 'dnat' | 'snat' | 'redirect' | 'masquerade' | 'netmap' }>;

type NatContext = Pick<RuleContext, 'state' | 'environment'>;

/** DNAT, SNAT, REDIRECT, MASQUERADE and NETMAP end the chain. Source: net/netfilter/xt_nat.c and its neighbours. */
export function applyNat(target: NatTarget, context: NatContext): Effect {
  const { state } = context;
  const manipulation = manipulationAt(state.hook);
  const fits =
    target.kind === 'netmap' ||
    (target.kind === 'dnat' || target.kind === 'redirect') === (manipulation === 'destination');
  if (!fits) return cannotTell(`${target.kind.toUpperCase()} cannot stand in this chain`);
  if (state.template === 'zone' && target.kind !== 'netmap' && severalAddresses(target.range)) {
    return cannotTell('which address is chosen depends on the conntrack zone');
  }
  switch (target.kind) {
    case 'masquerade':
      return masquerade(target.range, context);
    case 'redirect':
      return redirect(target.range, context);
    case 'netmap':
      return netmap(target, context);
    default:
      return translate(target.range, context, target.kind === 'snat' ? 'snat' : undefined);
  }
}

function translate(range: NatRange, { state, environment }: NatContext, kind: SourceNat['kind'] | undefined): Effect {
  const manipulation = manipulationAt(state.hook);
  const ways = setUpTranslation(state.flow, range, manipulation, environment);
  if (typeof ways === 'string') return cannotTell(ways);
  const states = ways.map(({ flow, probability }): WalkState => {
    const sourceNat = kind === undefined || flow === state.flow ? state.sourceNat : { kind, address: flow.source };
    return change(done(state), { flow, sourceNat, probability: state.probability * probability });
  });
  return { kind: 'accept', states };
}

/** Source: net/netfilter/nf_nat_masquerade.c. An address that is not known leaves the packet's own in its place. */
function masquerade(range: NatRange, context: NatContext): Effect {
  const { state, environment } = context;
  const { outDevice, route, flow } = state;
  const address =
    typeof outDevice === 'string'
      ? environment.masqueradeAddress(outDevice, route?.gateway ?? flow.destination, flow.destination)
      : undefined;
  if (address !== undefined) {
    return translate({ ...range, addresses: { from: address, to: address } }, context, 'masquerade');
  }
  const sourceNat: SourceNat = { kind: 'masquerade', address: null };
  return { kind: 'accept', states: [change(done(state), { flow: hideSource(flow, range, environment), sourceNat })] };
}

/** To the loopback address for packets made here, to the first address of the incoming device for others (nf_nat_redirect.c). */
function redirect(range: NatRange, context: NatContext): Effect {
  const { state, environment } = context;
  const { family, destination } = state.flow;
  const address =
    state.hook === 'output'
      ? LOOPBACK[family]
      : typeof state.inDevice === 'string'
        ? (environment.redirectAddress(state.inDevice, destination) ?? environment.soleAddress?.(family))
        : environment.soleAddress?.(family);
  if (address === undefined) return cannotTell('the address of the incoming interface is not known');
  return translate({ ...range, addresses: { from: address, to: address } }, context, undefined);
}

/** Keeps the host part of the address. Source: net/netfilter/xt_NETMAP.c. */
function netmap(target: Extract<NatTarget, { kind: 'netmap' }>, context: NatContext): Effect {
  const { flow, hook } = context.state;
  const manipulation = manipulationAt(hook);
  const address = parseAddress(manipulation === 'source' ? flow.source : flow.destination);
  if (address === undefined) return cannotTell('the address is not known');
  const { bits, mask, family } = target.prefix;
  const mapped = addressFromBits(family, bits | (address.bits & (hostMask(family) ^ mask))).text;
  const range = { ...PLAIN, addresses: { from: mapped, to: mapped } };
  return translate(range, context, manipulation === 'source' ? 'snat' : undefined);
}

/** The connection's translation of this half is settled. */
function done(state: WalkState): WalkState {
  return change(state, manipulationAt(state.hook) === 'source' ? { sourceDone: true } : { destinationDone: true });
}

function severalAddresses({ addresses }: NatRange): boolean {
  return addresses !== undefined && addresses.from !== addresses.to;
}
