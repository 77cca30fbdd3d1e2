import type { Unknown } from '../../../model/branching.ts';
import { Cursor } from '../../../model/json.ts';
import { isMessage } from '../../../model/protobuf-message.ts';
import { camelCase } from '../../../model/protobuf-name.ts';

/**
 * Protobuf messages as JSON, as a config_dump holds them (protobuf.dev/programming-guides/json): fields in their own spelling
 * (Envoy prints `like_this`) or in lowerCamelCase (istiod does), enums by name or number, durations as `1.5s`, and fields that
 * have their default value left out.
 */

/** The member that holds a field, in whichever spelling it stands. */
export function field(message: Cursor, name: string): Cursor {
  const { value } = message;
  if (!isMessage(value)) return ABSENT;
  const own = value[name];
  if (own !== undefined) return message.child(name, own);
  const camel = camelCase(name);
  if (camel === name) return ABSENT;
  const other = value[camel];
  return other === undefined ? ABSENT : message.child(camel, other);
}

/** Stands for every field that is not there: most are not, and nobody cites what is absent. */
const ABSENT = new Cursor('', '', undefined);

/** Which fields are looked for at once, in both spellings. */
export function eitherSpelling(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => [name, camelCase(name)]));
}

/** Whether a message has any of many fields, for which it is asked by its own. @param names in both spellings */
export function hasSome({ value }: Cursor, names: ReadonlySet<string>): boolean {
  if (!isMessage(value)) return false;
  for (const key of Object.keys(value))
    if (names.has(key) && value[key] !== undefined && value[key] !== null) return true;
  return false;
}

/** Walks down several fields. */
export function fields(message: Cursor, ...names: readonly string[]): Cursor {
  return names.reduce(field, message);
}

/**
 * The first member of a message that is not among `known`, as `undefined` when all are. A field that this tool has no rule for may
 * change what the message means, so what depends on the message is not known.
 */
export function unknownField(message: Cursor, known: ReadonlySet<string>): Unknown | undefined {
  const { value } = message;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of Object.keys(value)) {
    if (known.has(key) || known.has(key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))) continue;
    return unknown(`the field ${key} is not understood`, message.at(key));
  }
  return undefined;
}

/** `envoy.extensions.filters.http.router.v3.Router` of a google.protobuf.Any; of a TypedStruct, the type that it stands for. */
export function typeName(any: Cursor): string | undefined {
  const type = lastPart(any.at('@type').string());
  if (type !== 'xds.type.v3.TypedStruct' && type !== 'udpa.type.v1.TypedStruct') return type;
  return lastPart(field(any, 'type_url').string());
}

/** The message inside an Any: itself, or the value of a TypedStruct. */
export function typedMessage(any: Cursor): Cursor {
  const type = lastPart(any.at('@type').string());
  return type === 'xds.type.v3.TypedStruct' || type === 'udpa.type.v1.TypedStruct' ? any.at('value') : any;
}

function lastPart(type: string | undefined): string | undefined {
  return type?.slice(type.lastIndexOf('/') + 1);
}

/** An enum's name; numbers are looked up in `names`. undefined: absent; the text itself when it is no known name. */
export function enumName(value: Cursor, names: readonly string[]): string | undefined {
  const { value: text } = value;
  if (typeof text === 'number') return names[text] ?? String(text);
  return typeof text === 'string' ? text : undefined;
}

/** Seconds of a google.protobuf.Duration. */
export function seconds(duration: Cursor): number | undefined {
  const text = duration.string();
  return text !== undefined && /^-?\d{1,12}(\.\d{1,9})?s$/.test(text) ? Number(text.slice(0, -1)) : undefined;
}

/** Whether a bool or BoolValue field is true. */
export function isTrue(message: Cursor, name: string): boolean {
  return field(message, name).boolean() === true;
}

/** Something that is not known, with the parts of the configuration that it concerns. */
export function unknown(reason: string, ...cursors: readonly Cursor[]): Unknown {
  return { reason, evidence: cursors.filter((cursor) => cursor.exists).map((cursor) => cursor.evidence()) };
}
