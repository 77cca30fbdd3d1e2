import { parseAddress } from '../../../model/address.ts';
import type { ExtensionOption, Match } from '../../../model/iptables-rule.ts';
import { hasEntry, type RuleContext, type WalkState } from '../state.ts';
import { matchHashlimit } from './chance.ts';
import { matchIpvs } from './ipvs.ts';
import { negate, NO, unknown, YES, yesNo, type TestResult } from './result.ts';

type ExtensionMatch = Extract<Match, { kind: 'extension' }>;

/** Extensions that only packets of another protocol, or with an IPv6 extension header, match; with `!` neither. */
const OTHER_HEADERS: ReadonlySet<string> = new Set([
  'ah',
  'dst',
  'esp',
  'frag',
  'hbh',
  'icmp',
  'icmp6',
  'ipcomp',
  'mh',
  'rt',
  'srh',
]);

/** What the others depend on. */
const DEPENDS: Readonly<Record<string, string>> = {
  bpf: 'the bytes of the packet',
  cgroup: 'the control group of the sender',
  cluster: 'the hash of the connection',
  connbytes: 'the counters of the connection',
  connlabel: 'the labels of the connection',
  connlimit: 'the number of connections',
  cpu: 'the processor that handles the packet',
  devgroup: 'the group of the interface',
  dscp: 'the DSCP of the packet',
  ecn: 'the ECN bits of the packet',
  eui64: 'the hardware address of the sender',
  helper: 'the helper of the connection',
  hl: 'the hop limit of the packet',
  ipv6header: 'the headers of the packet',
  length: 'the length of the packet',
  mac: 'the hardware address of the sender',
  osf: 'the operating system of the sender',
  physdev: 'the bridge port of the packet',
  pkttype: 'the link-layer type of the packet',
  policy: 'the IPsec policy of the packet',
  quota: 'the quota that is left',
  rateest: 'the estimated rate',
  realm: 'the realm of the route',
  socket: 'the sockets of the machine',
  string: 'the content of the packet',
  tcpmss: 'the MSS option of the packet',
  time: 'the time of the request',
  tos: 'the TOS of the packet',
  ttl: 'the TTL of the packet',
  u32: 'the bytes of the packet',
};

const FIRST_MULTICAST4 = 224n;
const MULTICAST6 = 0xffn;

/** Extensions whose options the parser knows; few of them can be told from a flow. */
export function matchExtension(match: ExtensionMatch, context: RuleContext): TestResult {
  const { state } = context;
  if (OTHER_HEADERS.has(match.name)) return NO;
  switch (match.name) {
    case 'hashlimit':
      return matchHashlimit(match, context);
    case 'helper':
      return helper(match, state);
    case 'physdev':
      return physdev(match.options, state);
    case 'pkttype':
      return packetType(match.options, state);
    case 'ipvs':
      return matchIpvs(match.options, state);
    case 'cgroup':
      // Forwarded packets have no socket, and so do not match, not even with `!` (net/netfilter/xt_cgroup.c).
      return state.flow.inInterface === null || state.looped ? depends(match) : NO;
    default:
      return depends(match);
  }
}

function depends(match: ExtensionMatch): TestResult {
  const what = Object.hasOwn(DEPENDS, match.name) ? DEPENDS[match.name] : undefined;
  return unknown(
    what === undefined ? `match ${match.name} is not evaluated` : `match ${match.name} depends on ${what}`,
  );
}

/** Only an expected (RELATED) connection has a master with a helper. Source: net/netfilter/xt_helper.c helper_mt. */
function helper(match: ExtensionMatch, state: WalkState): TestResult {
  const related = hasEntry(state) && state.flow.tracking.state !== 'NEW';
  return related ? depends(match) : negate(NO, match.options[0]?.negated === true);
}

/**
 * Packets that never crossed a bridge port match only what is turned round. One made here came in by none.
 * Source: net/netfilter/xt_physdev.c physdev_mt.
 */
function physdev(options: readonly ExtensionOption[], state: WalkState): TestResult {
  const made = state.flow.inInterface === null || state.looped || state.inDevice === 'lo';
  if (!made) return unknown('match physdev depends on the bridge port of the packet');
  const incoming = options.filter((option) => option.name !== 'physdev-out' && option.name !== 'physdev-is-out');
  if (incoming.some((option) => !option.negated)) return NO;
  return incoming.length === options.length ? YES : unknown('match physdev depends on the bridge port of the packet');
}

/** A packet that is routed or delivered here came to this host's own hardware address. Source: net/netfilter/xt_pkttype.c. */
function packetType(options: readonly ExtensionOption[], state: WalkState): TestResult {
  const [option] = options;
  const type = option?.values[0];
  const destination = parseAddress(state.flow.destination);
  const unicast =
    destination !== undefined &&
    (destination.family === 4 ? destination.bits >> 24n < FIRST_MULTICAST4 : destination.bits >> 120n !== MULTICAST6);
  if (option === undefined || type === undefined || !unicast) return unknown('the link-layer type is not known');
  return negate(yesNo(type === 'unicast' || type === 'host'), option.negated);
}
