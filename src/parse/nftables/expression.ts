import type { NftExpression, NftPattern, NftSetReference } from '../../model/nftables.ts';
import { decodeConstant, decodeFlags, decodePrefix } from './datatypes.ts';
import { isObject, memberOf, onlyMember, textOf } from './tree.ts';

/** An expression, and nft's names for the types of its parts. */
export interface Typed {
  readonly expression: NftExpression;
  readonly types: readonly string[];
}

/** What expressions take from around them: the maps that they look things up in. */
export interface Surroundings {
  /**
   * A map by name, or one that stands in the rule, and the types of its data.
   * @param data `@name`, or `{ set: [[key, data] …] }`
   * @param keys types of the key's parts
   * @param wanted types that the data must have where the map itself does not tell
   */
  map(data: unknown, keys: readonly string[], wanted: readonly string[]): MapData | undefined;
}

export interface MapData {
  readonly reference: NftSetReference;
  readonly types: readonly string[];
}

/** Fields that a flow tells, with their types. Others are known by name alone. */
const PAYLOAD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ip: { saddr: 'ipv4_addr', daddr: 'ipv4_addr', protocol: 'inet_proto' },
  ip6: { saddr: 'ipv6_addr', daddr: 'ipv6_addr', nexthdr: 'inet_proto' },
  tcp: { sport: 'inet_service', dport: 'inet_service', flags: 'tcp_flag' },
  udp: { sport: 'inet_service', dport: 'inet_service' },
  udplite: { sport: 'inet_service', dport: 'inet_service' },
  sctp: { sport: 'inet_service', dport: 'inet_service' },
  dccp: { sport: 'inet_service', dport: 'inet_service' },
  th: { sport: 'inet_service', dport: 'inet_service' },
  ether: { type: 'ether_type' },
};

const META: Readonly<Record<string, string>> = {
  l4proto: 'inet_proto',
  nfproto: 'nf_proto',
  protocol: 'ether_type',
  mark: 'mark',
  iif: 'iface_index',
  oif: 'iface_index',
  iifname: 'ifname',
  oifname: 'ifname',
  skuid: 'uid',
  skgid: 'gid',
  pkttype: 'pkt_type',
};

const CT: Readonly<Record<string, string>> = {
  state: 'ct_state',
  direction: 'ct_dir',
  status: 'ct_status',
  mark: 'mark',
  l3proto: 'nf_proto',
  protocol: 'inet_proto',
  'ip saddr': 'ipv4_addr',
  'ip daddr': 'ipv4_addr',
  'ip6 saddr': 'ipv6_addr',
  'ip6 daddr': 'ipv6_addr',
  'proto-src': 'inet_service',
  'proto-dst': 'inet_service',
};

const FIB: Readonly<Record<string, string>> = { type: 'fib_addrtype', oif: 'iface_index', oifname: 'ifname' };

const OTHER = ['other'] as const;

/**
 * Reads an expression of libnftables-json(5).
 * @param hint types of the other side, for constants
 */
export function decodeExpression(value: unknown, around: Surroundings, hint: readonly string[] = OTHER): Typed {
  if (!isObject(value)) return decodeScalar(value, hint);
  const [kind, body] = onlyMember(value);
  switch (kind) {
    case 'payload':
      return decodePayload(body);
    case 'meta':
      return decodeMeta(textOf(memberOf(body, 'key')) ?? '');
    case 'ct':
      return decodeCt(body);
    case 'fib':
      return decodeFib(body);
    case 'numgen':
      return decodeNumgen(body);
    case 'jhash':
    case 'symhash':
      return decodeHash(kind, body);
    case 'concat':
      return decodeConcat(body, around, hint);
    case 'map':
      return decodeMap(body, around, hint);
    case '&':
    case '|':
    case '^':
    case '<<':
    case '>>':
      return decodeBinary(kind, body, around, hint);
    case 'prefix':
    case 'range': {
      const pattern = decodePattern(value, hint[0] ?? '');
      return pattern?.kind === 'range'
        ? { expression: { kind: 'span', from: pattern.from, to: pattern.to }, types: hint }
        : notUnderstood(kind);
    }
    default:
      return notUnderstood(kind);
  }
}

/** Why something is not known, in nft's own word for it. */
function notUnderstood(kind: string | undefined): Typed {
  const reason =
    kind === undefined ? 'an expression is not understood' : `expression ${JSON.stringify(kind)} is not evaluated`;
  return { expression: { kind: 'unknown', reason }, types: OTHER };
}

function decodeScalar(value: unknown, hint: readonly string[]): Typed {
  const type = hint[0] ?? '';
  const datum = Array.isArray(value) ? decodeFlags(value, type) : decodeConstant(value, type);
  if (datum !== undefined) return { expression: { kind: 'constant', value: datum }, types: hint };
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return { expression: { kind: 'unknown', reason: `value ${text.slice(0, 60)} is not understood` }, types: hint };
}

function decodePayload(body: unknown): Typed {
  const protocol = textOf(memberOf(body, 'protocol'));
  const field = textOf(memberOf(body, 'field'));
  if (protocol === undefined || field === undefined) {
    return { expression: { kind: 'unknown', reason: 'the match depends on the bytes of the packet' }, types: OTHER };
  }
  const fields = Object.hasOwn(PAYLOAD, protocol) ? PAYLOAD[protocol] : undefined;
  const type = fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
  return { expression: { kind: 'payload', protocol, field }, types: [type ?? 'other'] };
}

