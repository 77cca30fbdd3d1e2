import schema from './schema.json' with { type: 'json' };

/** A field of a message, as far as its JSON form depends on it. */
export interface Field {
  /** `like_this` */
  readonly name: string;
  /** `likeThis` */
  readonly jsonName: string;
  /** `implicit`: a scalar whose default counts as not set. */
  readonly shape: 'implicit' | 'explicit' | 'list' | 'map';
  readonly numericKeys: boolean;
  readonly kind: 'message' | 'enum' | 'long' | 'int' | 'float' | 'double' | 'other';
  /** Full name of the message or enum; `''` of a scalar. */
  readonly type: string;
}

const MESSAGES: Readonly<Record<string, string>> = schema.messages;
const ENUMS: Readonly<Record<string, string>> = schema.enums;
const NAMES: readonly string[] = schema.names;
const parsed = new Map<string, readonly Field[] | undefined>();

/**
 * Fields of a message in the order of their declaration; undefined when the schema does not have it.
 * The schema is that of the protobuf messages that istioctl has compiled in (schema.json, written by test/conformance/istioctl/protobuf-schema).
 */
export function messageFields(type: string): readonly Field[] | undefined {
  if (!parsed.has(type)) {
    const text = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : undefined;
    parsed.set(type, text?.split(' ').filter(Boolean).map(parseField));
  }
  return parsed.get(type);
}

/** The name of an enum's value. */
export function enumValueName(type: string, value: number): string | undefined {
  const text = Object.hasOwn(ENUMS, type) ? ENUMS[type] : undefined;
  return text
    ?.split(' ')
    .map((one) => one.split('='))
    .find(([, number], index) => Number(number ?? index) === value)?.[0];
}

const KINDS: Readonly<Record<string, Field['kind']>> = {
  m: 'message',
  e: 'enum',
  l: 'long',
  i: 'int',
  f: 'float',
  d: 'double',
};

/** `name[/jsonName]:[*|?|%KEY]KIND[NAME]`, where NAME is an index into the schema's names. */
function parseField(text: string): Field {
  const [names = '', shape = ''] = text.split(':');
  const [name = '', jsonName = camelCase(name)] = names.split('/');
  const sign = shape.charAt(0);
  const rest = sign === '%' ? shape.slice(2) : sign === '*' || sign === '?' ? shape.slice(1) : shape;
  const kind = KINDS[rest.charAt(0)] ?? 'other';
  return {
    name,
    jsonName,
    shape: sign === '*' ? 'list' : sign === '%' ? 'map' : sign === '?' || kind === 'message' ? 'explicit' : 'implicit',
    numericKeys: sign === '%' && /[il]/.test(shape.charAt(1)),
    kind,
    type: kind === 'message' || kind === 'enum' ? (NAMES[Number(rest.slice(1))] ?? '') : '',
  };
}

/** As protoc makes the JSON name of a field. */
function camelCase(name: string): string {
  return name.replace(/_+([a-z]?)/g, (_, letter: string) => letter.toUpperCase());
}
