import { readElements, readVerdict } from './text-elements.ts';
import { readExpression, readMapData, readOperand } from './text-expression.ts';
import { readTranslation } from './text-translation.ts';
import { readDuration } from './text-value.ts';
import { GrammarError, tokenize, TokenReader } from './tokens.ts';
import { isObject, memberOf, NOT_READ, onlyMember } from './tree.ts';

/** Expressions of which a value without an operator stands for bits. */
const FLAG_KEYS: ReadonlySet<string> = new Set(['state', 'status', 'label']);
const OPERATORS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=', '!']);
const SWITCHES: ReadonlySet<string> = new Set(['exists', 'missing']);
const LOG_FLAGS: ReadonlySet<string> = new Set(['tcp', 'ip', 'sequence', 'options', 'skuid', 'ether', 'all']);

/**
 * Reads the statements of a rule into the trees that `nft -j` prints for them. From the first one that is not understood on, the
 * rest is one statement that says so.
 */
export function readStatements(text: string): readonly unknown[] {
  const statements: unknown[] = [];
  try {
    const reader = new TokenReader(tokenize(text));
    while (!reader.done) {
      if (reader.accept(';')) continue;
      const statement = readStatement(reader);
      if (statement !== null) statements.push(statement);
    }
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    statements.push({ [NOT_READ]: error.message });
  }
  return statements;
}

/** @returns null for what is no statement (a comment) */
function readStatement(reader: TokenReader): unknown {
  const verdict = readVerdict(reader);
  if (verdict !== undefined) return verdict;
  const word = reader.peek();
  switch (word) {
    case 'comment':
      reader.next();
      reader.next();
      return null;
    case 'counter':
      return readCounter(reader);
    case 'log':
      return readLog(reader);
    case 'limit':
      return readLimit(reader);
    case 'quota':
      return readQuota(reader);
    case 'notrack':
    case 'last':
      reader.next();
      if (word === 'last' && reader.accept('used')) reader.next();
      return { [word]: null };
    case 'reject':
      return readReject(reader);
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      reader.next();
      return readTranslation(word, reader);
    case 'add':
    case 'update':
    case 'delete':
      return readUpdate(reader);
    case 'flow':
    case 'dup':
    case 'queue':
      return readLast(word, reader);
    case 'ct':
      if (reader.peek(1) === 'count') return readCount(reader);
      return ['helper', 'timeout', 'expectation'].includes(reader.peek(1) ?? '') && reader.peek(2) === 'set'
        ? readObject(reader)
        : readTest(reader);
    default:
      return readTest(reader);
  }
}

/** A comparison, a verdict map, or a value that is written. */
function readTest(reader: TokenReader): unknown {
  const left = readExpression(reader);
  if (reader.accept('vmap')) return { vmap: { key: left, data: readMapData(reader) } };
  if (reader.accept('set')) return { mangle: { key: left, value: readExpression(reader) } };
  if (!isObject(left)) throw new GrammarError(`${JSON.stringify(left)} is no statement`);
  const given = OPERATORS.has(reader.peek() ?? '') ? reader.word() : undefined;
  if (SWITCHES.has(reader.peek() ?? '')) {
    return { match: { op: given ?? '==', left, right: reader.word() === 'exists' } };
  }
  const right = readOperand(reader);
  if (memberOf(right, 'set') !== undefined) return { match: { op: given ?? '==', left, right } };
  const flags = readFlags(reader, right);
  if (reader.accept('/')) {
    const mask = readFlags(reader, readOperand(reader));
    return { match: { op: given ?? '==', left: { '&': [left, mask] }, right: flags } };
  }
  const implicit = isFlags(left) && !(typeof right === 'string' && right.startsWith('@')) ? 'in' : '==';
  return { match: { op: given ?? implicit, left, right: flags } };
}

/** `syn,ack` */
function readFlags(reader: TokenReader, first: unknown): unknown {
  if (reader.peek() !== ',') return first;
  const flags = [first];
  while (reader.accept(',')) flags.push(reader.word());
  return flags;
}

function isFlags(left: unknown): boolean {
  if (!isObject(left)) return false;
  const [kind, body] = onlyMember(left);
  if (kind === 'ct') return FLAG_KEYS.has(String(memberOf(body, 'key')));
  return kind === 'payload' && memberOf(body, 'protocol') === 'tcp' && memberOf(body, 'field') === 'flags';
}

function readCounter(reader: TokenReader): unknown {
  reader.next();
  if (reader.accept('name')) return { counter: reader.name() };
  if (reader.accept('packets')) {
    reader.next();
    reader.expect('bytes');
    reader.next();
  }
  return { counter: null };
}

