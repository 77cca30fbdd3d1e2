import { contains, parseAddress, type Address } from '../../../model/address.ts';
import type { Match } from '../../../model/iptables-rule.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import { sourceOf, type WalkState } from '../state.ts';
import { all, negate, NO, unknown, YES, yesNo, type TestResult } from './result.ts';

/** `-s` and `-d`. Source: net/ipv4/netfilter/ip_tables.c ip_packet_match. */
export function matchPrefix(match: Extract<Match, { kind: 'source' | 'destination' }>, state: WalkState): TestResult {
  const address = parsed(match.kind === 'source' ? sourceOf(state) : state.flow.destination);
  if (address === undefined) return unknown('the address is not known');
  return negate(yesNo(contains(match.prefix, address)), match.negated);
}

/**
 * `-i` and `-o`. A hook without that device compares with an empty name, so that only `!` matches there; POSTROUTING knows the
 * incoming device of a forwarded packet since Linux 5.7.
 */
export function matchInterface(
  match: Extract<Match, { kind: 'in-interface' | 'out-interface' }>,
  state: WalkState,
): TestResult {
  const device = match.kind === 'in-interface' ? state.inDevice : state.outDevice;
  if (match.wildcard && match.name === '') return negate(YES, match.negated);
  if (device === undefined) {
    return unknown(`the ${match.kind === 'in-interface' ? 'incoming' : 'outgoing'} interface is not known`);
  }
  const name = device ?? '';
  return negate(yesNo(match.wildcard ? name.startsWith(match.name) : name === match.name), match.negated);
}

/** `-m iprange`. Source: net/netfilter/xt_iprange.c. */
export function matchAddressRange(match: Extract<Match, { kind: 'iprange' }>, state: WalkState): TestResult {
  const test = (range: typeof match.source, text: string | undefined): TestResult => {
    if (range === undefined) return YES;
    const [address, from, to] = [parsed(text), parsed(range.from), parsed(range.to)];
    if (address === undefined || from === undefined || to === undefined) return unknown('the address is not known');
    return negate(yesNo(from.bits <= address.bits && address.bits <= to.bits), range.negated);
  };
  return all([test(match.source, sourceOf(state)), test(match.destination, state.flow.destination)]);
}

/** `-m addrtype`. Source: net/netfilter/xt_addrtype.c addrtype_mt_v1. */
export function matchAddressType(
  match: Extract<Match, { kind: 'addrtype' }>,
  state: WalkState,
  environment: NetfilterEnvironment,
): TestResult {
  const device = limitDevice(match.limitInterface, state);
  const test = (types: typeof match.source, address: string | undefined): TestResult => {
    if (types === undefined) return YES;
    if (address === undefined) return unknown('the address is not known');
    const result =
      device === null
        ? unknown('the interface is not known')
        : state.flow.family === 4
          ? addressType4(types.types, address, device, environment)
          : addressType6(types.types, address, device, environment);
    return negate(result, types.negated);
  };
  return all([test(match.source, sourceOf(state)), test(match.destination, state.flow.destination)]);
}

/** undefined: no limit; null: an interface that is not known. */
function limitDevice(limit: 'in' | 'out' | null, state: WalkState): string | null | undefined {
  if (limit === null) return undefined;
  const device = limit === 'in' ? state.inDevice : state.outDevice;
  return device === undefined ? null : (device ?? undefined);
}

/** IPv4 addresses have one type: that of the local table (inet_dev_addr_type). */
function addressType4(
  types: readonly string[],
  address: string,
  device: string | undefined,
  environment: NetfilterEnvironment,
): TestResult {
  const type = environment.addressType(address, device);
  return type === undefined ? unknown(`the type of address ${address} is not known`) : yesNo(types.includes(type));
}

const MULTICAST6 = 0xffn;
/** Types that need a route look-up (match_lookup_rt6). */
const ROUTED6: ReadonlySet<string> = new Set(['LOCAL', 'ANYCAST', 'UNREACHABLE']);

/**
 * IPv6 addresses may have several types at once: a local one is unicast too. `UNICAST,LOCAL` asks for both (match_type6).
 */
function addressType6(
  types: readonly string[],
  text: string,
  device: string | undefined,
  environment: NetfilterEnvironment,
): TestResult {
  const address = parsed(text);
  if (address === undefined) return unknown('the address is not known');
  const multicast = address.bits >> 120n === MULTICAST6;
  if (types.includes('MULTICAST') && !multicast) return NO;
  if (types.includes('UNICAST') && (multicast || address.bits === 0n)) return NO;
  if (types.includes('UNSPEC') && address.bits !== 0n) return NO;
  if (!types.some((type) => ROUTED6.has(type))) return YES;
  const type = environment.addressType(text, device);
  if (type === undefined) return unknown(`the type of address ${text} is not known`);
  return yesNo(ROUTED6.has(type) && types.includes(type));
}

/** `-m rpfilter`: whether an answer would leave by the incoming device. Source: net/ipv4/netfilter/ipt_rpfilter.c. */
export function matchReversePath(
  match: Extract<Match, { kind: 'rpfilter' }>,
  state: WalkState,
  environment: NetfilterEnvironment,
): TestResult {
  return negate(reversePath(match.flags, state, environment), match.negated);
}

function reversePath(flags: readonly string[], state: WalkState, environment: NetfilterEnvironment): TestResult {
  if (state.inDevice === 'lo') return YES;
  if (state.inDevice === undefined || state.inDevice === null) return unknown('the incoming interface is not known');
  const { flow } = state;
  const decisions = environment.route({
    destination: flow.source,
    source: flow.destination,
    mark: flags.includes('validmark') ? flow.mark : 0,
    inInterface: null,
  });
  if (decisions.some((decision) => decision.kind === 'unknown'))
    return unknown(`the route back to ${flow.source} is not known`);
  const local = decisions.some((decision) => decision.kind === 'local');
  if (local && !flags.includes('accept-local')) return NO;
  const ways = decisions.filter((decision) => decision.kind === 'forward' || decision.kind === 'local');
  if (ways.length === 0) return NO;
  return yesNo(flags.includes('loose') || ways.some((way) => way.device === state.inDevice));
}

const addresses = new Map<string, Address | undefined>();
const MOST_ADDRESSES = 4096;

/** Parsing an address costs more than comparing it, and a walk compares the same few with every rule. */
function parsed(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  if (!addresses.has(text)) {
    if (addresses.size >= MOST_ADDRESSES) addresses.clear();
    addresses.set(text, parseAddress(text));
  }
  return addresses.get(text);
}
