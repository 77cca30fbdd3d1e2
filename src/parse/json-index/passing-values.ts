import type { Span } from './span-tree.ts';

/** As many bytes are parsed at once: many small texts cost more than one, and one of all is all in memory. */
const BATCH_BYTES = 512 * 1024;
/** V8's limit on the length of a string (2^29 - 24); a longer slice cannot be parsed. */
const STRING_LIMIT = 0x1fffffe8;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Which elements of a list are read, and what of them. */
export interface PassingWish {
  /** Whether the spans are all the elements of a list, one after the other. */
  readonly adjacent: boolean;
  /** Names of members, at any depth, whose lists and objects may be given empty; only where the text is printed line by line. */
  readonly without: readonly string[];
}

/**
 * The values of elements one after the other; nothing of them is kept.
 * @param broken is told each element whose text is no JSON, in place of its value
 */
export function* passingValues(
  bytes: Buffer,
  spans: readonly Span[],
  { adjacent, without }: PassingWish,
  broken: (span: Span) => void,
): Generator {
  const openings = without.map(openingsOf);
  let from = 0;
  for (let at = 0; at < spans.length; at += 1) {
    const size = (spans[at]?.end ?? 0) - (spans[from]?.start ?? 0);
    if (adjacent && size < BATCH_BYTES && at + 1 < spans.length) continue;
    const batch = spans.slice(from, at + 1);
    from = at + 1;
    const values = parseBatch(bytes, batch, openings);
    if (values !== undefined) {
      yield* values;
      continue;
    }
    for (const span of batch) {
      const value = parseSpan(bytes, span);
      if (value === undefined) broken(span);
      else yield value;
    }
  }
}

/** The value of a span; undefined: its text is no JSON, or cannot be held. */
export function parseSpan(bytes: Buffer, { start, end, broken }: Span): unknown {
  if (broken !== null || end - start > STRING_LIMIT) return undefined;
  return parseText(bytes.toString('utf8', start, end));
}

/** The values of elements that stand side by side; undefined: one of them is not as it seemed. */
function parseBatch(
  bytes: Buffer,
  batch: readonly Span[],
  openings: readonly (readonly Buffer[])[],
): readonly unknown[] | undefined {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined || last.end - first.start > STRING_LIMIT) return undefined;
  if (batch.some(({ broken }) => broken !== null)) return undefined;
  const values = parseText(`[${textWithout(bytes.subarray(first.start, last.end), openings)}]`);
  return Array.isArray(values) && values.length === batch.length ? (values as unknown[]) : undefined;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** How a member of that name begins that is printed over several lines. No string holds it: its quote would be escaped. */
function openingsOf(name: string): readonly Buffer[] {
  return ['[', '{'].map((bracket) => Buffer.from(`"${name}": ${bracket}\n`));
}

interface Opening {
  readonly text: Buffer;
  /** Where it stands next; -1: nowhere. */
  at: number;
}

/**
 * The text with the contents of some members left out. Each ends at the next line with a closing bracket at its own indent, for no
 * line feed can stand inside a JSON string.
 */
function textWithout(bytes: Buffer, openings: readonly (readonly Buffer[])[]): string {
  const next = openings.flat().map((text): Opening => ({ text, at: bytes.indexOf(text) }));
  let text = '';
  let done = 0;
  for (;;) {
    const opening = earliest(next);
    if (opening === undefined) return done === 0 ? bytes.toString('utf8') : text + bytes.toString('utf8', done);
    const inside = opening.at + opening.text.length - 1;
    const end = endOfContent(bytes, opening.at, inside);
    if (end > inside) {
      text += bytes.toString('utf8', done, inside);
      done = end;
    }
    for (const one of next)
      if (one.at >= 0 && one.at < Math.max(end, inside)) one.at = bytes.indexOf(one.text, Math.max(end, inside));
  }
}

function earliest(openings: readonly Opening[]): Opening | undefined {
  let found: Opening | undefined;
  for (const one of openings) if (one.at >= 0 && (found === undefined || one.at < found.at)) found = one;
  return found;
}

/** Where the bracket stands that closes what is opened in the line of `at`; -1: the line does not begin with the member. */
function endOfContent(bytes: Buffer, at: number, inside: number): number {
  let line = at;
  while (line > 0 && bytes[line - 1] === SPACE) line -= 1;
  if (bytes[line - 1] !== NEWLINE) return -1;
  const close = bytes[inside - 1] === 0x5b ? ']' : '}';
  const margin = at - line;
  const end = bytes.indexOf(`\n${' '.repeat(margin)}${close}`, inside, 'latin1');
  return end < 0 ? -1 : end + 1 + margin;
}
