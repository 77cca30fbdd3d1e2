import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DEPTH_LIMIT,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
  TRUNCATED,
} from '../parse/json-index/byte-scan.ts';

/** A value of a document, with the place where it stands in the bytes. */
export interface Node {
  readonly kind: 'object' | 'array' | 'string' | 'scalar';
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** A string's value; of a number, true, false and null what stands there. */
  readonly text: string;
  /** Members of an object, equal keys included; elements of an array under their index. */
  readonly children: readonly Child[];
}

export interface Child {
  /** Of a member, its key; of an element, `''`. */
  readonly key: string;
  /** Where the key stands, with its quotes; of an element, where it begins. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly node: Node;
}

/** The text is no JSON, or is nested too deeply. */
export class NotJson extends Error {}

const NO_CHILDREN: readonly Child[] = [];
/** A number, true, false or null (RFC 8259); the text between two delimiters. */
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;
const SCALAR_LIMIT = 1100;

/**
 * Reads a value whole, in one pass over its bytes.
 * @throws NotJson
 */
export function readTree(bytes: Buffer, start: number, depth = 0): Node {
  const first = bytes[start];
  if (first === QUOTE) return readString(bytes, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return readScalar(bytes, start);
  if (depth > DEPTH_LIMIT) throw new NotJson();
  return readContainer(bytes, start, (at) => readTree(bytes, at, depth + 1));
}

/**
 * Reads a container alone: what is in it is left closed (an empty `children`), but for its strings.
 * @throws NotJson
 */
export function readLevel(bytes: Buffer, start: number): Node {
  return readContainer(bytes, start, (at) => {
    const first = bytes[at];
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return readTree(bytes, at);
    const end = skipValue(bytes, at);
    if (end < 0) throw new NotJson();
    return closed(first === OPEN_BRACE ? 'object' : 'array', at, end);
  });
}

/** A string's value. */
function readString(bytes: Buffer, start: number): Node {
  const end = skipString(bytes, start);
  if (end === TRUNCATED || end > bytes.length) throw new NotJson();
  return { kind: 'string', start, end, text: decode(bytes, start, end), children: NO_CHILDREN };
}

function closed(kind: Node['kind'], start: number, end: number): Node {
  return { kind, start, end, text: '', children: NO_CHILDREN };
}

function readScalar(bytes: Buffer, start: number): Node {
  const end = skipValue(bytes, start);
  if (end <= start || end - start > SCALAR_LIMIT) throw new NotJson();
  const text = bytes.toString('latin1', start, end);
  if (!SCALAR.test(text)) throw new NotJson();
  return { kind: 'scalar', start, end, text, children: NO_CHILDREN };
}

function readContainer(bytes: Buffer, start: number, read: (at: number) => Node): Node {
  const object = bytes[start] === OPEN_BRACE;
  const close = object ? CLOSE_BRACE : CLOSE_BRACKET;
  const children: Child[] = [];
  const done = (end: number): Node => ({ kind: object ? 'object' : 'array', start, end, text: '', children });
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === close) return done(at + 1);
  for (;;) {
    const keyStart = at;
    let key = '';
    let keyEnd = at;
    if (object) {
      if (bytes[at] !== QUOTE) throw new NotJson();
      ({ text: key, end: keyEnd } = readString(bytes, at));
      at = skipSpace(bytes, keyEnd);
      if (bytes[at] !== COLON) throw new NotJson();
      at = skipSpace(bytes, at + 1);
    }
    const node = read(at);
    children.push({ key, keyStart, keyEnd, node });
    at = skipSpace(bytes, node.end);
    if (bytes[at] === close) return done(at + 1);
    if (bytes[at] !== COMMA) throw new NotJson();
    at = skipSpace(bytes, at + 1);
  }
}

/** Most strings need no unescaping; the others are read by JSON.parse, which knows the rules. */
function decode(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1);
  // oxlint-disable-next-line no-control-regex
  if (!/[\\\u0000-\u001f]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    if (typeof value === 'string') return value;
    throw new NotJson();
  } catch {
    throw new NotJson();
  }
}