function readLog(reader: TokenReader): unknown {
  reader.next();
  for (;;) {
    const word = reader.peek() ?? '';
    if (['prefix', 'level', 'group', 'snaplen', 'queue-threshold'].includes(word)) {
      reader.next();
      reader.next();
    } else if (word === 'flags') {
      reader.next();
      while (LOG_FLAGS.has(reader.peek() ?? '') || reader.peek() === ',') reader.next();
    } else return { log: null };
  }
}

/** `limit rate over 10/second burst 5 packets`, `limit rate 1 mbytes/second`, `limit name "x"`. */
function readLimit(reader: TokenReader): unknown {
  reader.next();
  if (reader.accept('name')) return { limit: reader.name() };
  reader.expect('rate');
  const tree = readRate(reader);
  return { limit: tree };
}

/** The rate of a limit, from behind the word `rate`. */
function readRate(reader: TokenReader): unknown {
  const inv = reader.accept('over');
  const first = reader.word();
  const slash = first.indexOf('/');
  // `10/second`, or `1 mbytes/second`.
  const second = slash < 0 ? reader.word() : first;
  const per = second.slice(second.indexOf('/') + 1);
  const rate = slash < 0 ? first : first.slice(0, slash);
  const unit = slash < 0 ? second.slice(0, Math.max(0, second.indexOf('/'))) : undefined;
  if (reader.accept('burst')) {
    reader.next();
    reader.next();
  }
  if (!second.includes('/')) throw new GrammarError('a rate is not understood');
  return { rate: Number(rate), per, inv, ...(unit === undefined ? {} : { rate_unit: unit }) };
}

function readQuota(reader: TokenReader): unknown {
  reader.next();
  if (reader.accept('name')) return { quota: reader.name() };
  return { quota: readAmount(reader) };
}

/** `over 25 mbytes used 3 mbytes` */
function readAmount(reader: TokenReader): unknown {
  const inv = reader.accept('over');
  reader.accept('until');
  const tree = { val: Number(reader.word()), val_unit: reader.word(), inv };
  if (reader.accept('used')) {
    reader.next();
    reader.next();
  }
  return tree;
}

function readCount(reader: TokenReader): unknown {
  reader.next();
  reader.next();
  const inv = reader.accept('over');
  return { 'ct count': { val: Number(reader.word()), inv } };
}

/** `ct helper set "ftp"` */
function readObject(reader: TokenReader): unknown {
  reader.next();
  const kind = `ct ${reader.word()}`;
  reader.next();
  return { [kind]: reader.name() };
}

function readReject(reader: TokenReader): unknown {
  reader.next();
  if (!reader.accept('with')) return { reject: null };
  const type = reader.word();
  if (type === 'tcp') {
    reader.expect('reset');
    return { reject: { type: 'tcp reset' } };
  }
  reader.accept('type');
  return { reject: { type, expr: reader.word() } };
}

/** `update @set { ip saddr timeout 1m limit rate 3/minute }` */
function readUpdate(reader: TokenReader): unknown {
  const op = reader.word();
  const set = reader.word();
  reader.expect('{');
  const elem = readExpression(reader);
  const stmt: unknown[] = [];
  while (!reader.accept('}')) {
    if (reader.accept('timeout')) {
      if (readDuration(reader.word()) === undefined) throw new GrammarError('a timeout is not understood');
    } else if (reader.accept('comment')) reader.next();
    else stmt.push(readStatement(reader));
  }
  return { set: { op, elem, set, stmt } };
}

/** Statements behind which no other can stand in what nft prints, but for a verdict. */
function readLast(word: 'flow' | 'dup' | 'queue', reader: TokenReader): unknown {
  reader.next();
  if (word === 'queue') {
    while (!reader.done && reader.peek() !== 'comment') reader.next();
    return { queue: null };
  }
  if (word === 'flow') {
    reader.expect('add');
    reader.next();
    return { flow: null };
  }
  reader.expect('to');
  const to = readExpression(reader);
  if (reader.accept('device')) reader.next();
  return { dup: { addr: to } };
}

/** The members of a limit or quota that has a name. */
export function readObjectBody(kind: 'limit' | 'quota', text: string): unknown {
  try {
    const reader = new TokenReader(tokenize(text));
    if (kind === 'quota') return readAmount(reader);
    reader.expect('rate');
    return readRate(reader);
  } catch (error) {
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}

/**
 * Elements of a set that has a name, from `elements = { … }`.
 * @returns undefined when one is not understood
 */
export function readNamedElements(text: string, kind: 'set' | 'map'): readonly unknown[] | undefined {
  try {
    const reader = new TokenReader(tokenize(text));
    reader.expect('elements');
    reader.expect('=');
    return readElements(reader, kind);
  } catch (error) {
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}

/**
 * The tree of one expression alone.
 * @returns undefined when it is not understood
 */
export function readOneExpression(text: string): unknown {
  try {
    return readExpression(new TokenReader(tokenize(text)));
  } catch (error) {
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}
