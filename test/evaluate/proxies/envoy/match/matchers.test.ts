import { describe, expect, it } from 'vitest';
import { headerTest, type HeaderView } from '../../../../../src/evaluate/proxies/envoy/match/header-match.ts';
import { matchRegex, substituteRegex } from '../../../../../src/evaluate/proxies/envoy/match/regex.ts';
import { matchString } from '../../../../../src/evaluate/proxies/envoy/match/string-match.ts';
import { matchCidr } from '../../../../../src/evaluate/proxies/envoy/match/address-match.ts';
import { isUnknown } from '../../../../../src/evaluate/proxies/envoy/truth.ts';
import { Cursor } from '../../../../../src/model/json.ts';

const at = (value: unknown): Cursor => new Cursor('d', '', value);
const told = (truth: unknown): unknown => (isUnknown(truth) ? 'unknown' : truth);

describe('matchString', () => {
  it.each([
    [{ exact: 'a' }, 'a', true],
    [{ exact: 'a' }, 'A', false],
    [{ exact: 'a', ignore_case: true }, 'A', true],
    [{ exact: 'a', ignoreCase: true }, 'A', true],
    [{ exact: '' }, '', true],
    [{ exact: 'É', ignore_case: true }, 'é', false],
    [{ prefix: 'ab' }, 'abc', true],
    [{ suffix: 'bc' }, 'abc', true],
    [{ contains: 'b' }, 'abc', true],
    [{ contains: 'B' }, 'abc', false],
    [{ safe_regex: { regex: 'a.c' } }, 'abc', true],
    [{ safeRegex: { regex: 'b' } }, 'abc', false],
    [{ safe_regex: { regex: '(' } }, 'abc', 'unknown'],
    // From Envoy 1.39 on a regular expression takes bytes, before characters.
    [{ safe_regex: { regex: 'a.c' } }, 'aäc', 'unknown'],
    [{ safe_regex: { regex: 'a..c' } }, 'aäc', 'unknown'],
    [{ safe_regex: { regex: 'aä?c' } }, 'ac', 'unknown'],
    [{ safe_regex: { regex: '(?i)a.+c' } }, 'aäc', 'unknown'],
    [{ safe_regex: { regex: 'a.+c' } }, 'aäc', true],
    [{ safe_regex: { regex: 'b.*' } }, 'aäc', false],
    [{ custom: { name: 'x' } }, 'abc', 'unknown'],
    [{ mystery: 'x', exact: 'abc' }, 'abc', 'unknown'],
    [{}, 'abc', 'unknown'],
  ])('%j of %s is %s', (matcher, text, expected) => {
    expect(told(matchString(at(matcher), text))).toBe(expected);
  });
});

describe('matchRegex', () => {
  it('matches the whole text, in linear time', () => {
    const regex = at({ regex: '(a+)+$' });
    const started = process.cpuUsage().user;
    expect(matchRegex(regex, `${'a'.repeat(50_000)}!`)).toBe(false);
    expect(process.cpuUsage().user - started).toBeLessThan(3_000_000);
  });

  it.each([
    ['/([a-z]+)/', '/\\1-x/', '/reviews/1', '/reviews-x/1'],
    ['^/(.*)$', '\\1.example', '/a/b', 'a/b.example'],
    ['b', '\\\\', 'abc', 'a\\c'],
    ['(x)?b', '[\\1]', 'abc', 'a[]c'],
    ['z', 'y', 'abc', 'abc'],
  ])('replaces %s by %s in %s', (regex, substitution, text, expected) => {
    expect(substituteRegex(at({ pattern: { regex }, substitution }), text)).toBe(expected);
  });

  it('replaces nothing in a text beyond ASCII', () => {
    const rewrite = at({ pattern: { regex: 'a' }, substitution: 'b' });
    expect(substituteRegex(rewrite, 'aä')).toMatchObject({ reason: expect.stringMatching(/beyond ASCII/) as string });
  });
});

describe('headerTest', () => {
  const view = (value: string | null): HeaderView => {
    const get = (name: string): string | null => (name === 'x' ? value : null);
    return { get, compared: get, several: () => null, eachCounts: () => false };
  };

  it.each([
    [{ name: 'x', string_match: { exact: 'a' } }, 'a', true],
    [{ name: 'X', string_match: { exact: 'a' } }, 'a', true],
    [{ name: 'x', string_match: { exact: 'a' }, invert_match: true }, 'b', true],
    [{ name: 'x', string_match: { exact: 'a' }, invert_match: true }, null, false],
    [{ name: 'x', string_match: { exact: 'a' }, invert_match: true, treat_missing_header_as_empty: true }, null, true],
    [{ name: 'x', string_match: { exact: '' }, treat_missing_header_as_empty: true }, null, true],
    [{ name: 'x' }, 'a', true],
    [{ name: 'x' }, null, false],
    [{ name: 'x', present_match: true }, '', true],
    [{ name: 'x', present_match: false }, null, true],
    [{ name: 'x', present_match: false }, 'a', false],
    [{ name: 'x', present_match: true, invert_match: true }, null, true],
    [{ name: 'x', range_match: { start: '1', end: 10 } }, '9', true],
    [{ name: 'x', range_match: { start: '1', end: 10 } }, '10', false],
    [{ name: 'x', range_match: { start: -10 } }, ' -3 ', true],
    [{ name: 'x', range_match: { end: 10 } }, 'nine', false],
    [{ name: 'x', range_match: { end: '9223372036854775807' } }, '99999999999999999999', false],
    [{ name: 'x', exact_match: '' }, 'a', true],
    [{ name: 'x', prefix_match: 'a' }, 'ab', true],
    [{ name: 'x', suffix_match: 'a' }, 'ab', false],
    [{ name: 'x', contains_match: 'b' }, 'ab', true],
    [{ name: 'x', safe_regex_match: { regex: 'a.' } }, 'ab', true],
    [{ name: 'x', mystery_match: 'a' }, 'ab', 'unknown'],
  ])('%j of %j is %s', (matcher, value, expected) => {
    expect(told(headerTest(at(matcher))(view(value)))).toBe(expected);
  });
});

it.each([
  [{ address_prefix: '10.0.0.0', prefix_len: 8 }, '10.1.2.3', true],
  [{ address_prefix: '10.0.0.0', prefix_len: 8 }, '11.1.2.3', false],
  [{ address_prefix: '10.1.2.3', prefix_len: 32 }, '10.1.2.3', true],
  [{ address_prefix: '0.0.0.0' }, '10.1.2.3', true],
  [{ address_prefix: '::' }, '10.1.2.3', false],
  [{ address_prefix: 'fd00::', prefix_len: 64 }, 'fd00::1', true],
  [{ address_prefix: 'nonsense' }, '10.1.2.3', 'unknown'],
])('matchCidr %j of %s is %s', (range, address, expected) => {
  expect(told(matchCidr(at(range), address))).toBe(expected);
});
