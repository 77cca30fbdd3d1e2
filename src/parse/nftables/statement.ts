import type {
  NftExpression,
  NftOperand,
  NftOperator,
  NftSetReference,
  NftStatement,
  NftTranslation,
} from '../../model/nftables.ts';
import { decodeFlags } from './datatypes.ts';
import { decodeExpression, decodePattern, type Surroundings } from './expression.ts';
import { rejectAnswers } from './reject.ts';
import { decodeVerdict, LazySet } from './set.ts';
import { isObject, memberOf, NOT_READ, onlyMember, textOf } from './tree.ts';

/** A table, as far as its rules depend on it. */
export interface RuleSurroundings extends Surroundings {
  readonly family: string;
  /** A named limit or quota. */
  object(kind: 'limit' | 'quota', name: string): { readonly text: string; readonly over: boolean } | undefined;
}

const OPERATORS: readonly unknown[] = ['==', '!=', '<', '>', '<=', '>=', 'in', '!'] satisfies NftOperator[];
/** Types of which several values stand for bits. */
const FLAG_TYPES: ReadonlySet<string> = new Set(['ct_state', 'ct_status', 'tcp_flag']);
const ADDRESS_TYPES = { 4: ['ipv4_addr', 'inet_service'], 6: ['ipv6_addr', 'inet_service'] } as const;

/** Statements that neither test the packet nor change what later rules can see of it. Source: nft(8), STATEMENTS. */
const PASSING: ReadonlySet<string> = new Set([
  'counter',
  'log',
  'last',
  'dup',
  'flow',
  'ct helper',
  'ct timeout',
  'ct expectation',
  'secmark',
]);
/** What `meta … set` and `ct … set` may write without any effect on what a flow tells. */
const UNSEEN_META: ReadonlySet<string> = new Set(['nftrace', 'priority', 'secmark']);
const UNSEEN_CT: ReadonlySet<string> = new Set(['event', 'helper', 'timeout', 'label', 'secmark', 'expectation']);
const UNSEEN_FIELDS: ReadonlySet<string> = new Set(['dscp', 'ecn', 'id', 'flowlabel', 'checksum']);
/** Those of them that stand in the type of service, or in the first word of IPv6. */
const SERVICE_FIELDS: ReadonlySet<string> = new Set(['dscp', 'ecn', 'flowlabel']);
const PROTOCOL_NUMBERS = { ip: 2, ip6: 10, tcp: 6 } as const;

/** Reads one statement of libnftables-json(5). A statement that depends on a protocol brings the test for it along. */
export function decodeStatement(value: unknown, around: RuleSurroundings): readonly NftStatement[] {
  if (!isObject(value)) return [unknown('a statement is not understood')];
  const [kind, body] = onlyMember(value);
  if (kind === undefined) return [unknown('a statement is not understood')];
  const verdict = decodeVerdict(value);
  if (verdict !== undefined) return [{ kind: 'verdict', verdict }];
  if (PASSING.has(kind)) return [{ kind: 'pass', name: kind }];
  switch (kind) {
    case 'match':
      return [decodeMatch(body, around)];
    case 'vmap': {
      const key = decodeExpression(memberOf(body, 'key'), around);
      const data = around.map(memberOf(body, 'data'), key.types, ['verdict']);
      if (data?.types[0] !== 'verdict') return [unknown('a verdict map is not understood')];
      return [{ kind: 'vmap', key: key.expression, data: data.reference }];
    }
    case 'mangle':
      return decodeMangle(body, around);
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return [decodeTranslation(kind, body, around)];
    case 'reject':
      return [rejectAnswers(body)];
    case 'notrack':
      return [{ kind: 'notrack' }];
    case 'limit':
    case 'quota':
      return [decodeLimit(kind, body, around)];
    case 'ct count':
      return [
        { kind: 'limit', text: `${String(memberOf(body, 'val'))} connections`, over: memberOf(body, 'inv') === true },
      ];
    case NOT_READ:
      return [unknown(`part of the rule is not understood: ${String(body)}`)];
    case 'set':
    case 'map':
      return decodeUpdate(kind, body, around);
    default:
      return [unknown(`statement ${JSON.stringify(kind)} is not evaluated`)];
  }
}

function unknown(reason: string): NftStatement {
  return { kind: 'unknown', reason };
}