function decodeMeta(key: string): Typed {
  const type = Object.hasOwn(META, key) ? META[key] : undefined;
  return { expression: { kind: 'meta', key }, types: [type ?? 'other'] };
}

/** In a table of one family `ct original saddr` has no family of its own; newer releases always print one. */
function decodeCt(body: unknown): Typed {
  const key = textOf(memberOf(body, 'key')) ?? '';
  const dir = memberOf(body, 'dir');
  const direction = dir === 'original' || dir === 'reply' ? dir : null;
  const type = Object.hasOwn(CT, key) ? CT[key] : undefined;
  return { expression: { kind: 'ct', key, direction }, types: [type ?? 'other'] };
}

function decodeFib(body: unknown): Typed {
  const result = textOf(memberOf(body, 'result')) ?? '';
  const given = memberOf(body, 'flags');
  const flags = (Array.isArray(given) ? given : [given]).filter((flag) => typeof flag === 'string');
  return {
    expression: { kind: 'fib', result, flags },
    types: [(Object.hasOwn(FIB, result) ? FIB[result] : undefined) ?? 'other'],
  };
}

function decodeNumgen(body: unknown): Typed {
  const mode = memberOf(body, 'mode');
  const modulus = memberOf(body, 'mod');
  const offset = memberOf(body, 'offset') ?? 0;
  if ((mode !== 'random' && mode !== 'inc') || !isCount(modulus) || modulus === 0 || !isCount(offset)) {
    return notUnderstood('numgen');
  }
  return { expression: { kind: 'numgen', mode, modulus, offset }, types: ['integer'] };
}

function decodeHash(name: string, body: unknown): Typed {
  const modulus = memberOf(body, 'mod');
  const offset = memberOf(body, 'offset') ?? 0;
  if (!isCount(modulus) || modulus === 0 || !isCount(offset)) return notUnderstood(name);
  return {
    expression: {
      kind: 'hash',
      name,
      of: JSON.stringify(['expr', 'mod', 'seed', 'offset'].map((key) => memberOf(body, key))),
      modulus,
      offset,
    },
    types: ['integer'],
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function decodeConcat(body: unknown, around: Surroundings, hint: readonly string[]): Typed {
  if (!Array.isArray(body) || body.length === 0) return notUnderstood('concat');
  const parts = body.map((part: unknown, index) => decodeExpression(part, around, [hint[index] ?? 'other']));
  return {
    expression: { kind: 'concat', parts: parts.map((part) => part.expression) },
    types: parts.flatMap((part) => part.types),
  };
}

function decodeMap(body: unknown, around: Surroundings, wanted: readonly string[]): Typed {
  const key = decodeExpression(memberOf(body, 'key'), around);
  const data = around.map(memberOf(body, 'data'), key.types, wanted);
  if (data === undefined) return notUnderstood('map');
  return { expression: { kind: 'map', key: key.expression, data: data.reference }, types: data.types };
}

/** Constants beside an operator are of the other side's type. */
function decodeBinary(
  operator: '&' | '|' | '^' | '<<' | '>>',
  body: unknown,
  around: Surroundings,
  hint: readonly string[],
): Typed {
  if (!Array.isArray(body) || body.length < 2) return notUnderstood(operator);
  const [first, ...rest] = body as unknown[];
  let left = decodeExpression(first, around, hint);
  for (const operand of rest) {
    const shift = operator === '<<' || operator === '>>';
    const right = decodeExpression(operand, around, shift ? ['integer'] : left.types);
    left = {
      expression: { kind: 'binary', operator, left: left.expression, right: right.expression },
      types: left.types[0] === 'other' ? right.types : left.types,
    };
  }
  return left;
}

/** What one part of a key stands for: a value, a span, a prefix, the beginning of a name, or `*`. */
export function decodePattern(value: unknown, type: string): NftPattern | undefined {
  if (value === '*') return { kind: 'any' };
  if (isObject(value)) {
    const [kind, body] = onlyMember(value);
    if (kind === 'range' && Array.isArray(body))
      return span(decodeConstant(body[0], type), decodeConstant(body[1], type));
    if (kind === 'prefix') {
      const ends = decodePrefix(memberOf(body, 'addr'), memberOf(body, 'len'), type);
      return ends === undefined ? undefined : { kind: 'range', ...ends };
    }
    if (kind === '|' && Array.isArray(body)) {
      const bits = decodeFlags(body, type);
      return span(bits, bits);
    }
    return undefined;
  }
  if (Array.isArray(value)) {
    const bits = decodeFlags(value, type);
    return span(bits, bits);
  }
  if (type === 'ifname' && typeof value === 'string' && value.endsWith('*') && !value.endsWith('\\*')) {
    return { kind: 'name-prefix', prefix: value.slice(0, -1) };
  }
  const datum = decodeConstant(value, type);
  return span(datum, datum);
}

/** Nobody may write a span from more to less; nft prints two tests (`tcp dport < 443 tcp dport > 53`) as one of such a span. */
function span(from: ReturnType<typeof decodeConstant>, to: ReturnType<typeof decodeConstant>): NftPattern | undefined {
  if (from === undefined || to === undefined) return undefined;
  const turned = typeof from !== 'string' && typeof to !== 'string' && from > to;
  return turned ? undefined : { kind: 'range', from, to };
}
