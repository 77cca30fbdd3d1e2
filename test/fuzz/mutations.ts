import type { Random } from '../conformance/envoy/random.ts';

/** One way in which a captured file can be wrong. */
export interface Mutation {
  readonly name: string;
  /** Nothing of the file's facts is left. */
  readonly destroys: boolean;
  /** The file as it is then; null: it is not there. Undefined when the mutation does not apply to such a file. */
  apply(random: Random, bytes: Buffer): Buffer | null | undefined;
}

const ESCAPES = ['\u001b[2J', '\u001b]0;title\u0007', '\u202e', '\r', '\b', '\u009b31m', '\u0000', '\u2028', '\ufeff'];
/** Names that mean something to JavaScript, and texts that mean something to a renderer. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '"]; click n0 "x', '<script>', 'a|b', '${x}'];
const NUMBERS = ['1e999', '-1', '0', '4294967296', '99999999999999999999999999', '0.1', '-0', '65536'];

const whole = (name: string, apply: (random: Random, bytes: Buffer) => Buffer | null): Mutation => ({
  name,
  destroys: true,
  apply,
});
const bytewise = (name: string, apply: Mutation['apply']): Mutation => ({ name, destroys: false, apply });
const byLines = (name: string, change: (random: Random, lines: string[]) => void): Mutation =>
  bytewise(name, (random, bytes) => {
    const lines = bytes.toString('utf8').split('\n');
    change(random, lines);
    return Buffer.from(lines.join('\n'));
  });
const byValues = (name: string, change: (random: Random, parent: Container, key: string) => void): Mutation =>
  bytewise(name, (random, bytes) => {
    const root = parsed(bytes);
    if (root === undefined) return undefined;
    const places = containers(root);
    for (let times = 1 + random.below(3); times > 0; times--) {
      const parent = random.pick(places);
      const keys = Object.keys(parent);
      if (keys.length > 0) change(random, parent, random.pick(keys));
    }
    return Buffer.from(JSON.stringify(root, null, random.pick([0, 2])));
  });

export const MUTATIONS: readonly Mutation[] = [
  whole('removed', () => null),
  whole('emptied', () => Buffer.alloc(0)),
  whole('blank', (random) => Buffer.from(' \n\t\r\n'.repeat(1 + random.below(50)))),
  whole('a line of text', (random) =>
    Buffer.from(
      random.pick([
        'Error from server (NotFound): pods "web" not found\n',
        'error: unable to upgrade connection: container not found ("istio-proxy")',
        'bash: iptables-save: command not found\n',
      ]),
    ),
  ),
  whole('binary', (random) => Buffer.from(Array.from({ length: random.below(3000) }, () => random.below(256)))),
  whole('zeros', (_, bytes) => Buffer.alloc(bytes.length)),
  whole('another kind of JSON', (random) =>
    Buffer.from(random.pick(['null', '1', '"text"', '[[[]]]', '{"a":{}}', '{}'])),
  ),
  whole('an HTML page', () => Buffer.from('<html><body>502 Bad Gateway</body></html>')),
  whole('an opening bracket', (random) => Buffer.from(random.pick(['[', '{', '[{', '{"items":[', '{"configs":[{']))),
  whole('deep nesting', (random) => Buffer.from('['.repeat(1000 + random.below(200_000)))),
  bytewise('UTF-16', (_, bytes) =>
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bytes.toString('utf8'), 'utf16le')]),
  ),
  bytewise('UTF-16 without its mark', (_, bytes) => Buffer.from(bytes.toString('utf8'), 'utf16le')),
  bytewise('byte order mark', (_, bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])),
  bytewise('carriage returns', (_, bytes) => Buffer.from(bytes.toString('utf8').replaceAll('\n', '\r\n'))),
  bytewise('flipped bytes', (random, bytes) => {
    const changed = Buffer.from(bytes);
    for (let times = 1 + random.below(20); times > 0 && changed.length > 0; times--) {
      const at = random.below(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    }
    return changed;
  }),
  bytewise('cut off', (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1))),
  bytewise('beginning lost', (random, bytes) => bytes.subarray(random.below(bytes.length + 1))),
  bytewise('twice over', (_, bytes) => Buffer.concat([bytes, bytes])),
  bytewise('a piece put elsewhere', (random, bytes) => {
    const [from, to] = [random.below(bytes.length + 1), random.below(bytes.length + 1)];
    const piece = bytes.subarray(from, from + random.below(400));
    return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
  }),
  bytewise('control characters', (random, bytes) => {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(ESCAPES)), bytes.subarray(at)]);
  }),
  bytewise('other names', (random, bytes) => {
    const text = bytes.toString('utf8');
    const word = random.pick(text.match(/[A-Za-z][A-Za-z0-9-]{2,30}/g) ?? ['a']);
    return Buffer.from(text.replaceAll(word, () => random.pick([...ESCAPES, ...NAMES])));
  }),
  bytewise('other numbers', (random, bytes) => {
    const text = bytes.toString('utf8');
    const number = random.pick(text.match(/\b\d+\b/g) ?? ['1']);
    return Buffer.from(text.replaceAll(number, random.pick(NUMBERS)));
  }),
  bytewise('a value nested deeply', (random, bytes) => {
    const text = bytes.toString('utf8');
    const depth = random.pick([400, 600, 50_000]);
    const value = random.pick(text.match(/(?<=: ?)(?:"[^"\n]{0,80}"|\d+|true|false|null)/g) ?? ['""']);
    const nested = random.chance(0.5)
      ? '['.repeat(depth) + ']'.repeat(depth)
      : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    return Buffer.from(text.replace(value, () => nested));
  }),
  bytewise('a very long line', (random, bytes) => {
    const at = random.below(bytes.length + 1);
    const filler = random.pick(['x', ' ', '[', '"', '-A ', '\\', '!']);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(filler.repeat(100_000)), bytes.subarray(at)]);
  }),
  byLines('lines cut', (random, lines) => void lines.splice(random.below(lines.length), 1 + random.below(5))),
  byLines('line twice', (random, lines) => {
    const at = random.below(lines.length);
    lines.splice(at, 0, lines[at] ?? '');
  }),
  byLines('lines swapped', (random, lines) => {
    const [a, b] = [random.below(lines.length), random.below(lines.length)];
    [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  }),
  byLines('line cut short', (random, lines) => {
    const at = random.below(lines.length);
    lines[at] = (lines[at] ?? '').slice(0, random.below((lines[at] ?? '').length + 1));
  }),
  byLines('lines shuffled', (random, lines) => {
    for (let at = lines.length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? ''];
    }
  }),
  byValues('value replaced', (random, parent, key) => put(parent, key, strange(random))),
  byValues('value of another type', (random, parent, key) => {
    const value = parent[key];
    put(parent, key, random.pick([[value], { value }, String(value), value === null ? 0 : null]));
  }),
  byValues('member lost', (_, parent, key) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }),
  byValues('member renamed', (random, parent, key) => {
    const value = parent[key];
    if (Array.isArray(parent)) parent.push(value);
    else {
      delete parent[key];
      put(parent, random.pick([...NAMES, `${key}X`, key.toUpperCase(), '']), value);
    }
  }),
  byValues('value twice', (_, parent, key) => {
    if (Array.isArray(parent)) parent.push(structuredClone(parent[key]));
    else put(parent, `${key}2`, structuredClone(parent[key]));
  }),
];

type Container = Record<string, unknown> | (unknown[] & Record<string, unknown>);

function parsed(bytes: Buffer): Container | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Container) : undefined;
  } catch {
    return undefined;
  }
}

function containers(root: Container): readonly Container[] {
  const found: Container[] = [];
  const pending: unknown[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    found.push(next as Container);
    pending.push(...Object.values(next));
  }
  return found;
}

/** Sets a member also where an assignment would change the prototype. */
function put(parent: Container, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function strange(random: Random): unknown {
  const nested = (depth: number): unknown => (depth === 0 ? {} : { a: nested(depth - 1) });
  return random.pick<() => unknown>([
    () => null,
    () => Number.MAX_SAFE_INTEGER,
    () => -1,
    () => 0.5,
    () => '',
    () => [],
    () => ({}),
    () => true,
    () => random.pick(NAMES),
    () => random.pick(ESCAPES),
    () => nested(600),
    () => 'x'.repeat(50_000),
    () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
  ])();
}
