/**
 * Gateway API at random: a Gateway served by the ingress gateway, and routes of HTTP, gRPC, TLS and TCP behind it or behind Services
 * themselves. In: a source of randomness. Out: objects.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Random } from '../envoy/random.ts';
import { OF_MESH } from './gateway-secrets.ts';
import { METHODS, portOf, USERS } from './random-names.ts';

/** Hosts that are asked of the Gateway. */
export const ROUTED_HOSTS = ['a.routed.example.test', 'b.routed.example.test', 'deep.b.routed.example.test'];
/** Hosts of TLS, which it ends or passes on. */
export const ENDED_HOST = 'ended.routed.example.test';
export const UNTOUCHED_HOSTS = ['one.untouched.example.test', 'two.untouched.example.test'];

const GROUP = 'gateway.networking.k8s.io';
const GATEWAY = { name: 'kubernetes', namespace: 'istio-system' };
const SERVICES = ['details', 'ratings', 'reviews', 'store'];

function object(kind: string, name: string, spec: object, namespace = 'bookinfo'): KubernetesObject {
  const version = kind === 'ReferenceGrant' ? 'v1beta1' : 'v1';
  return { apiVersion: `${GROUP}/${version}`, kind, metadata: { name, namespace }, spec };
}

export function randomGatewayApi(random: Random): readonly KubernetesObject[] {
  return [
    gateway(random),
    ...['', '-too'].filter(() => random.chance(0.85)).map((end) => atGateway(random, `routed${end}`)),
    ...(random.chance(0.85) ? [ended(random)] : []),
    ...(random.chance(0.85) ? [untouched(random)] : []),
    ...SERVICES.filter(() => random.chance(0.2)).map((name) => ofService(random, name)),
    ...(random.chance(0.15) ? [ofService(random, 'raw', 'plain')] : []),
    ...(random.chance(0.2) ? [grpc(random)] : []),
    ...(random.chance(0.2) ? [tcp(random)] : []),
    ...(random.chance(0.5) ? [grant(random)] : []),
  ];
}

function gateway(random: Random): KubernetesObject {
  const selector = { matchLabels: { 'kubernetes.io/metadata.name': random.pick(['bookinfo', 'limited']) } };
  const all = { from: 'All' };
  const namespaces = { allowedRoutes: { namespaces: random.pick([all, all, all, { from: 'Selector', selector }]) } };
  const hostname = random.maybe(0.6, () => ({ hostname: random.pick(['*.routed.example.test', ROUTED_HOSTS[0]!]) }));
  const spec = {
    gatewayClassName: 'istio',
    addresses: [{ type: 'Hostname', value: 'istio-ingressgateway.istio-system.svc.cluster.local' }],
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP', ...hostname, ...namespaces },
      {
        name: 'ended',
        port: 443,
        protocol: 'HTTPS',
        hostname: ENDED_HOST,
        tls: {
          mode: 'Terminate',
          certificateRefs: [{ name: random.pick([OF_MESH, OF_MESH, 'none']) }],
        },
        ...namespaces,
      },
      {
        name: 'untouched',
        port: 443,
        protocol: 'TLS',
        hostname: '*.untouched.example.test',
        tls: { mode: 'Passthrough' },
        ...namespaces,
      },
    ],
  };
  // It is served by the Service of its own namespace.
  return object('Gateway', 'kubernetes', spec, GATEWAY.namespace);
}

/** A route behind a listener of the Gateway. */
function parent(sectionName: string): object {
  return { ...GATEWAY, sectionName };
}

function atGateway(random: Random, name: string): KubernetesObject {
  const hosts = ['*.routed.example.test', '*.b.routed.example.test', ...ROUTED_HOSTS];
  const parents = random.pick([
    [parent('http')],
    [parent('http')],
    [parent('http')],
    [GATEWAY],
    [GATEWAY],
    [parent('nowhere')],
  ]);
  return object('HTTPRoute', name, {
    parentRefs: parents,
    ...random.maybe(0.8, () => ({ hostnames: random.some(hosts, 1, 3) })),
    rules: rules(random),
  });
}

