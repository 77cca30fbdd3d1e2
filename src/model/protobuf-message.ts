import { camelCase } from './protobuf-name.ts';

/**
 * Protobuf messages as plain JSON. A field may be spelled `like_this` (Envoy) or `likeThis` (istiod), and one that has its default
 * value is left out (protobuf.dev/programming-guides/json).
 */

/** The value of a field; several names walk down. undefined: absent, or some step is no message. */
export function field(message: unknown, ...names: readonly string[]): unknown {
  let value = message;
  for (const name of names) {
    if (!isMessage(value)) return undefined;
    value = member(value, name);
    if (value === undefined) return undefined;
  }
  return value;
}

function member(message: Record<string, unknown>, name: string): unknown {
  const value = spelled(message, name);
  if (value !== undefined) return value;
  const camel = camelCase(name);
  return camel === name ? undefined : spelled(message, camel);
}

/** What objects inherit is all functions, which no JSON holds: to look at the value is faster than to ask whose it is. */
function spelled(message: Record<string, unknown>, name: string): unknown {
  const value = message[name];
  return value === null || typeof value === 'function' ? undefined : value;
}

function isMessage(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The message with another value of a field, in the spelling in which it has the field. */
export function withField(message: unknown, name: string, value: unknown): unknown {
  if (!isMessage(message)) return message;
  const camel = camelCase(name);
  return { ...message, [!Object.hasOwn(message, name) && Object.hasOwn(message, camel) ? camel : name]: value };
}

/** A string field; `''` when it is absent. */
export function text(message: unknown, ...names: readonly string[]): string {
  const value = field(message, ...names);
  return typeof value === 'string' ? value : '';
}

/** A numeric field, also as protobuf writes 64-bit ones (`"7"`); 0 when it is absent. */
export function number(message: unknown, ...names: readonly string[]): number {
  const value = field(message, ...names);
  const found = typeof value === 'string' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : 0;
}

/** Elements of a repeated field. */
export function list(message: unknown, ...names: readonly string[]): readonly unknown[] {
  const value = field(message, ...names);
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The strings of a repeated field. */
export function texts(message: unknown, ...names: readonly string[]): readonly string[] {
  return list(message, ...names).filter((value): value is string => typeof value === 'string');
}

/** Whether a message field is set, empty messages included. */
export function isSet(message: unknown, ...names: readonly string[]): boolean {
  return field(message, ...names) !== undefined;
}

/** A field of an enum: the name of its value, of which `names[0]` is the default. */
export function enumName(message: unknown, name: string, names: readonly string[]): string {
  const value = field(message, name);
  if (typeof value === 'number') return names[value] ?? String(value);
  return typeof value === 'string' ? value : (names[0] ?? '');
}
