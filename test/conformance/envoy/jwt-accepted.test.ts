/**
 * Tokens that Envoy accepts: signatures of every kind of key, and what becomes of the request. A filter behind looks at the claims in
 * dynamic metadata and in headers, and the upstream says which headers reached it.
 */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS } from './install-envoy.ts';
import { MISSING, allOf, anyOf, bearer, claim, denying, expectHeld, header, keys, named, text } from './jwt-case.ts';
import type { Case } from './jwt-case.ts';
import { edwardsSigner, ellipticSigner, rsaSigner, secretSigner, signToken, type Signer } from '../../tokens.ts';

const grounds = prepareGrounds(1);

const SIGNERS: readonly Signer[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((algorithm) => rsaSigner(algorithm)),
  rsaSigner('PS384', 'short salt', 32),
  ellipticSigner('ES256', 'P-256'),
  ellipticSigner('ES384', 'P-384'),
  ellipticSigner('ES512', 'P-521'),
  edwardsSigner(),
  ...['HS256', 'HS384', 'HS512'].map((algorithm) => secretSigner(algorithm, `a secret for ${algorithm}`)),
];
const [RS256 = rsaSigner('RS256')] = SIGNERS;

const without = (name: string) => (key: Readonly<Record<string, unknown>>) => ({ ...key, [name]: undefined });
const KEYS = SIGNERS.map(({ key }) => key);

const CLAIMS = {
  iss: 'one',
  sub: 'alice',
  groups: ['admins', 'users'],
  scope: 'read  write',
  level: 7,
  score: 1.5,
  below: -1,
  staff: true,
  none: null,
  empty: '',
  address: { city: 'Ulm', 'a.b': 'c' },
};

const alice = signToken(RS256, CLAIMS);
const bob = signToken(RS256, { iss: 'two', sub: 'bob', staff: false });
const one = { issuer: 'one', ...keys([RS256.key]) };
const two = { issuer: 'two', ...keys([RS256.key]) };
const inMetadata = { payload_in_metadata: 'payload', header_in_metadata: 'header' };
const asked = [{}, { headers: [bearer(alice)] }, { headers: [bearer(bob)] }];
/** Each asks one thing of the claims. */
const QUESTIONS: Readonly<Record<string, object>> = {
  'text that is so': claim(['payload', 'sub'], text('alice')),
  'text that is not': claim(['payload', 'sub'], text('bob')),
  'what is not there': claim(['payload', 'nothing'], { present_match: true }),
  'what is not there, turned round': claim(['payload', 'nothing'], { present_match: true }, { invert: true }),
  'a part of what is no message': claim(['payload', 'sub', 'x'], { present_match: true }),
  'an element of a list': claim(['payload', 'groups'], { list_match: { one_of: text('users') } }),
  'no element of a list': claim(['payload', 'groups'], { list_match: { one_of: text('others') } }),
  'a list as a text': claim(['payload', 'groups'], text('admins')),
  'a list or a text': claim(['payload', 'sub'], {
    or_match: { value_matchers: [text('alice'), { list_match: { one_of: text('alice') } }] },
  }),
  'words as one text': claim(['payload', 'scope'], text('read  write')),
  'words as a list': claim(['payload', 'scope'], { list_match: { one_of: text('write') } }),
  'an empty word': claim(['payload', 'scope'], { list_match: { one_of: text('') } }),
  number: claim(['payload', 'level'], { double_match: { exact: 7 } }),
  'number in a range': claim(['payload', 'score'], { double_match: { range: { start: 1, end: 2 } } }),
  'number at the end of a range': claim(['payload', 'level'], { double_match: { range: { start: 1, end: 7 } } }),
  'number as text': claim(['payload', 'level'], text('7')),
  bool: claim(['payload', 'staff'], { bool_match: true }),
  'the other bool': claim(['payload', 'staff'], { bool_match: false }),
  null: claim(['payload', 'none'], { null_match: {} }),
  'null, present': claim(['payload', 'none'], { present_match: true }),
  'a message': claim(['payload', 'address'], { present_match: true }),
  'a member of a message': claim(['payload', 'address', 'city'], text('Ulm')),
  'a name with a dot': claim(['payload', 'address', 'a.b'], text('c')),
  header: claim(['header', 'alg'], text('RS256')),
  'present, which it must not be': claim(['payload', 'sub'], { present_match: false }),
};

