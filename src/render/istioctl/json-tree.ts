import { LONG_LIST } from '../../model/walked-json.ts';

/**
 * JSON whose text is settled: members in the order in which they are printed, numbers as they are written. JavaScript's own objects
 * would put members that look like numbers first, and round 64-bit integers.
 */
export type JsonTree =
  | { readonly kind: 'scalar'; readonly value: string | boolean | null | JsonNumber }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, JsonTree])[]; readonly origin: Origin }
  | { readonly kind: 'array'; readonly elements: readonly JsonTree[]; readonly origin: Origin };

/** A number, as its text. */
export interface JsonNumber {
  readonly number: string;
}

/**
 * What an object or array is in protobuf, because jsonpb indents them differently: a message; a map or repeated field; a
 * google.protobuf.Struct or ListValue; or one of these inside a google.protobuf.Value.
 */
type Origin = 'message' | 'field' | 'struct' | 'value';

export function scalar(value: string | boolean | null | JsonNumber): JsonTree {
  return { kind: 'scalar', value };
}

export function object(members: readonly (readonly [string, JsonTree])[], origin: Origin): JsonTree {
  return { kind: 'object', members, origin };
}

export function array(elements: readonly JsonTree[], origin: Origin): JsonTree {
  return { kind: 'array', elements, origin };
}

/** Any JSON value as it stands. */
export function plainTree(value: unknown): JsonTree {
  if (Array.isArray(value)) return array(value.map(plainTree), 'field');
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => [key, plainTree(member)] as const);
    return object(members, 'message');
  }
  if (typeof value === 'number') return scalar({ number: String(value) });
  return scalar(typeof value === 'string' || typeof value === 'boolean' ? value : null);
}

/** Whether a list is so long that its text is made element by element: that of a route configuration may have a hundred megabytes. */
export function isLong(node: JsonTree): boolean {
  return node.kind === 'array' && node.elements.length > LONG_LIST;
}

/** Whether it is an object with a long list in it. */
export function holdsLong(node: JsonTree): boolean {
  return node.kind === 'object' && node.members.some(([, member]) => isLong(member));
}
