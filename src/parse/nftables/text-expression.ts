import { readElements } from './text-elements.ts';
import { readValue, valueTree } from './text-value.ts';
import { GrammarError, type TokenReader } from './tokens.ts';

/** Protocols whose fields nft names with one word each. Source: nft(8), PAYLOAD EXPRESSIONS. */
const PROTOCOLS: ReadonlySet<string> = new Set([
  'ether',
  'vlan',
  'arp',
  'ip',
  'icmp',
  'igmp',
  'ip6',
  'icmpv6',
  'tcp',
  'udp',
  'udplite',
  'sctp',
  'dccp',
  'ah',
  'esp',
  'comp',
  'th',
  'gre',
]);
/** Keys of `meta` that some releases print without that word. Source: nftables src/meta.c meta_key_is_unqualified. */
const BARE_META: ReadonlySet<string> = new Set([
  'mark',
  'iif',
  'iifname',
  'iiftype',
  'oif',
  'oifname',
  'oiftype',
  'skuid',
  'skgid',
  'nftrace',
  'rtclassid',
  'ibriport',
  'obriport',
  'ibrname',
  'obrname',
  'pkttype',
  'cpu',
  'iifgroup',
  'oifgroup',
  'cgroup',
]);
const CT_FAMILIES: ReadonlySet<string> = new Set(['ip', 'ip6']);
const FIB_FLAGS: ReadonlySet<string> = new Set(['saddr', 'daddr', 'mark', 'iif', 'oif']);
/** How tightly operators bind. Source: nftables src/parser_bison.y. */
const PRECEDENCE: Readonly<Record<string, number>> = { '|': 1, '^': 2, '&': 3, '<<': 4, '>>': 4 };

/**
 * Reads an expression into the tree that `nft -j` prints for it.
 * @throws GrammarError when it is not understood
 */
export function readExpression(reader: TokenReader): unknown {
  const parts = [readBinary(reader, 1)];
  while (reader.accept('.')) parts.push(readBinary(reader, 1));
  const key = parts.length === 1 ? parts[0] : { concat: parts };
  return reader.accept('map') ? { map: { key, data: readMapData(reader) } } : key;
}

/** `@name`, or elements in braces. */
export function readMapData(reader: TokenReader): unknown {
  const word = reader.peek() ?? '';
  if (!word.startsWith('@')) return { set: readElements(reader, 'map') };
  // `@addresses:tcp dport …`: the port of a translation follows without a space.
  const colon = word.indexOf(':');
  if (colon < 0) return reader.word();
  reader.cut(colon);
  return word.slice(0, colon);
}

function readBinary(reader: TokenReader, least: number): unknown {
  let left = readPrimary(reader);
  for (;;) {
    const operator = reader.peek() ?? '';
    const precedence = Object.hasOwn(PRECEDENCE, operator) ? (PRECEDENCE[operator] ?? 0) : 0;
    if (precedence < least) return left;
    reader.next();
    const right = readBinary(reader, precedence + 1);
    left = { [operator]: [left, right] };
  }
}

function readPrimary(reader: TokenReader): unknown {
  if (reader.accept('(')) {
    const inner = readExpression(reader);
    reader.expect(')');
    return inner;
  }
  const first = reader.peek();
  const second = reader.peek(1);
  if (first === undefined) return reader.name();
  if (first === 'tcp' && second === 'option') return readTcpOption(reader);
  if (PROTOCOLS.has(first) && second !== undefined && /^[a-z][a-z\d-]*$/.test(second)) {
    reader.next();
    return { payload: { protocol: first, field: reader.word() } };
  }
  if (BARE_META.has(first)) return { meta: { key: reader.word() } };
  switch (first) {
    case 'meta':
      reader.next();
      return { meta: { key: reader.word() } };
    case 'ct':
      reader.next();
      return readCt(reader);
    case 'fib':
      reader.next();
      return readFib(reader);
    case 'numgen':
    case 'jhash':
    case 'symhash':
      reader.next();
      return readGenerator(first, reader);
    default:
      return readConstant(reader);
  }
}

function readConstant(reader: TokenReader): unknown {
  const word = reader.word();
  if (!/^[\w:.[-]/.test(word)) throw new GrammarError(`${JSON.stringify(word)} is not understood`);
  return valueTree(word);
}

function readTcpOption(reader: TokenReader): unknown {
  reader.next();
  reader.next();
  const name = reader.word();
  const field = reader.peek();
  if (field === undefined || ['exists', 'missing'].includes(field)) return { 'tcp option': { name } };
  reader.next();
  return { 'tcp option': { name, field } };
}

/** `ct state`, `ct original ip saddr`, `ct reply proto-dst`. */
function readCt(reader: TokenReader): unknown {
  const dir = reader.accept('original') ? 'original' : reader.accept('reply') ? 'reply' : undefined;
  const word = reader.word();
  const key = CT_FAMILIES.has(word) ? `${word} ${reader.word()}` : word;
  return { ct: dir === undefined ? { key } : { key, dir } };
}

/** `fib daddr . iif type`. */
function readFib(reader: TokenReader): unknown {
  const flags = [reader.word()];
  while (reader.accept('.')) flags.push(reader.word());
  if (!flags.every((flag) => FIB_FLAGS.has(flag))) throw new GrammarError('flags of fib are not understood');
  return { fib: { result: reader.word(), flags } };
}

/** `numgen random mod 3 offset 1`, `jhash ip saddr . tcp sport mod 4 seed 0x1`, `symhash mod 2`. */
function readGenerator(name: string, reader: TokenReader): unknown {
  const tree: Record<string, unknown> = {};
  if (name === 'numgen') tree['mode'] = reader.word();
  if (name === 'jhash') tree['expr'] = readExpression(reader);
  reader.expect('mod');
  tree['mod'] = valueTree(reader.word());
  while (reader.peek() === 'seed' || reader.peek() === 'offset') {
    const key = reader.word();
    tree[key] = valueTree(reader.word());
  }
  return { [name]: tree };
}

/** The right side of a comparison: a set, or a value. */
export function readOperand(reader: TokenReader): unknown {
  if (reader.peek()?.startsWith('@') === true) return reader.word();
  return reader.peek() === '{' ? { set: readElements(reader, 'set') } : readValue(reader);
}