function ended(random: Random): KubernetesObject {
  const spec = { parentRefs: [parent('ended')], hostnames: [ENDED_HOST], rules: rules(random) };
  return object('HTTPRoute', 'ended', spec);
}

function untouched(random: Random): KubernetesObject {
  const names = [...UNTOUCHED_HOSTS, '*.untouched.example.test'];
  return object('TLSRoute', 'untouched', {
    parentRefs: [parent('untouched')],
    hostnames: random.some(names, 1, 2),
    rules: [{ backendRefs: references(random, () => secure(random)) }],
  });
}

/** One for a Service, by all who ask it (or who are in the route's own namespace). */
function ofService(random: Random, name: string, namespace = 'bookinfo'): KubernetesObject {
  const number = portOf(namespace === 'plain' ? 'raw.plain' : name);
  const service = { group: '', kind: 'Service', name };
  const spec = {
    parentRefs: [{ ...service, ...random.maybe(0.6, () => ({ port: number })), namespace }],
    rules: rules(random),
  };
  return object('HTTPRoute', `mesh-${name}`, spec, random.chance(0.85) ? namespace : 'limited');
}

function grpc(random: Random): KubernetesObject {
  const service = { group: '', kind: 'Service', name: 'ratings', port: 9080 };
  const method = random.pick([{ service: 'a' }, { service: 'a', method: 'b' }, { method: 'b' }]);
  return object('GRPCRoute', 'mesh-grpc', {
    parentRefs: [random.chance(0.5) ? service : parent('http')],
    rules: [
      {
        matches: [{ method }, ...(random.chance(0.3) ? [{ headers: [{ name: 'x-user', value: 'ann' }] }] : [])],
        backendRefs: references(random, () => backend(random)),
      },
    ],
  });
}

function tcp(random: Random): KubernetesObject {
  const service = { group: '', kind: 'Service', name: 'store', port: 9000 };
  const text = (): object =>
    random.pick([
      { name: 'store', port: 9000 },
      { name: 'raw', namespace: 'plain', port: 9000 },
    ]);
  return object('TCPRoute', 'mesh-tcp', {
    parentRefs: [service],
    rules: [{ backendRefs: references(random, text) }],
  });
}

/** Routes of a namespace may lead to another one's Services where that one says so. */
function grant(random: Random): KubernetesObject {
  const kinds = random.pick([['HTTPRoute', 'TLSRoute', 'TCPRoute', 'GRPCRoute'], ['HTTPRoute']]);
  return object(
    'ReferenceGrant',
    'routes',
    {
      from: kinds.map((kind) => ({ group: GROUP, kind, namespace: 'bookinfo' })),
      to: [{ group: '', kind: 'Service' }],
    },
    'plain',
  );
}

function rules(random: Random): readonly object[] {
  return Array.from({ length: 1 + random.below(3) }, (_, at) => {
    const prefix = random.pick(['/', '/a', '/a/b', '/c/']);
    const path = random.pick([
      { type: 'PathPrefix', value: prefix },
      { type: 'PathPrefix', value: prefix },
      { type: 'Exact', value: random.pick(['/a', '/b', '/a/b']) },
      { type: 'RegularExpression', value: '/[a-c]/?.*' },
    ]);
    const one = { path, ...matches(random) };
    const others = random.chance(0.25) && path.type !== 'PathPrefix' ? [matches(random)] : [];
    const isWhole = at > 0 && random.chance(0.3);
    return {
      ...(isWhole ? {} : { matches: [one, ...others] }),
      ...outcome(random, !isWhole && path.type === 'PathPrefix'),
      ...random.maybe(0.15, () => ({
        timeouts: random.pick([{ request: '4s' }, { request: '4s', backendRequest: '3s' }]),
      })),
    };
  });
}

function matches(random: Random): object {
  const header = random.pick([
    { name: 'x-user', value: random.pick(USERS) },
    { name: 'X-User', type: 'RegularExpression', value: 'a.*' },
  ]);
  return {
    ...random.maybe(0.3, () => ({ headers: [header] })),
    ...random.maybe(0.15, () => ({ method: random.pick(METHODS) })),
    ...random.maybe(0.15, () => ({ queryParams: [{ name: 'x', value: '1' }] })),
  };
}

