import { parseAddress, parsePrefix, contains, maskLength, lengthMask, type Address } from '../../../model/address.ts';
import type { Match } from '../../../model/iptables-rule.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import type { IpSet } from '../../../model/network-namespace.ts';
import { findLast } from '../list.ts';
import { sourceOf, type WalkState } from '../state.ts';
import { destinationPort, inRanges, sourcePort, type Port } from './port.ts';
import { all, negate, NO, unknown, yesNo, type TestResult } from './result.ts';

type Side = 'src' | 'dst';
type SetMatch = Extract<Match, { kind: 'set' }>;

/** What the packet has for one dimension of a set. */
interface Probe {
  readonly state: WalkState;
  readonly environment: NetfilterEnvironment;
  readonly set: IpSet;
  readonly side: Side;
}

const DEFAULT_PROTOCOL = 'tcp';
/** Options that change only what is counted. */
const COUNTING: ReadonlySet<string> = new Set(['update-counters', 'update-subcounters']);
const DEEPEST_LIST = 8;

/**
 * `-m set`. A set of other dimensions or of another family never holds the packet.
 * Source: net/netfilter/xt_set.c set_match_v4, net/netfilter/ipset/ip_set_core.c ip_set_test.
 */
export function matchSet(match: SetMatch, state: WalkState, environment: NetfilterEnvironment): TestResult {
  const counters = match.others.find((option) => !COUNTING.has(option.name));
  const result = testSet(match.name, match, state, environment, 0);
  if (counters !== undefined && result.kind !== 'no') return unknown(`--${counters.name} asks for counters of the set`);
  return negate(result, match.negated);
}

function testSet(
  name: string,
  match: SetMatch,
  state: WalkState,
  environment: NetfilterEnvironment,
  depth: number,
): TestResult {
  if (findLast(state.changedSets, (one) => one === name) !== undefined) {
    return unknown(`a SET target changed set ${name} before`);
  }
  const set = environment.ipset(name);
  if (set === undefined) return unknown(`set ${name} is not known`);
  if (set.type === 'list:set') return testList(set, match, state, environment, depth);
  const kinds = (set.type.split(':')[1] ?? '').split(',');
  if (match.sides.length < kinds.length || !sameFamily(set, state)) return NO;
  return testEntries(set, kinds, match, state, environment);
}

/** Sets in a list are asked one after the other (ip_set_list_set.c list_set_ktest). */
function testList(
  set: IpSet,
  match: SetMatch,
  state: WalkState,
  environment: NetfilterEnvironment,
  depth: number,
): TestResult {
  if (depth >= DEEPEST_LIST) return unknown(`lists of sets are nested too deep at ${set.name}`);
  let open: TestResult = NO;
  for (const { text } of set.entries) {
    const result = testSet(text.split(' ', 1)[0] ?? '', match, state, environment, depth + 1);
    if (result.kind === 'yes') return result;
    if (result.kind === 'unknown') open = result;
  }
  return open;
}

/** Ports alone have no family. */
function sameFamily(set: IpSet, state: WalkState): boolean {
  if (set.type === 'bitmap:port') return true;
  const at = set.options.indexOf('family');
  return (at >= 0 && set.options[at + 1] === 'inet6' ? 6 : 4) === state.flow.family;
}

/**
 * Of the entries that hold the packet, the one with the longest prefix counts; `nomatch` there means that the set does not hold
 * it, or, with `--return-nomatch`, just that it does. Source: ip_set_hash_gen.h mtype_test_cidrs.
 */
function testEntries(
  set: IpSet,
  kinds: readonly string[],
  match: SetMatch,
  state: WalkState,
  environment: NetfilterEnvironment,
): TestResult {
  let best: { readonly width: number; readonly nomatch: boolean } | undefined;
  for (const { text } of set.entries) {
    const [entry = '', ...options] = text.split(' ');
    const parts = entry.split(',');
    const result = all(
      kinds.map((kind, index) =>
        testPart(kind, parts[index] ?? '', { state, environment, set, side: match.sides[index] ?? 'src' }),
      ),
    );
    if (result.kind === 'unknown') return result;
    const width = prefixWidth(kinds, parts);
    if (result.kind === 'yes' && (best === undefined || width > best.width)) {
      best = { width, nomatch: options.includes('nomatch') };
    }
  }
  // Types without networks have no `nomatch` entries, and take no notice of the flag (IPSET_TYPE_NOMATCH).
  const asked = match.returnNomatch && kinds.includes('net');
  return yesNo(best !== undefined && best.nomatch === asked);
}

