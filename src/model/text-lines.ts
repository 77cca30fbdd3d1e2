import { gapRaw, type Artefact, type Gap } from './artefact.ts';

/** One line of a text artefact, without its line end. */
export interface TextLine {
  /** 1-based. */
  readonly number: number;
  readonly text: string;
  /** Whether the line is longer than any real one, and only its beginning is given. */
  readonly cut: boolean;
}

/** Longest line that is given whole, in bytes; a kernel prints some hundred. */
const LINE_LIMIT = 256 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPENINGS = new Set(['{', '[']);

/** The lines of a text artefact, decoded one at a time: the whole may be longer than one string can be. */
export function* textLines(artefact: Artefact): Generator<TextLine> {
  const { bytes } = artefact;
  let number = 0;
  for (let start = 0; start < bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const next = feed < 0 ? bytes.length : feed + 1;
    let end = feed < 0 ? bytes.length : feed;
    if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end -= 1;
    const cut = end - start > LINE_LIMIT;
    number += 1;
    yield { number, text: bytes.toString('utf8', start, cut ? start + LINE_LIMIT : end), cut };
    start = next;
  }
}

/**
 * The gap of an artefact that cannot be of a line-based text format at all: empty, JSON, or binary.
 * @param format what it should be, as a clause: `the output of ss -lntup`
 */
export function unreadableText(artefact: Artefact, format: string): Gap | undefined {
  const head = artefact.bytes.toString('utf8', 0, 400);
  const text = head.trimStart();
  const gap = (problem: string): Gap => ({
    kind: 'unreadable',
    artefact: artefact.name,
    ...(text === '' ? {} : { raw: gapRaw(text.split('\n', 1)[0] ?? '') }),
    problem,
  });
  if (text === '') return gap(`the file is empty, where ${format} should stand`);
  if (head.includes('\0')) return gap(`the file is binary, where ${format} should stand`);
  if (OPENINGS.has(text.charAt(0))) return gap(`the file looks like JSON, where ${format} should stand`);
  return undefined;
}
