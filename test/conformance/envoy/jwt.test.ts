/**
 * Tokens that Envoy refuses, and those that it accepts: each is sent to the real filter, with one provider or several, alone or where a
 * token may be missing.
 */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { FAILED, MISSING, allOf, anyOf, keys, named } from './jwt-case.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import type { Probe } from './probe.ts';
import { holdAgainst, type Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { encode, rsaSigner, signToken } from '../../tokens.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const SIGNER = rsaSigner('RS256', 'k');
const KEY = SIGNER.key;
/** What istiod writes where it cannot fetch the keys (PublicOnlyJwks of pilot/pkg/model). */
const STAND_IN = {
  kty: 'RSA',
  e: 'AQAB',
  n: [
    '0xObjM0UvS_oaazjpEYlAbwctEJ4L8pH3OuTb7qth7gUwqet-EzQB4dgFdvSdMgrLnSncQGRjpEYz3F3viIbH-3EN3TxSlPNviHxeOdy',
    'iBVfumN8dMxbLvVJUpfNOnvmMxJcl-8NNjAwcOjk4otSALaYgYYyOPyvKtgVdrQr-FoubWX4yrjxW-MJ2-7OBeepUUNOsVwGV23YX03s',
    'VkkyvY3otRflkBcY3_HKpBxJl9wk2GyOShN4_PNUF9-vwfnvOXMbCDX-w4PTef4geeb_GiT40YCKHTKMSPVanGRn5GExIWmki-mmqh94',
    '-mPTJyBR74ShspL3BxPZitDL574T1w',
  ].join(''),
};

function token(claims: object | string, header: object | string = {}, signed = true): string {
  return signToken(signed ? SIGNER : { ...SIGNER, sign: () => encode('nobody') }, claims, header);
}

/** The sections of a token of an issuer, changed before they are signed. */
function spelt(change: (section: string) => string, issuer = 'one'): string {
  const [header = '', payload = ''] = token({ iss: issuer, sub: 'x' }).split('.');
  const input = `${change(header)}.${change(payload)}`;
  return `${input}.${change(SIGNER.sign(input))}`;
}

/** What standard base64 has behind a section. */
const padding = (section: string): string => '='.repeat((4 - (section.length % 4)) % 4);
/** As query parameters say it, which may hold blanks of each kind. */
const escaped = (text: string): string => text.replaceAll(/[^\w.-]/g, (one) => encodeURIComponent(one));

/** Spellings that the decoder of Envoy lets pass, and others: in a header without prefix. */
const SPELLINGS: Readonly<Record<string, string>> = {
  padded: spelt((section) => section + padding(section), 'two'),
  'padded beyond need': spelt((section) => `${section + padding(section)}=`, 'two'),
  'padded within': spelt((section) => `${section.slice(0, 3)}=${section.slice(3)}`, 'two'),
  'padded before blanks': spelt((section) => `${section + padding(section)} `, 'two').trim(),
  'with a blank': spelt((section) => `${section.slice(0, 3)} ${section.slice(3)}`, 'two'),
  'with blanks at its end': spelt((section) => `${section.slice(0, -1)}  ${section.slice(-1)}`, 'two'),
  'behind a word': `T ${spelt((section) => section, 'two')}`,
  'behind three letters': `Tok ${spelt((section) => section, 'two')}`,
  'with other digits': spelt((section) => `${section.slice(0, 3)}+/${section.slice(3)}`, 'two'),
};

const HOUR = 3600;
const NOW = Math.floor(Date.now() / 1000);
const ONE = { iss: 'one' };
const TOKENS: Readonly<Record<string, string>> = {
  good: token(ONE),
  'good, of the other issuer': token({ iss: 'two' }),
  'of two sections': 'a.b',
  'of four sections': `${token(ONE)}.x`,
  'a word': 'nonsense',
  'header that does not decode': `a.${encode(ONE)}.x`,
  'header that is no JSON': token(ONE, 'no json'),
  'header that is a list': token(ONE, '[1]'),
  'no algorithm': token(ONE, { alg: undefined }),
  'algorithm none': token(ONE, { alg: 'none' }),
  'another algorithm': token(ONE, { alg: 'ES256' }),
  'payload that is no JSON': token('no json'),
  'payload that does not decode': `${encode({ alg: 'RS256' })}.abcde.x`,
  'signature that does not decode': `${encode({ alg: 'RS256' })}.${encode(ONE)}.abcde`,
  'no issuer': token({}),
  'an issuer that nobody has': token({ iss: 'three' }),
  'expired long ago': token({ ...ONE, exp: NOW - HOUR }),
  'not yet valid': token({ ...ONE, nbf: NOW + HOUR }),
  'within its time': token({ ...ONE, exp: NOW + HOUR, nbf: NOW - HOUR }),
  'expired within the skew': token({ ...ONE, exp: NOW - 20 }),
  'that ends within a quarter': token({ ...ONE, exp: NOW + HOUR / 4 }),
  'of a subject': token({ ...ONE, sub: 'spiffe://td/x' }),
  'of another subject': token({ ...ONE, sub: 'alice' }),
  'for an audience': token({ ...ONE, aud: 'https://wanted/' }),
  'for another audience': token({ ...ONE, aud: ['other', 'third'] }),
  'another key': token(ONE, { kid: 'other' }),
  'no key named': token(ONE, { kid: undefined }),
  'of nobody': token(ONE, {}, false),
};

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const one = { issuer: 'one', ...keys([KEY]) };
const two = {
  issuer: 'two',
  ...keys([KEY]),
  from_headers: [{ name: 'x-two', value_prefix: 'Token ' }, { name: 'x-bare' }],
};

/** Providers, and what is required of each request. */
const CASES: readonly (readonly [string, object, object])[] = [
  ['required', { one }, named('one')],
  ['as Istio has it', { one }, anyOf(named('one'), MISSING)],
  ['of an audience', { one: { ...one, audiences: ['wanted'] } }, named('one')],
  [
    'of an audience that the requirement names',
    { one },
    { provider_and_audiences: { provider_name: 'one', audiences: ['wanted'] } },
  ],
  ['without issuer', { any: keys([KEY]) }, named('any')],
  ['of a subject', { one: { ...one, subjects: { prefix: 'spiffe://td/' } } }, named('one')],
  ['of no subject, or of one', { one: { ...one, subjects: { safe_regex: { regex: '|alice' } } } }, named('one')],
  ['that ends', { one: { ...one, require_expiration: true } }, named('one')],
  ['that ends soon', { one: { ...one, max_lifetime: '1800s' } }, named('one')],
  ['that ends at some time', { one: { ...one, max_lifetime: '7200.5s' } }, named('one')],
  ['that may end late', { one: { ...one, max_lifetime: '7200s', require_expiration: false } }, named('one')],
  ['that has ended', { one: { ...one, max_lifetime: '0s', require_expiration: true } }, named('one')],
  ['with a skew', { one: { ...one, clock_skew_seconds: 10 } }, named('one')],
  ['with the keys that istiod could not fetch', { one: { ...one, ...keys([STAND_IN]) } }, anyOf(named('one'), MISSING)],
  [
    'with a key that names nothing',
    { one: { ...one, ...keys([{ ...KEY, kid: undefined, alg: undefined }]) } },
    named('one'),
  ],
  ['which may be missing', { one, two }, MISSING],
  ['which may be missing or bad', { one, two }, FAILED],
  ['one of two', { one, two }, anyOf(named('one'), named('two'))],
  ['one of two, or none', { one, two }, anyOf(named('one'), named('two'), MISSING)],
  ['both', { one, two }, allOf(named('one'), named('two'))],
  [
    'both, of which one may be missing',
    { one, two },
    allOf(anyOf(named('one'), MISSING), anyOf(named('two'), MISSING)),
  ],
];

function probesOf(port: number): readonly (readonly [string, Probe])[] {
  const by = (headers: Readonly<Record<string, string | undefined>>, path = '/'): Probe =>
    plainProbe(port, { path, headers: Object.entries(headers).map(([name, value]) => [name, value ?? ''] as const) });
  return [
    ['nothing', by({})],
    ['another scheme', by({ authorization: 'Basic YTpi' })],
    ['as a parameter', by({}, `/?access_token=${TOKENS['of two sections'] ?? ''}`)],
    ['of two, without its prefix', by({ 'x-two': TOKENS['a word'] })],
    ['of two', by({ 'x-two': `Token ${TOKENS['an issuer that nobody has'] ?? ''}` })],
    ['of two, bare', by({ 'x-bare': TOKENS['good, of the other issuer'] })],
    ['of both', by({ authorization: `Bearer ${TOKENS['good'] ?? ''}`, 'x-bare': TOKENS['a word'] })],
    [
      'of both, one expired',
      by({
        authorization: `Bearer ${TOKENS['expired long ago'] ?? ''}`,
        'x-bare': TOKENS['an issuer that nobody has'],
      }),
    ],
    ...Object.entries(SPELLINGS).map(([name, text]) => [name, by({ 'x-bare': text })] as const),
    ...['\t', '\n', '\v', '\f', '\r', ' ', '\u00a0'].map((blank) => {
      const text = spelt((section) => `${section.slice(0, 5)}${blank}${section.slice(5)}`);
      return [`with ${escaped(blank)}`, by({}, `/?access_token=${escaped(text)}`)] as const;
    }),
    ...Object.entries(TOKENS).map(([name, text]) => [name, by({ authorization: `Bearer ${text}` })] as const),
  ];
}

function isOpen(held: Held | undefined): boolean {
  return held?.ours.some(({ end }) => end.kind === 'undetermined') ?? true;
}

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    'judges tokens as we say: %s',
    async (name, providers, requires) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const filter = {
        name: 'jwt',
        typed_config: {
          '@type': `${HTTP}.jwt_authn.v3.JwtAuthentication`,
          providers,
          rules: [{ match: { prefix: '/' }, requires }],
        },
      };
      const routes = [{ match: { prefix: '/' }, route: { cluster: 'c' } }];
      const config = {
        static_resources: {
          listeners: [plainListener(folder, port, routes, [filter])],
          clusters: [staticCluster('c', [grounds.upstreams.ports[0]])],
        },
      };
      const probes = probesOf(port);
      const held = await holdAgainst(
        installEnvoy(version),
        folder,
        config,
        probes.map(([, probe]) => probe),
        grounds.certificates,
        new Date().toISOString(),
      );
      const told = held.map(({ ours }, at) => [probes[at]?.[0], ...ours.map((outcome) => expectedOf(outcome).end)]);
      const seen = held.map(({ seen: { end } }, at) => [probes[at]?.[0], end]);
      const answered = told.filter((_, at) => !isOpen(held[at]));
      expect(answered).toEqual(seen.filter((_, at) => !isOpen(held[at])));
      const left = told.filter((_, at) => isOpen(held[at])).map(([probe]) => probe);
      expect(left).toEqual([]);
    },
    120_000,
  );
});
