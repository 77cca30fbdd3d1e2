import { parsePrefix, type Family } from '../../model/address.ts';
import type { ConnectionState, ExtensionOption, Match, PrefixTest } from '../../model/iptables-rule.ts';
import { protocol } from './base-matches.ts';
import type { Extension } from './rule-options.ts';
import { parseRange, portTest, WORD_MAX, type Options } from './values.ts';

const STATES: ReadonlySet<string> = new Set([
  'INVALID',
  'NEW',
  'ESTABLISHED',
  'RELATED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
] satisfies ConnectionState[]);

/** `-m conntrack`, and `-m state`, which newer releases keep as a spelling of it. Source: extensions/libxt_conntrack.c. */
export function buildConntrack(options: Options, { name }: Extension, family: Family): Match | undefined {
  const state = options.take(name === 'state' ? 'state' : 'ctstate');
  const states = state?.values[0]?.toUpperCase().split(',') ?? [];
  if (!states.every(isState)) return undefined;
  const direction = options.take('ctdir');
  const parts = {
    protocol: protocolTest(options.take('ctproto')),
    originalSource: prefixTest(options.take('ctorigsrc'), family),
    originalDestination: prefixTest(options.take('ctorigdst'), family),
    replySource: prefixTest(options.take('ctreplsrc'), family),
    replyDestination: prefixTest(options.take('ctrepldst'), family),
    originalSourcePort: portTest(options.take('ctorigsrcport')),
    originalDestinationPort: portTest(options.take('ctorigdstport')),
    replySourcePort: portTest(options.take('ctreplsrcport')),
    replyDestinationPort: portTest(options.take('ctrepldstport')),
    expires: expiryTest(options.take('ctexpire')),
    status: statusTest(options.take('ctstatus')),
    direction: direction === undefined ? undefined : directionOf(direction),
  };
  if (Object.values(parts).includes('bad')) return undefined;
  const known = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as Omit<
    Extract<Match, { kind: 'conntrack' }>,
    'kind' | 'spelling' | 'state'
  >;
  return {
    kind: 'conntrack',
    spelling: name === 'state' ? 'state' : 'conntrack',
    ...(state === undefined ? {} : { state: { negated: state.negated, states } }),
    ...known,
  };
}

function isState(text: string): text is ConnectionState {
  return STATES.has(text);
}

function prefixTest(option: ExtensionOption | undefined, family: Family): PrefixTest | 'bad' | undefined {
  if (option === undefined) return undefined;
  const prefix = parsePrefix(option.values[0] ?? '');
  return prefix?.family === family ? { negated: option.negated, prefix } : 'bad';
}

function protocolTest(option: ExtensionOption | undefined) {
  if (option === undefined) return undefined;
  const { number } = protocol(option.values[0] ?? '');
  return number === null ? 'bad' : { negated: option.negated, number };
}

function expiryTest(option: ExtensionOption | undefined) {
  if (option === undefined) return undefined;
  const range = parseRange(option.values[0], ':', WORD_MAX);
  return range === undefined ? 'bad' : { negated: option.negated, ...range };
}

function statusTest(option: ExtensionOption | undefined) {
  if (option === undefined) return undefined;
  return { negated: option.negated, statuses: (option.values[0] ?? '').toUpperCase().split(',') };
}

function directionOf(option: ExtensionOption): 'ORIGINAL' | 'REPLY' | 'bad' {
  const value = option.values[0]?.toUpperCase();
  return value === 'ORIGINAL' || value === 'REPLY' ? value : 'bad';
}
