/** What servers demand of clients, at random: mutual TLS, tokens and rules, and filters that EnvoyFilters add. */
import type { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { SIGNED_TOKENS } from '../../lab/topology/signed-tokens.ts';
import { istio } from '../../lab/topology/mesh-objects.ts';
import { APPS, METHODS, portOf, USERS } from './random-names.ts';

const MODES = ['STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET'];
const ACCOUNTS = ['bookinfo/sa/default', 'bookinfo/sa/bookinfo-productpage', 'limited/sa/default'];
/** Of the lab's pods on each node, and of none. */
const BLOCKS = ['10.244.1.0/24', '10.244.2.0/24', '192.0.2.0/24'];

export function randomPolicies(random: Random): readonly KubernetesObject[] {
  return [
    ...(random.chance(0.5)
      ? [istio('security', 'PeerAuthentication', 'default', { mtls: { mode: random.pick(MODES) } })]
      : []),
    ...APPS.filter(() => random.chance(0.4)).map((app) => peerAuthentication(random, app)),
    ...APPS.filter(() => random.chance(0.3)).map((app) => authorizationPolicy(random, app, app)),
    ...APPS.filter(() => random.chance(0.1)).map((app) => authorizationPolicy(random, app, `${app}-too`)),
    ...APPS.filter(() => random.chance(0.2)).map(requestAuthentication),
    ...APPS.filter(() => random.chance(0.15)).map((app) => envoyFilter(random, app)),
  ];
}

function peerAuthentication(random: Random, app: string): KubernetesObject {
  return istio('security', 'PeerAuthentication', app, {
    selector: { matchLabels: { app } },
    mtls: { mode: random.pick(MODES) },
    ...random.maybe(0.3, () => ({ portLevelMtls: { [portOf(app)]: { mode: random.pick(MODES.slice(0, 3)) } } })),
  });
}

/** Tokens of an issuer, whose subject becomes a header; a request without one passes. */
function requestAuthentication(app: string): KubernetesObject {
  return istio('security', 'RequestAuthentication', app, {
    selector: { matchLabels: { app } },
    jwtRules: [{ ...SIGNED_TOKENS, outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }] }],
  });
}

function authorizationPolicy(random: Random, app: string, name: string): KubernetesObject {
  const rule = (): object => ({
    ...random.maybe(0.6, () => ({ from: [{ source: source(random) }] })),
    to: [
      {
        operation: random.pick([
          { methods: [random.pick(METHODS)] },
          { paths: [random.pick(['/a*', '/b', '*/b', '/{*}', '/c/{**}'])] },
          { notPaths: [random.pick(['/a*', '/'])] },
          { ports: [String(portOf(app))] },
          { hosts: [random.pick([`${app}*`, '*.example.test', 'renamed.example.test'])] },
        ]),
      },
    ],
    ...random.maybe(0.3, () => ({ when: [condition(random, app)] })),
  });
  return istio('security', 'AuthorizationPolicy', name, {
    selector: { matchLabels: { app } },
    action: random.pick(['ALLOW', 'ALLOW', 'DENY', 'DENY', 'AUDIT']),
    rules: Array.from({ length: 1 + random.below(2) }, rule),
  });
}

function source(random: Random): object {
  return random.pick([
    { principals: [`cluster.local/ns/${random.pick(ACCOUNTS)}`] },
    { notPrincipals: [`cluster.local/ns/${random.pick(ACCOUNTS)}`] },
    { namespaces: [random.pick(['bookinfo', 'limited'])] },
    { ipBlocks: [random.pick(BLOCKS)] },
    { notRemoteIpBlocks: [random.pick(BLOCKS)] },
    { requestPrincipals: ['*'] },
    { requestPrincipals: [`${SIGNED_TOKENS.issuer}/${random.pick(USERS)}`] },
    { notRequestPrincipals: [`${SIGNED_TOKENS.issuer}/*`] },
  ]);
}

function condition(random: Random, app: string): object {
  return random.pick([
    { key: 'request.headers[x-user]', values: [random.pick(USERS)] },
    { key: 'request.headers[x-user]', notValues: [random.pick(USERS)] },
    { key: 'source.namespace', values: ['bookinfo'] },
    { key: 'destination.port', values: [String(portOf(app))] },
    { key: 'request.auth.claims[group]', values: ['a'] },
    { key: 'request.auth.claims[group]', notValues: ['b'] },
    { key: 'request.auth.claims[of][city]', values: ['Ulm*'] },
  ]);
}

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';
const ALWAYS = { numerator: 100, denominator: 'HUNDRED' };

/** A filter before the router of an application's proxy: one that answers some users itself, or one that counts. */
function envoyFilter(random: Random, app: string): KubernetesObject {
  const value = random.pick([
    {
      name: 'envoy.filters.http.fault',
      typed_config: {
        '@type': `${TYPE}.fault.v3.HTTPFault`,
        abort: { http_status: 429, percentage: ALWAYS },
        headers: [{ name: 'x-user', string_match: { exact: random.pick(USERS) } }],
      },
    },
    {
      name: 'envoy.filters.http.local_ratelimit',
      typed_config: {
        '@type': `${TYPE}.local_ratelimit.v3.LocalRateLimit`,
        stat_prefix: 'limited',
        token_bucket: { max_tokens: 100_000, tokens_per_fill: 100_000, fill_interval: '1s' },
        filter_enabled: { default_value: ALWAYS },
        filter_enforced: { default_value: ALWAYS },
      },
    },
  ]);
  return istio('networking', 'EnvoyFilter', app, {
    workloadSelector: { labels: { app } },
    configPatches: [
      {
        applyTo: 'HTTP_FILTER',
        match: {
          context: 'SIDECAR_INBOUND',
          listener: {
            filterChain: {
              filter: {
                name: 'envoy.filters.network.http_connection_manager',
                subFilter: { name: 'envoy.filters.http.router' },
              },
            },
          },
        },
        patch: { operation: 'INSERT_BEFORE', value },
      },
    ],
  });
}
