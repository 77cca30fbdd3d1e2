import { hostMask, parseAddress, addressFromBits, type Family } from '../../model/address.ts';
import type { Match } from '../../model/iptables-rule.ts';
import type { Extension } from './rule-options.ts';
import { parseNumber, WORD_MAX, type Options } from './values.ts';

/** The kernel's probability of 1. */
export const RANDOM_RANGE = 2 ** 31;
const MODES = ['set', 'rcheck', 'update', 'remove'] as const;

/**
 * `-m statistic`. iptables hands the kernel the probability as lround(2^31 · p), and prints 11 decimals of that fraction, which
 * give the same number back. Source: extensions/libxt_statistic.c.
 */
export function buildStatistic(options: Options): Match | undefined {
  const mode = options.value('mode');
  if (mode === 'random') {
    const option = options.take('probability');
    const text = option?.values[0] ?? '';
    if (option === undefined || !/^\d{0,3}(?:\.\d{0,20})?$/.test(text) || Number(text) > 1) return undefined;
    return {
      kind: 'statistic',
      mode,
      negated: option.negated,
      threshold: Math.round(Number(text) * RANDOM_RANGE),
      text,
    };
  }
  const option = options.take('every');
  const every = parseNumber(option?.values[0], WORD_MAX);
  const packet = parseNumber(options.value('packet') ?? '0', WORD_MAX);
  if (mode !== 'nth' || every === undefined || every === 0 || packet === undefined || packet >= every) return undefined;
  return { kind: 'statistic', mode, negated: option?.negated === true, every, packet };
}

/** `-m recent`. Source: extensions/libxt_recent.c. */
export function buildRecent(options: Options, _: Extension, family: Family): Match | undefined {
  const found = MODES.flatMap((mode) => {
    const option = options.take(mode);
    return option === undefined ? [] : [{ mode, negated: option.negated }];
  });
  const [first] = found;
  if (first === undefined || found.length > 1) return undefined;
  const seconds = options.take('seconds') === undefined ? null : parseNumber(options.value('seconds'), WORD_MAX);
  const hits = options.take('hitcount') === undefined ? null : parseNumber(options.value('hitcount'), WORD_MAX);
  const all = addressFromBits(family, hostMask(family)).text;
  const mask = parseAddress(options.value('mask') ?? all);
  if (seconds === undefined || hits === undefined || mask?.family !== family) return undefined;
  const destination = options.flag('rdest');
  if (options.flag('rsource') && destination) return undefined;
  return {
    kind: 'recent',
    ...first,
    seconds,
    reap: options.flag('reap'),
    hits,
    ttl: options.flag('rttl'),
    list: options.value('name') ?? 'DEFAULT',
    mask: mask.text,
    side: destination ? 'destination' : 'source',
  };
}
