/** What a token decides that cannot be seen on an Envoy of the tests, or not at will: `jwt-accepted.test.ts` of the conformance suite has the rest. */
import { expect, it } from 'vitest';
import { AS_OUTCOMES } from '../../../../outcome-telling.ts';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { Memory } from '../../../../../src/evaluate/proxies/envoy/memory/memory.ts';
import type { EnvoyFacts, EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import type { VerifySignature } from '../../../../../src/model/signature.ts';
import { unsignedToken } from '../../../../tokens.ts';
import { cluster, host, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, expectComplete, http, summary } from '../snapshot.ts';

const THROUGH = '1 c 10.0.0.1:80';
const OPEN = '1 undetermined: whether the token is signed by a key that the proxy has is not known';
const UNVERIFIED = '1 401 - jwt_authn_access_denied{Jwt_verification_fails}';

function asked(...question: Parameters<typeof outcomesOf>): readonly string[] {
  return outcomesOf(...question).map(summary);
}

const KEYS = { local_jwks: { inline_string: JSON.stringify({ keys: [{ kty: 'RSA' }, { kty: 'RSA', e: 'AQAB' }] }) } };

function outcomesOf(
  provider: object,
  headers: Readonly<Record<string, string>>,
  verifySignature?: VerifySignature,
  path = '/',
): readonly EnvoyOutcome[] {
  const requires = { requires_any: { requirements: [{ provider_name: 'p' }, { allow_missing: {} }] } };
  return outcomesWith({ p: { ...KEYS, ...provider } }, requires, headers, verifySignature, path);
}

function outcomesWith(
  providers: object,
  requires: object,
  headers: Readonly<Record<string, string>>,
  verifySignature?: VerifySignature,
  path = '/',
  bootstrap: object = {},
): readonly EnvoyOutcome[] {
  const rules = [{ match: { prefix: '/' }, requires }];
  const filter = httpFilter('jwt_authn.v3.JwtAuthentication', { providers, rules });
  const listener = httpListener([{ match: { prefix: '/' }, route: { cluster: 'c' } }], {}, [filter]);
  const proxy = smallProxy({ listeners: [listener], clusters: [cluster('c')], bootstrap });
  const facts: EnvoyFacts = verifySignature === undefined ? proxy : { ...proxy, verifySignature };
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', path, headers)));
  expectComplete(outcomes);
  return outcomes;
}

const BEARER = { authorization: `Bearer ${unsignedToken({})}` };
const second: VerifySignature = (key) => typeof key === 'object' && key !== null && 'e' in key;

it.each<[string, VerifySignature | undefined, string]>([
  ['nobody verifies', undefined, OPEN],
  ['no key has made', () => false, UNVERIFIED],
  ['one key has made', second, THROUGH],
  ['one key has made, and another cannot be read', (...given) => second(...given) || null, THROUGH],
  ['no key has made that can be read', (...given) => (second(...given) === true ? null : false), OPEN],
  [
    'is too short for one key',
    () => 'length',
    '1 401 - jwt_authn_access_denied{Jwt_ED25519_signature_is_wrong_length}',
  ],
  [
    'is too short for one key, behind one that cannot be read',
    (key) => (second(key, '', '', new Uint8Array()) ? 'length' : null),
    OPEN,
  ],
])('a signature that %s', (_, verify, expected) => {
  expect(asked({}, BEARER, verify)).toEqual([expected]);
});

it.each<[string, object, Record<string, string>, string]>([
  [
    'a claim that is a list',
    { claim_to_headers: [{ header_name: 'x', claim_name: 'aud' }] },
    { authorization: `Bearer ${unsignedToken({ aud: ['a', 'b'] })}` },
    THROUGH,
  ],
  [
    'a header with a meaning of its own',
    { forward_payload_header: 'X-Forwarded-For' },
    {},
    '1 undetermined: the proxy hands claims on in the header x-forwarded-for',
  ],
  [
    'something behind the token',
    {},
    { authorization: `${BEARER.authorization}, Bearer x` },
    '1 undetermined: whether the header authorization holds one token, and which, is not known',
  ],
  [
    'several Cookie headers',
    { from_cookies: ['t'] },
    { cookie: 't=a,b' },
    '1 undetermined: whether there is one Cookie header or several is not known',
  ],
])('is not taken for more than is known: %s', (_, provider, headers, expected) => {
  expect(asked(provider, { ...BEARER, ...headers }, () => true)).toEqual([expected]);
});

it('cites no key, which may be a secret', () => {
  const secret = { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] };
  const provider = { issuer: 'i', local_jwks: { inline_string: JSON.stringify(secret) } };
  for (const authorization of [
    `Bearer ${unsignedToken({ iss: 'i' })}`,
    `Bearer ${unsignedToken({ iss: 'i', exp: 1 })}`,
    'Bearer a, b',
    'Bearer a.b',
  ])
    expect(JSON.stringify(outcomesOf(provider, { authorization }).map(({ end, steps }) => [end, steps]))).not.toContain(
      'c2VjcmV0',
    );
});

