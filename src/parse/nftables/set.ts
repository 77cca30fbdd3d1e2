import type { Unknown } from '../../model/branching.ts';
import type { NftDatum, NftElement, NftExpression, NftPattern, NftSet, NftVerdict } from '../../model/nftables.ts';
import { dotted, isDotted } from './datatypes.ts';
import { decodeExpression, decodePattern, type Surroundings } from './expression.ts';
import type { SetDeclaration } from './table-source.ts';
import { isObject, memberOf, onlyMember, textOf, type Tree } from './tree.ts';

/** What a set is made of, before its elements are understood. */
export interface SetSource extends SetDeclaration {
  readonly name: string | null;
}

const NO_MAPS: Surroundings = { map: () => undefined };

/** Elements by their key as it is written, and those that stand for several keys or are written in another way. */
interface Contents {
  readonly written: ReadonlyMap<string, unknown>;
  readonly others: readonly NftElement[];
  readonly incomplete: Unknown | undefined;
}

/** So many keys are looked for one by one before the elements are sorted: a single packet to several backends needs no more. */
const UNSORTED_LOOKUPS = 16;

/** A set whose elements are understood when somebody looks them up: of thousands, a packet meets one. */
export class LazySet implements NftSet {
  readonly name: string | null;
  readonly types: readonly string[];
  readonly dynamic: boolean;
  readonly timeoutSeconds: number | null;
  readonly isMap: boolean;
  private readonly source: SetSource;
  private list: readonly unknown[] | undefined;
  private read: Contents | undefined;
  private all: readonly NftElement[] | undefined;
  private plain: boolean | undefined;
  private lookups = 0;

  constructor(source: SetSource) {
    this.name = source.name;
    this.types = source.types;
    this.dynamic = source.dynamic;
    this.timeoutSeconds = source.timeoutSeconds;
    this.isMap = source.data !== null;
    this.source = source;
  }

  get elements(): readonly NftElement[] {
    const { types, data } = this.source;
    this.all ??= this.items().flatMap((item) => decodeElement(item, types, data) ?? []);
    return this.all;
  }

  get incomplete(): Unknown | undefined {
    return this.isPlain() ? undefined : this.contents().incomplete;
  }

  candidates(key: readonly NftDatum[]): readonly NftElement[] {
    const texts = key.map((datum, index) => writtenPart(datum, this.types[index]));
    this.lookups += 1;
    if (this.read === undefined && this.lookups <= UNSORTED_LOOKUPS) {
      if (this.source.find !== undefined) return this.decoded(this.source.find(texts)) ?? [];
      const found = this.scan(texts);
      if (found !== undefined) return [found];
      if (this.isPlain()) return [];
    }
    const { written, others } = this.contents();
    return this.decoded(written.get(texts.join(' '))) ?? others;
  }

  private decoded(item: unknown): readonly NftElement[] | undefined {
    const element = item === undefined ? undefined : decodeElement(item, this.types, this.source.data);
    return element && [element];
  }

  /** Looks for an element that is written with these parts. */
  private scan(texts: readonly string[]): NftElement | undefined {
    const { data } = this.source;
    for (const item of this.items()) {
      const key = unwrapped(data === null ? item : keyOf(item));
      const concat = memberOf(key, 'concat');
      const first: unknown = Array.isArray(concat) ? concat[0] : key;
      if (String(first) !== texts[0] || textKey(key, this.types) !== texts.join(' ')) continue;
      return decodeElement(item, this.types, data);
    }
    return undefined;
  }

  /** Whether every element is written with plain values, so that none but the written ones stand for a key. */
  private isPlain(): boolean {
    const { data, find } = this.source;
    this.plain ??=
      find !== undefined || this.items().every((item) => hasPlainKey(data === null ? item : keyOf(item), this.types));
    return this.plain;
  }

  private items(): readonly unknown[] {
    this.list ??= this.source.elements();
    return this.list;
  }

  private contents(): Contents {
    this.read ??= indexElements(this.source, this.items());
    return this.read;
  }
}

function indexElements({ name, types, data }: SetSource, list: readonly unknown[]): Contents {
  const written = new Map<string, unknown>();
  const others: NftElement[] = [];
  let strange: unknown;
  for (const item of list) {
    const text = textKey(unwrapped(data === null ? item : keyOf(item)), types);
    if (text !== undefined) {
      written.set(text, item);
      continue;
    }
    const element = decodeElement(item, types, data);
    if (element === undefined) strange ??= item ?? 'nothing';
    else others.push(element);
  }
  if (strange === undefined) return { written, others, incomplete: undefined };
  const text = JSON.stringify(strange).slice(0, 80);
  const reason = `element ${text} of ${name === null ? 'a set' : `set ${name}`} is not understood`;
  return { written, others, incomplete: { reason, evidence: [] } };
}