/** @param isPrefix whether the rule matches by one prefix */
function outcome(random: Random, isPrefix: boolean): object {
  if (random.chance(0.15)) {
    const requestRedirect = {
      ...random.pick([
        { path: { type: 'ReplaceFullPath', replaceFullPath: '/elsewhere' } },
        { hostname: 'elsewhere.example.test' },
        { scheme: 'https' },
        { scheme: 'https', port: 8443 },
        ...(isPrefix ? [{ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/elsewhere' } }] : []),
      ]),
      ...random.maybe(0.6, () => ({ statusCode: random.pick([301, 302, 303, 307, 308]) })),
    };
    return { filters: [{ type: 'RequestRedirect', requestRedirect }] };
  }
  const filters = [
    ...(random.chance(0.25) ? [requestHeaders(random)] : []),
    ...(random.chance(0.15) ? [responseHeaders(random)] : []),
    ...(random.chance(0.2) ? [rewrite(random, isPrefix)] : []),
    ...(random.chance(0.1) ? [mirror(random)] : []),
    ...(random.chance(0.1) ? [cors(random)] : []),
  ];
  return {
    ...(filters.length > 0 ? { filters } : {}),
    ...random.maybe(0.95, () => ({ backendRefs: references(random, () => backend(random)) })),
  };
}

function requestHeaders(random: Random): object {
  const requestHeaderModifier = random.pick([
    { set: [{ name: 'x-user', value: 'ann' }] },
    { add: [{ name: 'x-user', value: 'bob' }] },
    { remove: ['x-user'] },
    { set: [{ name: 'host', value: 'renamed.example.test' }] },
  ]);
  return { type: 'RequestHeaderModifier', requestHeaderModifier };
}

function responseHeaders(random: Random): object {
  const responseHeaderModifier = random.pick([
    { set: [{ name: 'x-answered', value: 'yes' }] },
    { remove: ['content-type'] },
  ]);
  return { type: 'ResponseHeaderModifier', responseHeaderModifier };
}

function rewrite(random: Random, isPrefix: boolean): object {
  const urlRewrite = random.pick([
    { hostname: 'renamed.example.test' },
    { path: { type: 'ReplaceFullPath', replaceFullPath: '/a/b' } },
    ...(isPrefix
      ? [
          { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
          { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/c' }, hostname: 'renamed.example.test' },
        ]
      : []),
  ]);
  return { type: 'URLRewrite', urlRewrite };
}

function mirror(random: Random): object {
  const requestMirror = {
    backendRef: { name: 'ratings', port: 9080 },
    ...random.pick([{}, { percent: 50 }, { fraction: { numerator: 1, denominator: 3 } }]),
  };
  return { type: 'RequestMirror', requestMirror };
}

function cors(random: Random): object {
  const origins = random.pick([['http://one.example.test'], ['*'], ['http://*.example.test']]);
  return { type: 'CORS', cors: { allowOrigins: origins, allowMethods: ['GET'], maxAge: 5 } };
}

function references(random: Random, make: () => object): readonly object[] {
  return random
    .pick([[1], [1], [1], [1, 1], [1, 1], [30, 70], [30, 70], [0, 1], [0]])
    .map((weight) => ({ ...make(), weight }));
}

function backend(random: Random): object {
  const name = random.pick([...SERVICES, ...SERVICES, 'nowhere', 'raw']);
  const place = name === 'raw' ? { name, namespace: 'plain', port: 8080 } : { name, port: portOf(name) };
  return { ...place, ...random.maybe(0.15, () => ({ filters: [requestHeaders(random)] })) };
}

function secure(random: Random): object {
  return random.pick([
    { name: 'store', port: 8443 },
    { name: 'store', port: 8443 },
    { name: 'raw', namespace: 'plain', port: 8443 },
    { name: 'nowhere', port: 8443 },
  ]);
}