/** Sorts entries by the prefix lengths of their networks, the first network before the second. */
function prefixWidth(kinds: readonly string[], parts: readonly string[]): number {
  return kinds.reduce((width, kind, index) => {
    if (kind !== 'net') return width;
    const prefix = parsePrefix(parts[index] ?? '');
    return width * 256 + (prefix === undefined ? 0 : (maskLength(prefix) ?? 0));
  }, 0);
}

function testPart(kind: string, text: string, probe: Probe): TestResult {
  const { state, side } = probe;
  switch (kind) {
    case 'ip':
      return testAddress(text, probe);
    case 'net': {
      const prefix = parsePrefix(text);
      const address = parseAddress((side === 'src' ? sourceOf(state) : state.flow.destination) ?? '');
      if (address === undefined) return unknown('the address is not known');
      return prefix === undefined ? unknown(`entry ${text} is not understood`) : yesNo(contains(prefix, address));
    }
    case 'port':
      return testPort(text, probe);
    case 'iface':
      return testInterface(text, probe);
    case 'mark':
      return yesNo(maskedMark(probe) === Number(text));
    default:
      return unknown(`dimension ${kind} of set ${probe.set.name} is not known of the packet`);
  }
}

/** The kernel masks the packet's address with the set's netmask before it looks it up. */
function testAddress(text: string, { state, side, set }: Probe): TestResult {
  const address = parseAddress((side === 'src' ? sourceOf(state) : state.flow.destination) ?? '');
  if (address === undefined) return unknown('the address is not known');
  const bounds = text.split('-', 2).map((one) => parseAddress(one.split('/', 1)[0] ?? ''));
  const [from, to = from] = bounds;
  if (from === undefined || to === undefined) return unknown(`entry ${text} is not understood`);
  const bits = address.bits & setMask(set, address);
  return yesNo(from.bits <= bits && bits <= to.bits);
}

function setMask(set: IpSet, { family }: Address): bigint {
  const length = set.options[set.options.indexOf('netmask') + 1];
  const bitmask = set.options[set.options.indexOf('bitmask') + 1];
  const full = family === 4 ? 32 : 128;
  if (set.options.includes('bitmask')) return parseAddress(bitmask ?? '')?.bits ?? lengthMask(family, full);
  return lengthMask(family, set.options.includes('netmask') ? Math.min(full, Number(length) || full) : full);
}

/** `tcp:80`, or a number alone: TCP in hashes, any protocol in a bitmap. */
function testPort(text: string, { state, environment, side, set }: Probe): TestResult {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? DEFAULT_PROTOCOL : text.slice(0, colon);
  if (set.type !== 'bitmap:port' && protocol !== state.flow.protocol) return NO;
  const number = Number(text.slice(colon + 1));
  if (!Number.isInteger(number)) return unknown(`entry ${text} is not understood`);
  const port: Port = side === 'src' ? sourcePort(state.flow, environment) : destinationPort(state.flow, environment);
  return inRanges(port, [{ from: number, to: number }]);
}

/** `eth0`, or `physdev:eth0` for the port of a bridge. */
function testInterface(text: string, { state, side }: Probe): TestResult {
  if (text.startsWith('physdev:')) return unknown('the bridge port is not known');
  const device = side === 'src' ? state.inDevice : state.outDevice;
  if (device === undefined) return unknown('the interface is not known');
  return yesNo(device === text);
}

function maskedMark({ state, set }: Probe): number {
  const at = set.options.indexOf('markmask');
  return at < 0 ? state.flow.mark : (state.flow.mark & Number(set.options[at + 1])) >>> 0;
}
