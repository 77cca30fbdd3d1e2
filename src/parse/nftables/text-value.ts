import { parseAddress } from '../../model/address.ts';
import { GrammarError, type TokenReader } from './tokens.ts';

const DECIMAL = /^\d{1,16}$/;
const HEXADECIMAL = /^0x[\da-f]{1,12}$/i;
const DURATION = /(\d{1,9})(ms|[wdhms])/g;
const WHOLE_DURATION = /^(?:\d{1,9}(?:ms|[wdhms])){1,7}$/;
const SECONDS: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };

/** A word as `nft -j` would have it: a number, `{ prefix }`, `{ range }`, or text. */
export function valueTree(word: string): unknown {
  if (DECIMAL.test(word) || HEXADECIMAL.test(word)) return Number(word);
  const slash = word.indexOf('/');
  if (slash > 0 && DECIMAL.test(word.slice(slash + 1)) && isSingle(word.slice(0, slash))) {
    return { prefix: { addr: single(word.slice(0, slash)), len: Number(word.slice(slash + 1)) } };
  }
  const dash = word.indexOf('-');
  if (dash > 0 && isSingle(word.slice(0, dash)) && isSingle(word.slice(dash + 1))) {
    return { range: [single(word.slice(0, dash)), single(word.slice(dash + 1))] };
  }
  return word;
}

function isSingle(word: string): boolean {
  return DECIMAL.test(word) || HEXADECIMAL.test(word) || parseAddress(word) !== undefined;
}

function single(word: string): unknown {
  return DECIMAL.test(word) || HEXADECIMAL.test(word) ? Number(word) : word;
}

/** A value: a word, a quoted name, or several with `.` between them. */
export function readValue(reader: TokenReader): unknown {
  const parts = [readPart(reader)];
  while (reader.accept('.')) parts.push(readPart(reader));
  return parts.length === 1 ? parts[0] : { concat: parts };
}

/** One part of a value; flags may be joined by `|`. */
function readPart(reader: TokenReader): unknown {
  const token = reader.next();
  if (token.quoted) return reader.accept('-') ? { range: [token.text, reader.name()] } : token.text;
  if (['{', '}', ',', ';', '(', ')', '='].includes(token.text)) throw new GrammarError(`${token.text} is out of place`);
  const first = valueTree(token.text);
  if (reader.peek() !== '|') return first;
  const flags = [first];
  while (reader.accept('|')) flags.push(valueTree(reader.word()));
  return { '|': flags };
}

/** `3h`, `1m30s`, `500ms`: in seconds. */
export function readDuration(word: string): number | undefined {
  if (!WHOLE_DURATION.test(word)) return undefined;
  return [...word.matchAll(DURATION)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (SECONDS[unit ?? ''] ?? 0),
    0,
  );
}