it('does not tell whether a token is taken out of the path where the version is not known', () => {
  const path = `/?access_token=${unsignedToken({})}`;
  expect(asked({}, {}, () => true, path)).toEqual([
    '1 undetermined: whether the proxy takes the token out of the path depends on its version',
  ]);
  expect(asked({ forward: true }, {}, () => true, path)).toEqual([THROUGH]);
});

it('does not tell what becomes of a header for claims where the version is not known', () => {
  const provider = { claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] };
  expect(asked(provider, { 'x-sub': 'mallory' })).toEqual([
    '1 undetermined: whether the proxy takes headers for claims away depends on its version',
  ]);
  expect(asked(provider, {})).toEqual([THROUGH]);
});

it('does not tell which of two providers of one issuer judges a token, nor which of two headers of one key holds it', () => {
  const anyone = (providers: object, headers: Readonly<Record<string, string>>): readonly string[] =>
    outcomesWith(providers, { allow_missing: {} }, headers, () => true).map(summary);
  expect(anyone({ p: KEYS, q: KEYS }, BEARER)).toEqual([
    '1 undetermined: which of several providers of one issuer judges the token is not known',
  ]);
  const from = (name: string, value_prefix: string): object => ({ ...KEYS, from_headers: [{ name, value_prefix }] });
  expect(anyone({ p: from('x-a', 'b'), q: from('x-ab', '') }, {})).toEqual([
    '1 undetermined: two headers for tokens are the same to the proxy',
  ]);
});

it('does not tell whether headers for claims are taken away where a runtime key may decide', () => {
  const provider = { ...KEYS, claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] };
  const bootstrap = {
    node: { user_agent_name: 'envoy', user_agent_build_version: { version: { major_number: 1, minor_number: 40 } } },
    layered_runtime: { layers: [{ name: 'l', rtds_layer: { name: 'r' } }] },
  };
  const headers = { 'x-sub': 'mallory' };
  expect(outcomesWith({ p: provider }, { allow_missing: {} }, headers, undefined, '/', bootstrap).map(summary)).toEqual(
    [
      '1 undetermined: the runtime key envoy.reloadable_features.jwt_authn_sanitize_payload_headers_filter_wide may be set by a layer that no dump shows',
    ],
  );
});

/** Tokens of which a claim goes into the header `x-sub`, whereupon the route is looked for anew, and routes of two hosts. */
function routing(ofFirst: readonly object[], ofSecond: readonly object[], more: object): EnvoyFacts {
  const claims = { claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] };
  const filter = httpFilter('jwt_authn.v3.JwtAuthentication', {
    providers: { p: { ...KEYS, ...claims, ...more } },
    rules: [{ match: { prefix: '/' }, requires: { provider_name: 'p' } }],
  });
  const virtual_hosts = [
    { name: 'first', domains: ['first'], routes: ofFirst },
    { name: 'second', domains: ['second'], routes: ofSecond },
  ];
  const version = { version: { major_number: 1, minor_number: 39 } };
  const proxy = smallProxy({
    listeners: [httpListener([], { route_config: { name: 'r', virtual_hosts } }, [filter])],
    clusters: ['c', 'd'].map((name) => cluster(name, 0, { type: 'EDS', load_assignment: undefined })),
    endpoints: ['c', 'd'].map((name) => ({
      cluster_name: name,
      endpoints: [{ lb_endpoints: [host('10.0.0.1', { load_balancing_weight: 1 })] }],
    })),
    bootstrap: { node: { user_agent_name: 'envoy', user_agent_build_version: version } },
  });
  return { ...proxy, verifySignature: () => true };
}

const ALICE = { authorization: `Bearer ${unsignedToken({ sub: 'alice' })}` };
const ofAlice = { match: { prefix: '/', headers: [{ name: 'x-sub', present_match: true }] }, route: { cluster: 'd' } };

it('looks for a route anew among those of its own virtual host, whichever host was asked for before', () => {
  const plain = { match: { prefix: '/' }, route: { cluster: 'c' } };
  const proxy = routing([plain], [ofAlice, plain], { clear_route_cache: true });
  const memory = new Memory(AS_OUTCOMES, true);
  const ask = (authority: string): readonly string[] =>
    evaluateEnvoy(proxy, direct('10.1.1.1', '10.1.1.2', 80, http('GET', authority, '/', ALICE)), memory).map(summary);
  expect(ask('first')).toEqual([THROUGH]);
  expect(ask('second')).toEqual(['1 d 10.0.0.1:80']);
});

it('does not take a claim for what named the cluster before', () => {
  const proxy = routing([{ match: { prefix: '/' }, route: { cluster_header: 'x-sub' } }], [], {});
  const request = { ...http('GET', 'first', '/', ALICE), unknownHeaders: ['x-sub'] };
  expect(evaluateEnvoy(proxy, direct('10.1.1.1', '10.1.1.2', 80, request)).map(summary)).toEqual([
    '1 undetermined: a proxy before this one sets the header x-sub',
  ]);
});
