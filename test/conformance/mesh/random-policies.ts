/** What servers demand of clients, at random: mutual TLS, tokens and rules. */
import type { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { SIGNED_TOKENS } from '../../lab/topology/signed-tokens.ts';
import { ABSENT_PROVIDER } from '../../lab/topology/mesh-base.ts';
import { inNamespace, istio } from '../../lab/topology/mesh-objects.ts';
import { APPS, METHODS, portOf, USERS } from './random-names.ts';

const MODES = ['STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET'];
const ACCOUNTS = ['bookinfo/sa/default', 'bookinfo/sa/bookinfo-productpage', 'limited/sa/default'];
/** Of the lab's pods on each node, of one of them, of the outside, and of none. */
const BLOCKS = ['10.244.1.0/24', '10.244.2.0/24', '{store}', '198.51.100.0/24', '192.0.2.0/24'];
const NUMBERS = ['9080', '8080', '9000', '80'];
const HOSTS = ['details*', 'store.bookinfo:8080', '*.example.test', 'renamed.example.test', '*.bookinfo:9080'];

export function randomPolicies(random: Random): readonly KubernetesObject[] {
  return [
    ...(random.chance(0.5)
      ? [istio('security', 'PeerAuthentication', 'default', { mtls: { mode: random.pick(MODES) } })]
      : []),
    ...APPS.filter(() => random.chance(0.4)).map((app) => peerAuthentication(random, app)),
    ...APPS.filter(() => random.chance(0.35)).map((app) => authorizationPolicy(random, app, of(app))),
    ...APPS.filter(() => random.chance(0.15)).map((app) => authorizationPolicy(random, `${app}-too`, of(app))),
    ...wholeMesh(random),
    ...APPS.filter(() => random.chance(0.2)).map((app) => requestAuthentication(random, app, of(app))),
  ];
}

/** What counts for a namespace, for the whole mesh, or at the ingress gateway. */
function wholeMesh(random: Random): readonly KubernetesObject[] {
  const front = { selector: { matchLabels: { istio: 'ingressgateway' } } };
  const ofMesh = (object: KubernetesObject): KubernetesObject => inNamespace('istio-system', object);
  const mode = random.pick(MODES);
  return [
    ...(random.chance(0.2) ? [ofMesh(istio('security', 'PeerAuthentication', 'default', { mtls: { mode } }))] : []),
    ...(random.chance(0.15) ? [authorizationPolicy(random, 'namespace', {})] : []),
    ...(random.chance(0.1) ? [ofMesh(authorizationPolicy(random, 'mesh', {}))] : []),
    ...(random.chance(0.2) ? [ofMesh(authorizationPolicy(random, 'front', front))] : []),
    ...(random.chance(0.4) ? [ofMesh(requestAuthentication(random, 'front', front))] : []),
  ];
}

/** What selects the pods of an application. */
function of(app: string): object {
  return { selector: { matchLabels: { app } } };
}

function peerAuthentication(random: Random, app: string): KubernetesObject {
  return istio('security', 'PeerAuthentication', app, {
    ...of(app),
    mtls: { mode: random.pick(MODES) },
    ...random.maybe(0.3, () => ({ portLevelMtls: { [portOf(app)]: { mode: random.pick(MODES.slice(0, 3)) } } })),
  });
}

/** Tokens of an issuer, whose subject becomes a header; a request without one passes. */
function requestAuthentication(random: Random, name: string, whom: object): KubernetesObject {
  const from = random.pick([
    {},
    {},
    { fromHeaders: [{ name: 'x-token', prefix: 'T ' }] },
    { fromParams: ['token', 'x'] },
    { fromCookies: ['token'] },
    { fromHeaders: [{ name: 'x-token' }, { name: 'authorization', prefix: 'Bearer ' }], fromParams: ['token'] },
  ]);
  const rule = {
    ...SIGNED_TOKENS,
    ...from,
    outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }],
    ...random.maybe(0.2, () => ({ forwardOriginalToken: true })),
    ...random.maybe(0.15, () => ({ audiences: ['shop', 'bank'] })),
  };
  const other = { ...SIGNED_TOKENS, issuer: 'another@example.test' };
  return istio('security', 'RequestAuthentication', name, {
    ...whom,
    jwtRules: [rule, ...(random.chance(0.15) ? [other] : [])],
  });
}

