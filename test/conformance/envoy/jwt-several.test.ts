/**
 * Several providers, and several tokens: who is asked behind whom, of what the one before has left, and which tokens count. Filters behind
 * look at headers and claims, and the upstream says what reached it.
 */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS } from './install-envoy.ts';
import {
  FAILED,
  MISSING,
  allOf,
  anyOf,
  bearer,
  claim,
  denying,
  expectHeld,
  header,
  keys,
  named,
  text,
} from './jwt-case.ts';
import type { Case } from './jwt-case.ts';
import { rsaSigner, signToken } from '../../tokens.ts';

const grounds = prepareGrounds(1);

const SIGNER = rsaSigner('RS256');
const alice = signToken(SIGNER, { iss: 'one', sub: 'alice', role: 'admin' });
const carol = signToken(SIGNER, { iss: 'one', sub: 'carol' });
const bob = signToken(SIGNER, { iss: 'two', sub: 'bob' });
const stranger = signToken(SIGNER, { iss: 'three', sub: 'eve' });
const expired = signToken(SIGNER, { iss: 'one', sub: 'alice', exp: 1 });
const forged = signToken({ ...SIGNER, sign: () => 'AAAA' }, { iss: 'one', sub: 'alice' });
const bad = 'a.b';

const claims = (...names: string[]): object => ({
  claim_to_headers: names.map((name) => ({ header_name: `x-${name}`, claim_name: name })),
  payload_in_metadata: 'payload',
});
const from = (...names: string[]): object => ({ from_headers: names.map((name) => ({ name })) });
const OWN = keys([SIGNER.key]);
const one = { issuer: 'one', ...OWN, ...claims('sub') };
const two = { issuer: 'two', ...OWN, ...from('x-two'), ...claims('sub') };
/** Whose header, and whose token, a filter behind sees. */
const WHO = denying(
  Object.fromEntries([
    ...['alice', 'mallory'].map((name) => [`header ${name}`, header('x-sub', { string_match: { exact: name } })]),
    ['token carol', claim(['payload', 'sub'], text('carol'))],
  ]),
);
const both = { headers: [bearer(alice), ['x-two', bob]] } as const;

/** Tokens of the first issuer in two headers, of which the last in order is judged first. */
const PAIRS = [
  [alice, carol],
  [alice, bad],
  [bad, alice],
  [expired, alice],
  [alice, expired],
  [alice, stranger],
  [stranger, alice],
  [bad, expired],
  [forged, bad],
  [alice, bob],
  [bob, alice],
].map(([first = '', last = '']) => ({
  headers: [
    ['x-a', first],
    ['x-b', last],
  ] as const,
}));

/** Tokens of either provider, of both, of none, and such that ran out beside good ones. */
const WHICHEVER: Case['requests'] = [
  ...PAIRS,
  both,
  {},
  { headers: [['x-sub', 'mallory']] },
  { headers: [['x-a', bob]] },
  { headers: [['x-two', alice]] },
  {
    headers: [
      ['x-two', bob],
      ['x-a', expired],
    ],
  },
  {
    headers: [
      ['x-two', expired],
      ['x-a', carol],
    ],
  },
];
const pair = { ...one, ...from('x-b', 'x-a') };

