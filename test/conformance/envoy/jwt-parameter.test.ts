/** Tokens in query parameters: how they are read, and what is left of the path when one is taken out of it. */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS } from './install-envoy.ts';
import { FAILED, MISSING, allOf, anyOf, denying, expectHeld, header, keys, named } from './jwt-case.ts';
import type { Case } from './jwt-case.ts';
import { rsaSigner, signToken } from '../../tokens.ts';

const grounds = prepareGrounds(1);

const SIGNER = rsaSigner('RS256');
const alice = signToken(SIGNER, { iss: 'one', sub: 'alice' });
const carol = signToken(SIGNER, { iss: 'one', sub: 'carol' });
const bob = signToken(SIGNER, { iss: 'two', sub: 'bob' });
const escaped = alice.replaceAll('.', '%2E').replace('e', '%65');
const one = { issuer: 'one', ...keys([SIGNER.key]), from_params: ['t', 'a_b'] };
const two = { issuer: 'two', ...keys([SIGNER.key]), from_params: ['u'] };

const PATHS = [
  `/x?t=${alice}`,
  `/x?t=${alice}&b=2&a=1&b=1`,
  `/x?b=2&a=1&t=${alice}`,
  `/x?b&t=${alice}`,
  `/x?&t=${alice}`,
  `/x?t=${alice}&`,
  `/x?t=${alice}&&b=1`,
  `/x?t=${alice}&t=${bob}`,
  `/x?t=${bob}&t=${alice}`,
  `/x?t=${escaped}`,
  `/x?%74=${alice}`,
  `/x?a%5fb=${alice}`,
  `/x?A_b=${alice}`,
  `/x?t=${alice}&a_b=${carol}`,
  `/x?t=${alice}&a_b=${bob}`,
  `/x?t=${alice}&b=%41%2f%2F`,
  `/x?t=${alice}&b=%26c%3Dd%3Fe%23f`,
  `/x?t=${alice}&b=%2541`,
  `/x?t=${alice}&b=%zz%4`,
  `/x?t=${alice}&b=1+2`,
  `/x?t=${alice}&B=1&_=2&a=3`,
  `/x?t=${alice}&b==1=`,
  `/x?t=${alice}?b`,
  `/x?t`,
  `/x?t=`,
  `/x?`,
  '/x',
  `/x?t=${alice}+`,
];

const asked = PATHS.map((path) => ({ path }));
const CASES: Readonly<Record<string, Case>> = {
  'one that is taken out': { providers: { one }, requires: named('one'), requests: asked },
  'one that goes on': { providers: { one: { ...one, forward: true } }, requires: named('one'), requests: asked },
  'one that may be missing': { providers: { one }, requires: anyOf(named('one'), MISSING), requests: asked },
  'one that may be bad': { providers: { one }, requires: FAILED, requests: asked },
  'one before a filter that asks for the path': {
    providers: { one },
    requires: named('one'),
    behind: [
      denying({
        token: header(':path', { string_match: { contains: 't=' } }),
        bare: header(':path', { string_match: { exact: '/x' } }),
      }),
    ],
    requests: asked,
  },
  'two behind one another': {
    providers: { one, two },
    requires: allOf(named('one'), named('two')),
    requests: [
      { path: `/x?u=${bob}&t=${alice}` },
      { path: `/x?t=${alice}&u=${bob}&z&y=%41` },
      { path: `/x?t=${alice}&u=${bob}&z=%2541` },
      { path: `/x?t=${alice}&z=%26u%3D${bob}` },
    ],
  },
  'one before a route that rewrites': {
    providers: { one },
    requires: named('one'),
    routes: [
      { match: { prefix: '/x' }, route: { cluster: 'c', prefix_rewrite: '/y' } },
      {
        match: { prefix: '/z' },
        route: { cluster: 'c', regex_rewrite: { pattern: { regex: '/z' }, substitution: '/w' } },
      },
    ],
    requests: [{ path: `/x/1?t=${alice}&b&a=1` }, { path: `/z?t=${alice}&b&a=1` }],
  },
  'one before a redirect': {
    providers: { one },
    requires: named('one'),
    routes: [{ match: { prefix: '/x' }, redirect: { host_redirect: 'other' } }],
    requests: [{ path: `/x/1?t=${alice}&b&a=1` }],
  },
  'bytes that are no characters of a path': {
    providers: { one },
    requires: named('one'),
    requests: [{ path: `/x?t=${alice}&b=%20` }, { path: `/x?t=${alice}&b=%e4` }],
  },
};

/** Cases about an answer that is left open, and why it is. */
const LEFT_OPEN: Readonly<Record<string, readonly string[]>> = {
  'bytes that are no characters of a path': [
    'the proxy takes the token out of the path, and resolves escapes in it',
    'the proxy takes the token out of the path, and resolves escapes in it',
  ],
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    'reads parameters as we say: %s',
    async (name, tried) => {
      expect(await expectHeld(grounds, version, name, tried)).toEqual(LEFT_OPEN[name] ?? []);
    },
    120_000,
  );
});