/** The key of an element of a map. */
function keyOf(item: unknown): unknown {
  return Array.isArray(item) ? (item as unknown[])[0] : undefined;
}

/** Whether `textKey` gives a text: the same question, without making one. */
function hasPlainKey(item: unknown, types: readonly string[]): boolean {
  const value = unwrapped(item);
  const concat = memberOf(value, 'concat');
  if (!Array.isArray(concat)) return types.length === 1 && textPart(value, types[0]) !== undefined;
  return concat.length === types.length && types.every((type, index) => textPart(concat[index], type) !== undefined);
}

/** The key of an element of plain values; undefined when a part is none, or of a type that is written in several ways. */
function textKey(value: unknown, types: readonly string[]): string | undefined {
  const concat = memberOf(value, 'concat');
  if (!Array.isArray(concat)) return types.length === 1 ? textPart(value, types[0]) : undefined;
  if (concat.length !== types.length) return undefined;
  let key = '';
  for (let index = 0; index < concat.length; index += 1) {
    const part = textPart(concat[index], types[index]);
    if (part === undefined) return undefined;
    key = index === 0 ? part : `${key} ${part}`;
  }
  return key;
}

function textPart(value: unknown, type: string | undefined): string | undefined {
  switch (type) {
    case 'ipv4_addr':
      return typeof value === 'string' && isDotted(value) ? value : undefined;
    case 'inet_service':
      return typeof value === 'number' ? String(value) : undefined;
    case 'inet_proto':
      return value === 'tcp' || value === 'udp' || value === 'sctp' ? value : undefined;
    default:
      return undefined;
  }
}

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

function writtenPart(datum: NftDatum, type: string | undefined): string {
  if (typeof datum !== 'number') return String(datum);
  if (type === 'ipv4_addr') return dotted(datum);
  return type === 'inet_proto' ? (PROTOCOLS[datum] ?? String(datum)) : String(datum);
}

/** `key`, or `[key, data]` in a map; either key may be wrapped in `elem` with a comment, a timeout or a counter. */
function decodeElement(
  item: unknown,
  types: readonly string[],
  data: readonly string[] | null,
): NftElement | undefined {
  const [key, value] = data === null ? [item, undefined] : Array.isArray(item) ? (item as unknown[]) : [undefined];
  const patterns = decodeKey(unwrapped(key), types);
  if (patterns === undefined) return undefined;
  if (data === null) return { key: patterns };
  if (data[0] === 'verdict') {
    const verdict = decodeVerdict(value);
    return verdict === undefined ? undefined : { key: patterns, verdict };
  }
  const { expression } = decodeExpression(unwrapped(value), NO_MAPS, data);
  return isKnown(expression) ? { key: patterns, data: expression } : undefined;
}

function isKnown(expression: NftExpression): boolean {
  return expression.kind === 'concat' ? expression.parts.every(isKnown) : expression.kind !== 'unknown';
}

function unwrapped(value: unknown): unknown {
  const inner = memberOf(value, 'elem');
  return inner === undefined ? value : (memberOf(inner, 'val') ?? inner);
}

function decodeKey(value: unknown, types: readonly string[]): NftPattern[] | undefined {
  if (value === '*') return types.map(() => ({ kind: 'any' }));
  const concat = memberOf(value, 'concat');
  const parts: readonly unknown[] = Array.isArray(concat) ? (concat as unknown[]) : [value];
  if (parts.length !== types.length) return undefined;
  const patterns: NftPattern[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const pattern = decodePattern(parts[index], types[index] ?? '');
    if (pattern === undefined) return undefined;
    patterns.push(pattern);
  }
  return patterns;
}

/** A verdict of libnftables-json(5): `{ "jump": { "target": "chain" } }`. */
export function decodeVerdict(value: unknown): NftVerdict | undefined {
  if (!isObject(value)) return undefined;
  const [kind, body] = onlyMember(value);
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
    case 'queue':
      return { kind };
    case 'jump':
    case 'goto': {
      const chain = textOf(memberOf(body, 'target'));
      return chain === undefined ? undefined : { kind, chain };
    }
    default:
      return undefined;
  }
}

/**
 * Names of the types of a key, from `type` or `typeof` of a set: one, several, or `a . b`.
 * @returns undefined when it names none
 */
export function typeNames(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(' . ');
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string') ? value : undefined;
  const told = memberOf(value, 'typeof');
  return told === undefined ? undefined : decodeExpression(told, NO_MAPS).types;
}

/** Seconds that elements of a set stay. */
export function timeoutOf(set: Tree): number | null {
  const timeout = memberOf(set, 'timeout');
  return typeof timeout === 'number' ? timeout : null;
}