const CASES: Readonly<Record<string, Case>> = {
  'both, of which the later overwrites a header': {
    providers: { one, two },
    requires: allOf(named('one'), named('two')),
    behind: [WHO],
    requests: [both, { headers: [...both.headers, ['x-sub', 'mallory']] }, { headers: [bearer(alice)] }],
  },
  'both, of which the later takes a header away': {
    providers: {
      one,
      two: { ...two, ...claims('role'), forward_payload_header: 'x-sub' },
      three: { ...two, ...claims('none', 'sub') },
    },
    requires: allOf(named('one'), named('two')),
    behind: [WHO],
    requests: [both],
  },
  'both, of which the later has no claim for the header': {
    providers: { one: { ...one, ...claims('role') }, two: { ...two, ...claims('role') } },
    requires: allOf(named('one'), named('two')),
    behind: [denying({ role: header('x-role'), none: header('x-role', { present_match: false }) })],
    requests: [both, { headers: [...both.headers, ['x-role', 'admin']] }],
  },
  'both, of which the later takes the token out that the earlier left': {
    providers: { one: { ...one, forward: true }, any: { ...OWN, payload_in_metadata: 'any' } },
    requires: allOf(named('one'), named('any')),
    behind: [denying({ authorization: header('authorization'), any: claim(['any', 'sub'], text('carol')) })],
    requests: [{ headers: [bearer(alice)] }, { headers: [bearer(carol)] }],
  },
  'both, of which the later reads what the earlier set': {
    providers: { one: { ...one, ...claims('inner') }, two: { ...two, ...from('x-inner'), payload_in_metadata: 'two' } },
    requires: allOf(named('one'), named('two')),
    requests: [
      { headers: [bearer(signToken(SIGNER, { iss: 'one', inner: bob }))] },
      { headers: [bearer(signToken(SIGNER, { iss: 'one', inner: 'x' })), ['x-inner', bob]] },
      { headers: [bearer(alice), ['x-inner', bob]] },
    ],
  },
  'both, each of which may be missing': {
    providers: { one, two },
    requires: allOf(anyOf(named('one'), MISSING), anyOf(named('two'), MISSING)),
    behind: [WHO],
    requests: [
      both,
      { headers: [['x-sub', 'mallory']] },
      { headers: [bearer(alice), ['x-sub', 'mallory']] },
      { headers: [['x-two', bob]] },
      { headers: [bearer(alice), ['x-two', bad]] },
    ],
  },
  'one of two, of which the first is met': {
    providers: { one, two: { ...two, ...claims('role') } },
    requires: anyOf(named('one'), named('two')),
    behind: [denying({ role: header('x-role') })],
    requests: [
      { headers: [bearer(alice), ['x-role', 'admin']] },
      {
        headers: [
          ['x-two', bob],
          ['x-role', 'admin'],
        ],
      },
    ],
  },
  'one of two, of which the first is refused': {
    providers: { one, two: { ...two, ...claims('role') } },
    requires: anyOf(named('one'), named('two')),
    behind: [WHO],
    requests: [
      { headers: [bearer(expired), ['x-two', bob], ['x-sub', 'mallory']] },
      { headers: [bearer(expired), ['x-two', bad]] },
      { headers: [bearer(expired), ['x-two', stranger]] },
      { headers: [bearer(stranger)] },
    ],
  },
  'one of two, of which the first accepts one token and refuses another': {
    providers: { one: pair, two: { ...two, payload_in_metadata: 'two', claim_to_headers: [] } },
    requires: anyOf(named('one'), named('two')),
    behind: [WHO],
    requests: PAIRS.map(({ headers }) => ({ headers: [...headers, ['x-two', bob] as const] })),
  },
  'one, or whatever there is, which accepts one token and refuses another': {
    providers: { one: pair },
    requires: anyOf(named('one'), FAILED),
    behind: [WHO],
    requests: PAIRS,
  },
  'one, or none, which accepts one token and refuses another': {
    providers: { one: pair },
    requires: anyOf(named('one'), MISSING),
    behind: [denying({ carol: claim(['payload', 'sub'], text('carol')) })],
    requests: PAIRS,
  },
  'two headers': {
    providers: { one: pair },
    requires: named('one'),
    requests: PAIRS,
  },
  'two headers, of which the last may go on': {
    providers: { one: { ...pair, forward: true, forward_payload_header: 'x-payload' } },
    requires: named('one'),
    requests: PAIRS,
  },
  'two prefixes of one header': {
    providers: {
      one: {
        ...one,
        from_headers: [
          { name: 'x-a', value_prefix: 'Old ' },
          { name: 'x-a', value_prefix: 'Bearer Old ' },
        ],
      },
    },
    requires: named('one'),
    requests: [{ headers: [['x-a', `Bearer Old ${alice}`]] }, { headers: [['x-a', `Old ${alice}`]] }],
  },
  'a header, a parameter and a cookie': {
    providers: {
      one: { ...one, ...from('x-b', 'x-a'), from_params: ['t', 's'], from_cookies: ['d', 'c'], forward: true },
    },
    requires: named('one'),
    behind: [denying({ carol: claim(['payload', 'sub'], text('carol')) })],
    requests: [
      {
        headers: [
          ['x-a', alice],
          ['cookie', `c=${carol}`],
        ],
      },
      {
        headers: [
          ['x-a', carol],
          ['cookie', `c=${alice}`],
        ],
      },
      {
        headers: [
          ['x-a', alice],
          ['cookie', `c=${expired}; d=${forged}`],
        ],
      },
      {
        headers: [
          ['x-a', bad],
          ['cookie', `c=${expired}`],
        ],
      },
      { path: `/?t=${alice}&s=${carol}` },
      { path: `/?s=${alice}&t=${carol}` },
      { path: `/?s=${expired}&t=${forged}` },
      { path: `/?s=${expired}`, headers: [['x-a', stranger]] },
    ],
  },
  'the places of a provider that names none': {
    providers: { one: { ...one, forward: true } },
    requires: named('one'),
    requests: [
      { path: `/?access_token=${carol}`, headers: [bearer(alice)] },
      { path: `/?access_token=${expired}`, headers: [bearer(alice)] },
      { path: `/?access_token=${alice}`, headers: [bearer(expired)] },
    ],
  },
  'several values of a header': {
    providers: {
      one: { ...one, from_headers: [{ name: 'x-a' }] },
      two: { ...two, from_headers: [{ name: 'x-t', value_prefix: 'T ' }] },
    },
    requires: anyOf(named('one'), named('two')),
    requests: [
      [
        ['x-a', alice],
        ['x-a', carol],
      ],
      [
        ['x-a', bad],
        ['x-a', carol],
      ],
      [
        ['x-a', alice],
        ['x-a', expired],
      ],
      [
        ['x-t', `T ${bob}`],
        ['x-t', `U ${bob}`],
      ],
      [
        ['x-t', `T ${bob}`],
        ['x-t', `T ${stranger}`],
      ],
    ].map((headers) => ({ headers: headers as [string, string][] })),
  },
  'whichever there is': {
    providers: { one: { ...pair, forward: true }, two },
    requires: MISSING,
    behind: [WHO],
    requests: WHICHEVER,
  },
  'whichever there is, or a bad one': {
    providers: { one: { ...pair, forward: true }, two },
    requires: FAILED,
    behind: [WHO],
    requests: WHICHEVER,
  },
  'whichever there is, where one provider takes any issuer': {
    providers: { one: pair, any: { ...OWN, ...from('x-any'), payload_in_metadata: 'any', audiences: ['wanted'] } },
    requires: MISSING,
    behind: [WHO],
    requests: [
      { headers: [['x-any', stranger]] },
      { headers: [['x-a', stranger]] },
      { headers: [['x-any', alice]] },
      { headers: [['x-any', signToken(SIGNER, { iss: 'four', aud: 'wanted' })]] },
      { headers: [['x-any', signToken(SIGNER, { aud: 'wanted' })]] },
    ],
  },
  'none, behind a provider': {
    providers: { one, two },
    requires: allOf(named('one'), MISSING),
    behind: [WHO],
    requests: [{ headers: [bearer(alice)] }, both, { headers: [bearer(alice), ['x-two', expired]] }],
  },
  'what is not required at all, behind a provider': {
    providers: { one },
    requires: allOf(named('one'), {}),
    requests: [{ headers: [bearer(alice)] }, {}],
  },
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    'asks as we say: %s',
    async (name, tried) => {
      expect(await expectHeld(grounds, version, name, tried)).toEqual([]);
    },
    120_000,
  );
});