function decodeMatch(body: unknown, around: RuleSurroundings): NftStatement {
  const operator = memberOf(body, 'op');
  const left = decodeExpression(memberOf(body, 'left'), around);
  const value = memberOf(body, 'right');
  if (!isOperator(operator)) return unknown(`operator ${String(operator)} is not understood`);
  if (typeof value === 'boolean' && left.expression.kind === 'fib') {
    // `exists` and `missing`: another interface than none, or none.
    const negated = value === (operator === '==');
    const patterns = [{ kind: 'range', from: '', to: '' }] as const;
    return {
      kind: 'match',
      operator: negated ? '!=' : '==',
      left: left.expression,
      right: { kind: 'patterns', patterns },
    };
  }
  const right = decodeOperand(value, operator, left.types, around);
  return { kind: 'match', operator, left: left.expression, right };
}

function isOperator(value: unknown): value is NftOperator {
  return OPERATORS.includes(value);
}

function decodeOperand(
  value: unknown,
  operator: NftOperator,
  types: readonly string[],
  around: RuleSurroundings,
): NftOperand {
  const elements = memberOf(value, 'set');
  if (elements !== undefined) return { kind: 'set', set: anonymous(elements, types) };
  if (typeof value === 'string' && value.startsWith('@')) {
    return { kind: 'set', set: { kind: 'named', name: value.slice(1) } };
  }
  const [type = ''] = types;
  if (operator === 'in' || operator === '!') {
    const named = memberOf(value, '|');
    const names = Array.isArray(value) ? value : Array.isArray(named) ? named : [value];
    const bits = FLAG_TYPES.has(type) ? decodeFlags(names, type) : undefined;
    return bits === undefined ? { kind: 'unknown', reason: valueReason(value) } : { kind: 'flags', bits };
  }
  const concat = memberOf(value, 'concat');
  const parts: readonly unknown[] = Array.isArray(concat) ? (concat as unknown[]) : [value];
  const patterns = parts.flatMap((part, index) => decodePattern(part, types[index] ?? '') ?? []);
  const wrong = patterns.length !== parts.length || parts.length !== types.length;
  if (!wrong) return { kind: 'patterns', patterns };
  const { expression } = decodeExpression(value, around, types);
  if (expression.kind !== 'constant') return { kind: 'unknown', reason: valueReason(value) };
  return { kind: 'patterns', patterns: [{ kind: 'range', from: expression.value, to: expression.value }] };
}

function valueReason(value: unknown): string {
  return `value ${value === undefined ? '' : JSON.stringify(value).slice(0, 60)} is not understood`;
}

/** A set without a name: it stands where it is used, and never changes. */
function anonymous(elements: unknown, types: readonly string[]): NftSetReference {
  const list: readonly unknown[] = Array.isArray(elements) ? (elements as unknown[]) : [elements];
  return { kind: 'anonymous', set: anonymousSet(list, types, null) };
}

/** A set or map that stands in a rule. */
export function anonymousSet(
  elements: readonly unknown[],
  types: readonly string[],
  data: readonly string[] | null,
): LazySet {
  const source = { name: null, types, data, dynamic: false, timeoutSeconds: null };
  return new LazySet({ ...source, elements: () => elements });
}

function decodeMangle(body: unknown, around: RuleSurroundings): readonly NftStatement[] {
  const target = memberOf(body, 'key');
  const meta = textOf(memberOf(memberOf(target, 'meta'), 'key'));
  const ct = textOf(memberOf(memberOf(target, 'ct'), 'key'));
  if (meta === 'mark' || ct === 'mark') {
    const { expression } = decodeExpression(memberOf(body, 'value'), around, ['mark']);
    return [{ kind: 'set-mark', mark: meta === 'mark' ? 'packet' : 'connection', value: expression }];
  }
  if (meta !== undefined && UNSEEN_META.has(meta)) return [{ kind: 'pass', name: `meta ${meta} set` }];
  if (ct !== undefined && UNSEEN_CT.has(ct)) return [{ kind: 'pass', name: `ct ${ct} set` }];
  const protocol = textOf(memberOf(memberOf(target, 'payload'), 'protocol'));
  const field = textOf(memberOf(memberOf(target, 'payload'), 'field'));
  if ((protocol === 'ip' || protocol === 'ip6') && field !== undefined && UNSEEN_FIELDS.has(field)) {
    const kind = SERVICE_FIELDS.has(field) ? 'set-service' : 'pass';
    return [protocolTest('nfproto', PROTOCOL_NUMBERS[protocol]), { kind, name: `${protocol} ${field} set` }];
  }
  // A SYN always has the option, and whoever sets it for other packets cannot tell by its size.
  if (memberOf(memberOf(target, 'tcp option'), 'name') === 'maxseg') {
    return [protocolTest('l4proto', PROTOCOL_NUMBERS.tcp), { kind: 'pass', name: 'tcp option maxseg size set' }];
  }
  return [unknown(`writing ${target === undefined ? '' : JSON.stringify(target).slice(0, 60)} is not evaluated`)];
}

