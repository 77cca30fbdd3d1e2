import type { Unknown } from '../../model/branching.ts';
import type { NftElement, NftExpression, NftPattern, NftSet, NftVerdict } from '../../model/nftables.ts';
import { decodeExpression, decodePattern, type Surroundings } from './expression.ts';
import { isObject, memberOf, onlyMember, textOf, type Tree } from './tree.ts';

/** What a set is made of, before its elements are understood. */
export interface SetSource {
  readonly name: string | null;
  readonly types: readonly string[];
  /** Types of a map's data; `['verdict']` for a verdict map; null for a set. */
  readonly data: readonly string[] | null;
  readonly dynamic: boolean;
  readonly timeoutSeconds: number | null;
  /** The elements as libnftables-json(5) has them. */
  readonly elements: () => readonly unknown[];
  /** Why elements may be missing. */
  readonly incomplete: Unknown | undefined;
}

const NO_MAPS: Surroundings = { map: () => undefined };

/** A set whose elements are read when somebody looks something up. */
export class LazySet implements NftSet {
  readonly name: string | null;
  readonly types: readonly string[];
  readonly dynamic: boolean;
  readonly timeoutSeconds: number | null;
  private readonly source: SetSource;
  private read: { readonly elements: readonly NftElement[]; readonly incomplete: Unknown | undefined } | undefined;

  constructor(source: SetSource) {
    this.name = source.name;
    this.types = source.types;
    this.dynamic = source.dynamic;
    this.timeoutSeconds = source.timeoutSeconds;
    this.source = source;
  }

  get elements(): readonly NftElement[] {
    return this.contents().elements;
  }

  get incomplete(): Unknown | undefined {
    return this.contents().incomplete;
  }

  private contents() {
    this.read ??= readElements(this.source);
    return this.read;
  }
}

function readElements({ name, types, data, elements: list, incomplete }: SetSource) {
  const elements: NftElement[] = [];
  let strange: unknown;
  for (const item of list()) {
    const element = decodeElement(item, types, data);
    if (element === undefined) strange ??= item;
    else elements.push(element);
  }
  if (strange === undefined) return { elements, incomplete };
  const text = JSON.stringify(strange).slice(0, 80);
  const reason = `element ${text} of ${name === null ? 'a set' : `set ${name}`} is not understood`;
  return { elements, incomplete: incomplete ?? { reason, evidence: [] } };
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
