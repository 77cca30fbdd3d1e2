/**
 * Protobuf JSON as Go's jsonpb prints a message that it has read (github.com/golang/protobuf/jsonpb, encode.go): names in
 * lowerCamelCase, fields in the order of their declaration, defaults left out, 64-bit numbers as strings, enums by name. In: JSON in
 * either spelling, and the message's type. Out: a tree. What the schema does not know is kept as it stands, behind what it knows.
 */
import { array, object, plainTree, scalar, type JsonTree } from '../istioctl/json-tree.ts';
import { enumValueName, messageFields, type Field } from './schema.ts';

/** A message as a tree. */
export function canonicalMessage(value: unknown, type: string): JsonTree {
  const special = SPECIAL.get(type);
  if (special !== undefined) return special(value);
  if (!isObject(value)) return plainTree(value);
  const fields = messageFields(type);
  return fields === undefined ? plainTree(value) : object(members(value, fields, new Set(['@type'])), 'message');
}

function members(
  message: Record<string, unknown>,
  fields: readonly Field[],
  seen: Set<string>,
): (readonly [string, JsonTree])[] {
  const known = fields.flatMap((field): (readonly [string, JsonTree])[] => {
    seen.add(field.name).add(field.jsonName);
    const value = Object.hasOwn(message, field.name) ? message[field.name] : own(message, field.jsonName);
    const tree = fieldTree(field, value);
    return tree === undefined ? [] : [[field.jsonName, tree]];
  });
  const others = Object.entries(message).filter(([key]) => !seen.has(key));
  return [...known, ...others.map(([key, value]) => [key, plainTree(value)] as const)];
}

function own(message: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(message, key) ? message[key] : undefined;
}

/** undefined: the field is not set, or has its default. */
function fieldTree(field: Field, value: unknown): JsonTree | undefined {
  if (value === undefined || (value === null && field.type !== 'google.protobuf.Value')) return undefined;
  switch (field.shape) {
    case 'list': {
      const elements = Array.isArray(value) ? (value as unknown[]) : [];
      return elements.length === 0
        ? undefined
        : array(
            elements.map((one) => valueTree(field, one)),
            'field',
          );
    }
    case 'map': {
      const entries = isObject(value) ? Object.entries(value) : [];
      if (entries.length === 0) return undefined;
      const sorted = entries.toSorted(([a], [b]) => (field.numericKeys ? Number(a) - Number(b) : compareUtf8(a, b)));
      return object(
        sorted.map(([key, one]) => [key, valueTree(field, one)] as const),
        'field',
      );
    }
    default: {
      const tree = valueTree(field, value);
      return field.shape === 'implicit' && isDefault(field, tree) ? undefined : tree;
    }
  }
}

function isDefault(field: Field, tree: JsonTree): boolean {
  if (tree.kind !== 'scalar' || field.kind === 'message') return false;
  const { value } = tree;
  if (field.kind === 'enum') return value === enumValueName(field.type, 0);
  if (value === false || value === '') return true;
  return (typeof value === 'object' && value !== null ? value.number : value) === '0';
}

function valueTree(field: Field, value: unknown): JsonTree {
  switch (field.kind) {
    case 'message':
      return canonicalMessage(value, field.type);
    case 'enum':
      return scalar(
        typeof value === 'number' ? (enumValueName(field.type, value) ?? { number: String(value) }) : String(value),
      );
    case 'long':
      return scalar(String(value));
    case 'int':
    case 'double':
      return numberTree(value, (number) => String(number));
    case 'float':
      return numberTree(value, floatText);
    default:
      return plainTree(value);
  }
}

function numberTree(value: unknown, print: (value: number) => string): JsonTree {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? scalar({ number: print(number) }) : plainTree(value);
}

/** The shortest text that reads back as the same 32-bit float. */
function floatText(value: number): string {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return String(short);
  }
  return String(Number(single.toPrecision(9)));
}

/** Messages with a JSON form of their own. */
const SPECIAL: ReadonlyMap<string, (value: unknown) => JsonTree> = new Map([
  ['google.protobuf.Any', anyTree],
  ['google.protobuf.Struct', (value) => dynamicTree(value, 'struct')],
  ['google.protobuf.ListValue', (value) => dynamicTree(value, 'struct')],
  ['google.protobuf.Value', (value) => dynamicTree(value, 'value')],
  ['google.protobuf.Duration', (value) => scalar(duration(String(value)))],
  ['google.protobuf.Timestamp', (value) => scalar(timestamp(String(value)))],
  ['google.protobuf.FieldMask', plainTree],
  ['google.protobuf.BoolValue', plainTree],
  ['google.protobuf.StringValue', plainTree],
  ['google.protobuf.BytesValue', plainTree],
  ['google.protobuf.Int32Value', (value) => numberTree(value, String)],
  ['google.protobuf.UInt32Value', (value) => numberTree(value, String)],
  ['google.protobuf.DoubleValue', (value) => numberTree(value, String)],
  ['google.protobuf.FloatValue', (value) => numberTree(value, floatText)],
  ['google.protobuf.Int64Value', (value) => scalar(String(value))],
  ['google.protobuf.UInt64Value', (value) => scalar(String(value))],
]);

function anyTree(value: unknown): JsonTree {
  if (!isObject(value)) return plainTree(value);
  const url = value['@type'];
  const type = typeof url === 'string' ? url.slice(url.lastIndexOf('/') + 1) : '';
  const special = SPECIAL.get(type);
  const typeMember = ['@type', scalar(String(url))] as const;
  if (special !== undefined) return object([typeMember, ['value', special(value['value'])]], 'message');
  const fields = messageFields(type);
  if (fields === undefined) return plainTree(value);
  return object([typeMember, ...members(value, fields, new Set(['@type']))], 'message');
}

function dynamicTree(value: unknown, origin: 'struct' | 'value'): JsonTree {
  if (Array.isArray(value)) {
    return array(
      value.map((one) => dynamicTree(one, 'value')),
      origin,
    );
  }
  if (!isObject(value)) return plainTree(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => compareUtf8(a, b));
  return object(
    entries.map(([key, one]) => [key, dynamicTree(one, 'value')] as const),
    origin,
  );
}

/** Seconds with none, three, six or nine digits behind the point. */
function duration(text: string): string {
  const [, whole = '', fraction = ''] = /^(-?\d+)(?:\.(\d{1,9}))?s$/.exec(text) ?? [];
  return whole === '' ? text : `${whole}${fractionText(fraction)}s`;
}

/** In UTC, with none, three, six or nine digits behind the point. */
function timestamp(text: string): string {
  const [, whole = '', fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  return whole === '' ? text : `${whole}${fractionText(fraction)}Z`;
}

function fractionText(digits: string): string {
  const nine = digits.padEnd(9, '0').replace(/(000){1,3}$/, '');
  return nine === '' ? '' : `.${nine}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compareUtf8(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