function protocolTest(key: string, number: number): NftStatement {
  const patterns = [{ kind: 'range', from: number, to: number }] as const;
  return { kind: 'match', operator: '==', left: { kind: 'meta', key }, right: { kind: 'patterns', patterns } };
}

function decodeTranslation(
  translation: NftTranslation['translation'],
  body: unknown,
  around: RuleSurroundings,
): NftStatement {
  const said = memberOf(body, 'family');
  const family = said === 'ip' ? 4 : said === 'ip6' ? 6 : null;
  const types = ADDRESS_TYPES[family ?? (around.family === 'ip6' ? 6 : 4)];
  const given = memberOf(body, 'flags') ?? [];
  const flags: readonly unknown[] = Array.isArray(given) ? (given as unknown[]) : [given];
  const strange = flags.find((flag) => !['random', 'fully-random', 'persistent', 'netmap'].includes(String(flag)));
  if (strange !== undefined) return unknown(`flag ${JSON.stringify(strange)} of ${translation} is not understood`);
  const part = (value: unknown, hint: readonly string[]): NftExpression | null =>
    value === undefined ? null : decodeExpression(value, around, hint).expression;
  return {
    kind: 'nat',
    translation,
    family,
    address: part(memberOf(body, 'addr'), types),
    port: part(memberOf(body, 'port'), ['inet_service']),
    prefix: flags.includes('netmap'),
    random: flags.includes('random'),
    fullyRandom: flags.includes('fully-random'),
    persistent: flags.includes('persistent'),
  };
}

function decodeLimit(kind: 'limit' | 'quota', body: unknown, around: RuleSurroundings): NftStatement {
  if (typeof body !== 'string') return { kind: 'limit', ...limitText(kind, body) };
  const named = around.object(kind, body);
  return named === undefined ? unknown(`${kind} ${body} is not known`) : { kind: 'limit', ...named };
}

/** How a limit or quota reads, from a rule or from an object of its own. */
export function limitText(kind: 'limit' | 'quota', body: unknown): { readonly text: string; readonly over: boolean } {
  const member = (key: string): string => {
    const value = memberOf(body, key);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const over = memberOf(body, 'inv') === true;
  if (kind === 'quota') {
    const amount = member('val') === '' ? inBytes(Number(member('bytes'))) : `${member('val')} ${member('val_unit')}`;
    return { text: amount, over };
  }
  const unit = member('rate_unit') === '' || member('rate_unit') === 'packets' ? '' : ` ${member('rate_unit')}`;
  return { text: `${member('rate')}${unit}/${member('per')}`, over };
}

/** As nft writes an amount in a rule. Source: nftables src/datatype.c get_rate. */
function inBytes(bytes: number): string {
  const units = ['bytes', 'kbytes', 'mbytes', 'gbytes'];
  let [amount, unit] = [bytes, 0];
  while (amount > 0 && amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount} ${units[unit] ?? ''}`;
}

/** `update @set { key }`: statements inside the braces may keep the rule from matching. */
function decodeUpdate(kind: 'set' | 'map', body: unknown, around: RuleSurroundings): readonly NftStatement[] {
  const operation = memberOf(body, 'op');
  const name = textOf(memberOf(body, kind));
  if ((operation !== 'add' && operation !== 'update' && operation !== 'delete') || name?.startsWith('@') !== true) {
    return [unknown(`a change of a ${kind} is not understood`)];
  }
  const element = memberOf(body, 'elem');
  const inner = memberOf(memberOf(element, 'elem'), 'val') ?? element;
  const inside = memberOf(body, 'stmt');
  const statements = (Array.isArray(inside) ? inside : []).flatMap((one: unknown) => decodeStatement(one, around));
  const { expression } = decodeExpression(inner, around);
  const update: NftStatement = { kind: 'update', operation, set: name.slice(1), key: expression };
  return [update, ...statements.filter((one) => one.kind !== 'pass')];
}