const CASES: Readonly<Record<string, Case>> = {
  'keys of every kind': {
    providers: { p: keys(KEYS) },
    requires: named('p'),
    requests: SIGNERS.map((signer) => ({ headers: [bearer(signToken(signer, { sub: 's' }))] })),
  },
  'keys of every kind that name no algorithm': {
    providers: { p: keys(KEYS.map(without('alg'))) },
    requires: named('p'),
    requests: SIGNERS.map((signer) => ({ headers: [bearer(signToken(signer, { sub: 's' }))] })),
  },
  'signatures that are another key’s': {
    providers: { p: keys(KEYS.map(without('alg')).map(without('kid'))) },
    requires: named('p'),
    requests: [
      rsaSigner('RS256'),
      rsaSigner('PS384'),
      ellipticSigner('ES256', 'P-256'),
      secretSigner('HS256', 'x'),
    ].map((signer) => ({ headers: [bearer(signToken(signer, { sub: 's' }))] })),
  },
  'a signature under another algorithm’s name': {
    providers: { p: keys([without('alg')(RS256.key)]) },
    requires: named('p'),
    requests: ['RS512', 'PS256', 'ES256', 'HS256'].map((alg) => ({
      headers: [bearer(signToken(RS256, { sub: 's' }, { alg }))],
    })),
  },
  'the token goes on': {
    providers: { one: { ...one, forward: true } },
    requires: anyOf(named('one'), MISSING),
    behind: [denying({ authorization: header('authorization') })],
    requests: asked,
  },
  'the token is taken out': {
    providers: { one },
    requires: anyOf(named('one'), MISSING),
    behind: [denying({ authorization: header('authorization') })],
    requests: asked,
  },
  'as a parameter that goes on': {
    providers: { one: { ...one, forward: true, from_params: ['token'] } },
    requires: named('one'),
    requests: [{ path: `/x?token=${alice}` }, { path: '/x?token=' }, { path: '/x?token=a.b' }],
  },
  'as a cookie': {
    providers: { one: { ...one, from_cookies: ['session', 'other'] } },
    requires: named('one'),
    requests: [
      {},
      { headers: [['cookie', `session=${alice}`]] },
      { headers: [['cookie', `a=b; session="${alice}"; c=d`]] },
      { headers: [['cookie', `session=; c=d`]] },
      { headers: [['cookie', `session=${alice}; session=x`]] },
      { headers: [['cookie', `asession=${alice}`]] },
    ],
  },
  'claims as headers': {
    providers: {
      one: {
        ...one,
        forward_payload_header: 'X-Payload',
        pad_forward_payload_header: true,
        claim_to_headers: [
          { header_name: 'x-sub', claim_name: 'sub' },
          { header_name: 'x-level', claim_name: 'level' },
          { header_name: 'x-staff', claim_name: 'staff' },
          { header_name: 'x-city', claim_name: 'address.city' },
          { header_name: 'x-empty', claim_name: 'empty' },
          { header_name: 'x-nothing', claim_name: 'nothing' },
        ],
      },
    },
    requires: anyOf(named('one'), MISSING),
    behind: [denying({ sub: header('x-sub', { string_match: { exact: 'mallory' } }), empty: header('x-empty') })],
    requests: [
      ...asked,
      { headers: [['x-sub', 'mallory']] },
      { headers: [bearer(alice), ['x-sub', 'mallory'], ['x-city', 'Bonn'], ['x-empty', 'x']] },
    ],
  },
  'claims as headers that nobody vouches for': {
    providers: { one: { ...one, claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] }, two },
    requires: named('two'),
    behind: [denying({ sub: header('x-sub') })],
    requests: [{ headers: [bearer(bob), ['x-sub', 'mallory']] }],
  },
  'claims as headers where no rule matches': {
    providers: { one: { ...one, claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] } },
    requires: named('one'),
    under: '/under',
    behind: [denying({ sub: header('x-sub') })],
    requests: [{ headers: [['x-sub', 'mallory']] }],
  },
  'claims as headers where nothing is required': {
    providers: { one: { ...one, claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] } },
    requires: {},
    behind: [denying({ sub: header('x-sub') })],
    requests: [{ headers: [['x-sub', 'mallory']] }],
  },
  'one of two': {
    providers: {
      one: { ...one, ...inMetadata, claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] },
      two: { ...two, ...inMetadata },
    },
    requires: anyOf(named('one'), named('two')),
    behind: [denying({ sub: header('x-sub'), bob: claim(['payload', 'sub'], text('bob')) })],
    requests: [...asked, { headers: [bearer(bob), ['x-sub', 'mallory']] }],
  },
  'whichever there is': {
    providers: { one: { ...one, ...inMetadata }, two: { ...two, ...inMetadata } },
    requires: MISSING,
    behind: [denying({ bob: claim(['payload', 'sub'], text('bob')) })],
    requests: asked,
  },
  'whichever there is, or a bad one': {
    providers: { one: { ...one, ...inMetadata }, two: { ...two, ...inMetadata } },
    requires: { allow_missing_or_failed: {} },
    behind: [denying({ bob: claim(['payload', 'sub'], text('bob')) })],
    requests: [...asked, { headers: [bearer('a.b')] }],
  },
  'both, of which the first takes the token out': {
    providers: { one, any: keys([RS256.key]) },
    requires: allOf(named('one'), named('any')),
    requests: asked,
  },
  'both, and the token goes on': {
    providers: { one: { ...one, forward: true }, any: keys([RS256.key]) },
    requires: allOf(named('one'), named('any')),
    requests: asked,
  },
  ...Object.fromEntries(
    Object.entries(QUESTIONS).map(([name, principal]) => [
      `claims: ${name}`,
      {
        providers: {
          one: {
            ...one,
            ...inMetadata,
            ...(name.includes('list') || name.includes('word')
              ? { normalize_payload_in_metadata: { space_delimited_claims: ['scope', 'sub2', 'groups'] } }
              : {}),
          },
        },
        requires: anyOf(named('one'), MISSING),
        behind: [denying({ asked: principal })],
        requests: asked.slice(0, 2),
      },
    ]),
  ),
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    'accepts the tokens that we say it accepts: %s',
    async (name, tried) => {
      expect(await expectHeld(grounds, version, name, tried)).toEqual([]);
    },
    120_000,
  );
});
