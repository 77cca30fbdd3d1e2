import { parseAddress } from '../../model/address.ts';
import type { NftDatum } from '../../model/nftables.ts';

type Symbols = Readonly<Record<string, number>>;

/** What nft prints for values, by type. Source: nftables src/{datatype,ct,meta,fib,proto}.c. */
const SYMBOLS: Readonly<Record<string, Symbols>> = {
  inet_proto: {
    ip: 0,
    icmp: 1,
    igmp: 2,
    tcp: 6,
    udp: 17,
    dccp: 33,
    gre: 47,
    esp: 50,
    ah: 51,
    icmpv6: 58,
    'ipv6-icmp': 58,
    comp: 108,
    sctp: 132,
    udplite: 136,
  },
  ct_state: { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 },
  ct_dir: { original: 0, reply: 1 },
  ct_status: { expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 },
  fib_addrtype: {
    unspec: 0,
    unicast: 1,
    local: 2,
    broadcast: 3,
    anycast: 4,
    multicast: 5,
    blackhole: 6,
    unreachable: 7,
    prohibit: 8,
  },
  pkt_type: { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 },
  nf_proto: { ipv4: 2, ipv6: 10 },
  ether_type: { ip: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd },
  tcp_flag: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
};

/** Widths in bits of types that a prefix may be said of. */
const WIDTHS: Readonly<Record<string, number>> = { ipv4_addr: 32, ipv6_addr: 128, mark: 32, inet_service: 16 };

/** Types of which numbers are written as such. */
const NUMERIC: ReadonlySet<string> = new Set([
  ...Object.keys(SYMBOLS),
  'inet_service',
  'mark',
  'uid',
  'gid',
  'integer',
]);
/** Types whose values are names. An interface index is printed as the interface's name. */
const NAMED: ReadonlySet<string> = new Set(['ifname', 'iface_index']);
const DECIMAL = /^\d{1,16}$/;
const HEXADECIMAL = /^0x[\da-f]{1,12}$/i;
const DOTTED = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/**
 * A constant as the registers hold it.
 * @returns undefined when the type or the value is not known
 */
export function decodeConstant(value: unknown, type: string): NftDatum | undefined {
  if (type === 'ipv4_addr') return typeof value === 'string' ? decodeIpv4(value) : undefined;
  if (type === 'ipv6_addr') {
    const address = typeof value === 'string' ? parseAddress(value) : undefined;
    return address?.family === 6 ? address.bits : undefined;
  }
  if (NAMED.has(type)) return decodeName(value, type);
  if (!NUMERIC.has(type)) return undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  if (DECIMAL.test(value) || HEXADECIMAL.test(value)) return Number(value);
  const symbols = SYMBOLS[type];
  return symbols !== undefined && Object.hasOwn(symbols, value) ? symbols[value] : undefined;
}

/** The bits of flags by name; undefined when one is not known. */
export function decodeFlags(names: readonly unknown[], type: string): number | undefined {
  let bits = 0;
  for (const name of names) {
    const flag = decodeConstant(name, type);
    if (typeof flag !== 'number') return undefined;
    bits |= flag;
  }
  return bits >>> 0;
}

/** First and last value of `value/length`. */
export function decodePrefix(
  value: unknown,
  length: unknown,
  type: string,
): { readonly from: NftDatum; readonly to: NftDatum } | undefined {
  const datum = decodeConstant(value, type);
  const width = Object.hasOwn(WIDTHS, type) ? WIDTHS[type] : undefined;
  if (width === undefined || typeof length !== 'number' || !Number.isInteger(length)) return undefined;
  if (length < 0 || length > width || datum === undefined || typeof datum === 'string') return undefined;
  const host = (1n << BigInt(width - length)) - 1n;
  const from = (BigInt(datum) | host) ^ host;
  const narrow = (bits: bigint): NftDatum => (width <= 32 ? Number(bits) : bits);
  return { from: narrow(from), to: narrow(from | host) };
}

/** Index 0 is no interface, which the empty name stands for; another number is an interface that is gone. */
function decodeName(value: unknown, type: string): string | undefined {
  if (type === 'iface_index' && (value === 0 || value === '0')) return '';
  return typeof value === 'string' && (type === 'ifname' || !DECIMAL.test(value)) ? value : undefined;
}

/** `10.0.0.1` in the one way that an address is written. */
export function isDotted(text: string): boolean {
  return DOTTED.test(text);
}

/** The address of 32 bits as it is written. */
export function dotted(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 0xff}.${(bits >>> 8) & 0xff}.${bits & 0xff}`;
}

function decodeIpv4(text: string): number | undefined {
  const match = DOTTED.exec(text);
  if (match === null) return undefined;
  const [a, b, c, d] = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4])];
  return a > 255 || b > 255 || c > 255 || d > 255 ? undefined : a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
}
