import { readDuration, readValue } from './text-value.ts';
import { GrammarError, type TokenReader } from './tokens.ts';

/** What may stand behind an element's key, with how many words follow. */
const ATTRIBUTES: Readonly<Record<string, number>> = { comment: 1, timeout: 1, expires: 1, counter: 4, last: 0 };
const PLAIN_VERDICTS: ReadonlySet<string> = new Set(['accept', 'drop', 'return', 'continue']);

/**
 * Elements in braces, as `nft -j` prints them.
 * @throws GrammarError when one is not understood
 */
export function readElements(reader: TokenReader, kind: 'set' | 'map'): unknown[] {
  reader.expect('{');
  const elements: unknown[] = [];
  while (!reader.accept('}')) {
    elements.push(readElement(reader, kind));
    if (reader.peek() !== '}') reader.expect(',');
  }
  return elements;
}

function readElement(reader: TokenReader, kind: 'set' | 'map'): unknown {
  const key = readValue(reader);
  readAttributes(reader);
  if (kind === 'set') return key;
  reader.expect(':');
  const data = readVerdict(reader) ?? readValue(reader);
  readAttributes(reader);
  return [key, data];
}

/** When they expire, how often they matched and what people say of them changes nothing. */
function readAttributes(reader: TokenReader): void {
  for (let name = reader.peek(); name !== undefined && Object.hasOwn(ATTRIBUTES, name); name = reader.peek()) {
    reader.next();
    if (name === 'counter' && reader.peek() !== 'packets') continue;
    if (name === 'last' && reader.accept('used')) reader.next();
    for (let left = ATTRIBUTES[name] ?? 0; left > 0; left -= 1) {
      const token = reader.next();
      const duration = name === 'timeout' || name === 'expires';
      if (duration && readDuration(token.text) === undefined) throw new GrammarError(`${token.text} is no duration`);
    }
  }
}

/** A verdict, when one stands here. */
export function readVerdict(reader: TokenReader): unknown {
  const word = reader.peek() ?? '';
  if (PLAIN_VERDICTS.has(word)) {
    reader.next();
    return { [word]: null };
  }
  if (word !== 'jump' && word !== 'goto') return undefined;
  reader.next();
  return { [word]: { target: reader.name() } };
}
