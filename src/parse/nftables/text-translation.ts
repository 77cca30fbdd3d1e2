import { readExpression } from './text-expression.ts';
import { valueTree } from './text-value.ts';
import { GrammarError, type TokenReader } from './tokens.ts';

const FLAGS: ReadonlySet<string> = new Set(['random', 'fully-random', 'persistent']);
/** `1.2.3.4:80`, `[fd00::1]:80`, `1.2.3.4-1.2.3.9:80-90`, `:80`: addresses and ports of a translation. */
const PLACE =
  /^(?:\[([\da-f:.]{2,45})\](?:-\[([\da-f:.]{2,45})\])?|([\d.]{7,15})(?:-([\d.]{7,15}))?|):(\d{1,5}(?:-\d{1,5})?)$/i;

/**
 * `dnat ip to 1.2.3.4:80 random`, from behind its first word, as `nft -j` prints it.
 * @throws GrammarError when it is not understood
 */
export function readTranslation(kind: string, reader: TokenReader): unknown {
  const tree: Record<string, unknown> = {};
  const flags: string[] = [];
  if (reader.peek() === 'ip' || reader.peek() === 'ip6') tree['family'] = reader.word();
  if (reader.accept('prefix')) flags.push('netmap');
  if (reader.accept('addr')) {
    reader.expect('.');
    reader.expect('port');
  }
  if (reader.accept('interval')) throw new GrammarError('a translation to intervals is not understood');
  if (reader.accept('to')) readPlace(reader, tree);
  while (FLAGS.has(reader.peek() ?? '')) {
    flags.push(reader.word());
    reader.accept(',');
  }
  return { [kind]: { ...tree, ...(flags.length > 0 ? { flags } : {}) } };
}

/** An address, a port, or both: constants in one word, or expressions with the port behind a colon. */
function readPlace(reader: TokenReader, tree: Record<string, unknown>): void {
  const word = reader.peek() ?? '';
  const place = PLACE.exec(word);
  if (place !== null) {
    reader.next();
    const [, from6, to6, from4, to4, port] = place;
    const from = from6 ?? from4;
    const to = to6 ?? to4;
    if (from !== undefined) tree['addr'] = to === undefined ? from : { range: [from, to] };
    tree['port'] = valueTree(port ?? '');
    return;
  }
  if (!isPort(word)) {
    const bare = /^\[([\da-f:.]{2,45})\]$/i.exec(word)?.[1];
    if (bare === undefined) tree['addr'] = readExpression(reader);
    else {
      reader.next();
      tree['addr'] = bare;
    }
  }
  if (!isPort(reader.peek() ?? '')) return;
  reader.cut(1);
  tree['port'] = readExpression(reader);
}

function isPort(word: string): boolean {
  return word.length > 1 && word.startsWith(':') && !word.startsWith('::');
}