function authorizationPolicy(random: Random, name: string, whom: object): KubernetesObject {
  const action = random.pick(['ALLOW', 'ALLOW', 'DENY', 'DENY', 'DENY', 'AUDIT', 'CUSTOM']);
  const custom = action === 'CUSTOM';
  const spec = {
    ...whom,
    action,
    ...(custom ? { provider: { name: random.pick([ABSENT_PROVIDER, 'nobody']) } } : {}),
    rules: Array.from({ length: 1 + random.below(2) }, () => policyRule(random, custom)),
  };
  const policy = istio('security', 'AuthorizationPolicy', name, spec);
  // An ALLOW without rules lets nobody through.
  if (action === 'ALLOW' && random.chance(0.05)) return { ...policy, spec: { ...spec, rules: [] } };
  const annotations = { 'istio.io/dry-run': 'true' };
  const isDry = ['ALLOW', 'DENY'].includes(action) && random.chance(0.1);
  return isDry ? { ...policy, metadata: { ...policy.metadata, annotations } } : policy;
}

/** @param custom of CUSTOM, which takes few sources */
function policyRule(random: Random, custom: boolean): object {
  const one = (make: () => object): object => ({ ...make(), ...random.maybe(0.25, make) });
  const several = (make: () => object): object[] => Array.from({ length: random.pick([1, 1, 2]) }, make);
  const from = { from: several(() => ({ source: client(random, one) })) };
  const to = { to: several(() => ({ operation: one(() => operation(random)) })) };
  const when = { when: several(() => condition(random)) };
  return {
    ...random.maybe(custom ? 0 : 0.6, () => from),
    ...random.maybe(0.85, () => to),
    ...random.maybe(custom ? 0 : 0.3, () => when),
  };
}

function operation(random: Random): object {
  return random.pick([
    { methods: random.some(METHODS, 1, 2) },
    { notMethods: [random.pick(METHODS)] },
    { paths: [random.pick(['/a*', '/b', '*/b', '/{*}', '/c/{**}', '/a/b', '*'])] },
    { notPaths: [random.pick(['/a*', '/', '*/b'])] },
    { ports: [random.pick(NUMBERS)] },
    { notPorts: [random.pick(NUMBERS)] },
    { hosts: [random.pick(HOSTS)] },
    { notHosts: [random.pick(HOSTS)] },
  ]);
}

/** Accounts stand alone: istiod refuses them beside namespaces and principals. */
function client(random: Random, one: (make: () => object) => object): object {
  if (random.chance(0.85)) return one(() => source(random));
  const accounts = [random.pick(['bookinfo/default', 'limited/default', 'bookinfo/bookinfo-productpage'])];
  return random.chance(0.6) ? { serviceAccounts: accounts } : { notServiceAccounts: accounts };
}

function source(random: Random): object {
  return random.pick([
    { principals: [random.pick([`cluster.local/ns/${random.pick(ACCOUNTS)}`, '*', '*/sa/default'])] },
    { notPrincipals: [random.pick([`cluster.local/ns/${random.pick(ACCOUNTS)}`, 'cluster.local/ns/limited/*'])] },
    { namespaces: [random.pick(['bookinfo', 'limited', 'istio-*'])] },
    { notNamespaces: [random.pick(['bookinfo', 'limited'])] },
    { ipBlocks: [random.pick(BLOCKS)] },
    { notIpBlocks: [random.pick(BLOCKS)] },
    { remoteIpBlocks: [random.pick(BLOCKS)] },
    { notRemoteIpBlocks: [random.pick(BLOCKS)] },
    { requestPrincipals: ['*'] },
    { requestPrincipals: [`${SIGNED_TOKENS.issuer}/${random.pick(USERS)}`] },
    { notRequestPrincipals: [`${SIGNED_TOKENS.issuer}/*`] },
  ]);
}

/** Keys, with values that occur. */
const CONDITIONS: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['request.headers[x-user]', [...USERS, 'a*', '*']],
  ['request.headers[user-agent]', ['asked-*', 'nobody']],
  ['source.ip', BLOCKS],
  ['remote.ip', BLOCKS],
  ['source.namespace', ['bookinfo', 'limited']],
  ['source.principal', ['cluster.local/ns/limited/sa/default', '*']],
  ['source.serviceAccount', ['bookinfo/default']],
  ['destination.ip', BLOCKS],
  ['destination.port', NUMBERS],
  ['connection.sni', ['outbound_.9080_._.*', '*']],
  ['request.auth.principal', [`${SIGNED_TOKENS.issuer}/ann`, '*']],
  ['request.auth.audiences', ['shop']],
  ['request.auth.claims[group]', ['a', 'b']],
  ['request.auth.claims[of][city]', ['Ulm*']],
];

function condition(random: Random): object {
  const [key, known] = random.pick(CONDITIONS);
  const values = [random.pick(known)];
  return random.chance(0.65) ? { key, values } : { key, notValues: values };
}
