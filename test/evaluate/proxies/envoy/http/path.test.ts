import { describe, expect, it } from 'vitest';
import {
  normalisePath,
  queryParameters,
  withoutParameter,
} from '../../../../../src/evaluate/proxies/envoy/http/path.ts';
import type { PathOptions } from '../../../../../src/evaluate/proxies/envoy/http/path.ts';

const KEEP: PathOptions = { normalize: false, mergeSlashes: false, escapedSlashes: 'KEEP_UNCHANGED' };
const NORMALIZE: PathOptions = { ...KEEP, normalize: true };
const MERGE: PathOptions = { ...KEEP, mergeSlashes: true };

// Every row is what Envoy 1.40 forwarded, redirected to or refused.
describe('normalisePath', () => {
  it.each([
    ['/a/../b', '/b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a/.%2E/b', '/b'],
    ['/a/./b', '/a/b'],
    ['/a/.', '/a/'],
    ['/a/%2e', '/a/'],
    ['/a/b/..', '/a/'],
    ['/..', '/'],
    ['//..', '/'],
    ['/a/b/../../../c/', '/c/'],
    ['/a/...', '/a/...'],
    ['/a/..b', '/a/..b'],
    ['/a//../b', '/a/b'],
    ['/a/\\../b', '/a/b'],
    ['/a\\..\\b', '/b'],
    ['///a//b/..//c', '///a///c'],
    ['/a/..%2fb', '/a/..%2fb'],
    ['/a\\b', '/a/b'],
    ['/%41%7e%2d%5f%2E', '/A~-_.'],
    ['/a%20b%2Fc', '/a%20b%2Fc'],
    ['/a"<>^`{|}b', '/a%22%3C%3E%5E%60%7B%7C%7Db'],
    ['/a%', '/a%'],
    ['/a%zzb', '/a%zzb'],
    ['/a?b=%41/../c', '/a?b=%41/../c'],
    ['/a;p=1/..', '/'],
  ])('normalises %s to %s', (path, expected) => {
    expect(normalisePath(path, NORMALIZE)).toEqual({ action: 'accept', path: expected });
  });

  it.each([
    [KEEP, '/a/../b//c%2F', { action: 'accept', path: '/a/../b//c%2F' }],
    [KEEP, '/a#b', { action: 'reject' }],
    [NORMALIZE, '/a?x#y', { action: 'reject' }],
    [NORMALIZE, '/a%00b', { action: 'reject' }],
    [MERGE, '///?x', { action: 'accept', path: '//?x' }],
    [MERGE, '///a///b//?c//d', { action: 'accept', path: '/a/b/?c//d' }],
    [{ ...NORMALIZE, escapedSlashes: 'REJECT_REQUEST' }, '/a%5cb', { action: 'reject' }],
    [{ ...NORMALIZE, escapedSlashes: 'REJECT_REQUEST' }, '/a?x=%2F', { action: 'accept', path: '/a?x=%2F' }],
    [{ ...NORMALIZE, escapedSlashes: 'UNESCAPE_AND_REDIRECT' }, '/a/..%2f..%2fb', { action: 'redirect', path: '/b' }],
    [
      { ...KEEP, escapedSlashes: 'UNESCAPE_AND_FORWARD' },
      '/a/..%2f..%2fb%5C',
      { action: 'accept', path: '/a/../../b\\' },
    ],
    [{ ...NORMALIZE, escapedSlashes: 'UNESCAPE_AND_FORWARD' }, '/a%5Cb', { action: 'accept', path: '/a/b' }],
  ] as const)('%o of %s', (options, path, expected) => {
    expect(normalisePath(path, options)).toEqual(expected);
  });
});

it('takes the first value of a query parameter', () => {
  expect([...queryParameters('/a?x=1&x=2&y&z=a=b&=c')]).toEqual([
    ['x', '1'],
    ['y', ''],
    ['z', 'a=b'],
    ['', 'c'],
  ]);
});

// Every row is what Envoy 1.40 sent on (jwt-parameter.test.ts of the conformance suite).
describe('withoutParameter', () => {
  it.each([
    ['/x?t=T', '/x'],
    ['/x?t=T&b=2&a=1&b=1', '/x?a=1&b=2&b=1'],
    ['/x?b&t=T', '/x?b='],
    ['/x?t=T&', '/x'],
    ['/x?&t=T', '/x?='],
    ['/x?t=T&b=%26c%3Dd%3Fe%23f', '/x?b=&c=d?e#f'],
    ['/x?t=T&b=%2541', '/x?b=%41'],
    ['/x?t=T&b=%zz%4', '/x?b=%zz%4'],
    ['/x?%74=T&b=1+2', '/x?b=1+2'],
    ['/x?t=T&t=U', '/x'],
    ['/x?', '/x'],
    ['/x', '/x'],
  ])('makes %s into %s', (path, expected) => {
    expect(withoutParameter(path, 't')).toBe(expected);
  });
});
