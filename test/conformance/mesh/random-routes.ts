/** Routes of VirtualServices at random. In: a source of randomness and what may be named. Out: `http` and `tcp` of their spec. */
import { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio } from '../../lab/topology/mesh-objects.ts';
import { APPS, fullName, METHODS, portOf, SERVICES, VERSIONS, type Entries } from './random-names.ts';

/** Of `withoutHeaders` any value, which is no regular expression (pkg/config/validation/virtualservice.go, validateHTTPRouteMatchRequest). */
const ANY = { regex: '*' };
const HOST_NAMES = ['host', ':authority'];

/** The VirtualServices of an application's host: one, or one that delegates. */
export function virtualServices(random: Random, name: string, entries: Entries): readonly KubernetesObject[] {
  const http = routes(random, name, entries);
  const tcp = name === 'store' ? random.maybe(0.5, () => ({ tcp: [bytesRoute(random, entries)] })) : {};
  const seen = random.maybe(0.1, () => ({ exportTo: ['.'] }));
  if (random.chance(0.8))
    return [istio('networking', 'VirtualService', name, { hosts: [name], http, ...tcp, ...seen })];
  // A delegate's matches must be parts of those of the root's route.
  const prefix = random.pick(['/', '/a']);
  const delegate = { name: random.chance(0.9) ? `${name}-part` : 'nobody', namespace: 'bookinfo' };
  return [
    istio('networking', 'VirtualService', name, {
      hosts: [name],
      http: [{ match: [{ uri: { prefix } }], delegate }, { ...action(random, name, entries) }],
      ...tcp,
    }),
    istio('networking', 'VirtualService', `${name}-part`, {
      http: [
        { match: [{ uri: { prefix: '/a' } }], ...action(random, name, entries) },
        ...(random.chance(0.5) ? [action(random, name, entries)] : []),
      ],
    }),
  ];
}

function destination(random: Random, own: string, entries: Entries): object {
  // A route of HTTP to what speaks something else fails, which no configuration tells.
  const web = entries.filter(({ speaks }) => speaks === 'http');
  if (web.length > 0 && random.chance(0.1)) {
    const { host, port } = random.pick(web);
    return { host, port: { number: port } };
  }
  const name = random.chance(0.7) ? own : random.pick([...SERVICES, 'nowhere']);
  const subset = name === 'reviews' && random.chance(0.6) ? { subset: random.pick([...VERSIONS, 'v9']) } : {};
  return { host: fullName(name), port: { number: portOf(name) }, ...subset };
}

/** What becomes of the text that store's port 9000 speaks. */
function bytesRoute(random: Random, entries: Entries): object {
  const text = entries.filter(({ speaks }) => speaks === 'text');
  const hosts = [
    ...['store', 'raw.plain'].map((name) => ({ host: fullName(name), port: { number: 9000 } })),
    ...text.map(({ host, port }) => ({ host, port: { number: port } })),
  ];
  const shares = random.pick([[100], [40, 60]]);
  return {
    match: [{ port: 9000 }],
    route: shares.map((weight) => ({ destination: random.pick(hosts), weight })),
  };
}

export function routes(random: Random, own: string, entries: Entries): object[] {
  const conditional = Array.from({ length: random.below(3) }, () => ({
    match: Array.from({ length: 1 + random.below(2) }, () => match(random)),
    ...action(random, own, entries),
  }));
  return random.chance(0.8) || conditional.length === 0 ? [...conditional, action(random, own, entries)] : conditional;
}

function match(random: Random): object {
  const path = random.pick(['/a', '/b', '/c']);
  return {
    ...(random.chance(0.6)
      ? { uri: random.pick([{ prefix: path }, { prefix: `${path}/` }, { exact: path }, { regex: `${path}/[0-9]+` }]) }
      : { headers: { 'x-user': random.pick([{ exact: 'ann' }, { prefix: 'b' }, { regex: '(ann|bob)' }, {}]) } }),
    ...random.maybe(0.2, () => ({ method: random.pick([{ exact: random.pick(METHODS) }, { regex: 'GET|OPTIONS' }]) })),
    ...random.maybe(0.1, () => ({
      queryParams: { x: random.pick([{ exact: '1' }, { prefix: '1' }, { regex: '[a-z]' }]) },
    })),
    ...random.maybe(0.1, () => ({ withoutHeaders: { 'x-user': random.pick([{ exact: 'bob' }, ANY, {}]) } })),
    ...random.maybe(0.05, () => ({ port: random.pick([80, 8080, 9080]) })),
    ...random.maybe(0.05, () => ({ gateways: [random.pick(['mesh', 'front', 'secure'])] })),
    ...random.maybe(0.1, () => ({ sourceLabels: { app: random.pick(['cli', 'productpage']) } })),
    ...random.maybe(0.05, () => ({ sourceNamespace: random.pick(['bookinfo', 'limited']) })),
    ...random.maybe(0.1, () => ({ ignoreUriCase: true })),
    ...random.maybe(0.05, () => ({ scheme: { exact: 'http' } })),
    ...random.maybe(0.05, () => ({
      authority: random.pick([{ prefix: random.pick([...APPS, 'a.']) }, { exact: 'a.example.test' }]),
    })),
  };
}

/** What becomes of a request that a route takes. @param own the Service that it mostly leads to */
export function action(random: Random, own: string, entries: Entries): object {
  if (random.chance(0.1)) return { redirect: redirect(random) };
  if (random.chance(0.1)) return { directResponse: directResponse(random) };
  const shares = random.pick([[100], [100], [100], [50, 50], [30, 70], [0, 100]]);
  const changed = random.maybe(0.2, () => ({ rewrite: rewrite(random) }));
  return {
    route: shares.map((weight) => ({
      destination: destination(random, own, entries),
      weight,
      ...random.maybe(0.15, () => ({ headers: headers(random, HOST_NAMES) })),
    })),
    ...random.maybe(0.15, () => ({ fault: fault(random) })),
    ...changed,
    // istiod takes one rewrite of the authority alone.
    ...random.maybe(0.2, () => ({ headers: headers(random, 'rewrite' in changed ? [] : HOST_NAMES) })),
    ...random.maybe(0.1, () => mirrors(random)),
    ...random.maybe(0.1, () => ({ corsPolicy: cors(random) })),
    ...random.maybe(0.1, () => ({ timeout: '4s' })),
    ...random.maybe(0.9, () => ({ retries: random.chance(0.5) ? { attempts: 0 } : retries(random) })),
  };
}

function directResponse(random: Random): object {
  const status = random.pick([200, 204, 404, 503]);
  return { status, ...random.maybe(0.3, () => ({ body: { string: 'said by a route' } })) };
}

function mirrors(random: Random): object {
  const copy = (): object => ({ host: fullName(random.pick(APPS)) });
  return random.pick([
    { mirror: copy(), mirrorPercentage: { value: random.pick([50, 100]) } },
    { mirrors: [{ destination: copy() }, { destination: copy(), percentage: { value: 30 } }] },
  ]);
}

function retries(random: Random): object {
  const conditions = ['5xx', 'connect-failure', 'gateway-error,reset', '403', 'retriable-4xx,503', 'refused-stream'];
  return {
    attempts: random.pick([1, 2]),
    ...random.maybe(0.4, () => ({ retryOn: random.pick(conditions) })),
    ...random.maybe(0.2, () => ({ perTryTimeout: '2s' })),
    ...random.maybe(0.1, () => ({ retryRemoteLocalities: true })),
    ...random.maybe(0.1, () => ({ retryIgnorePreviousHosts: random.chance(0.5) })),
    ...random.maybe(0.1, () => ({ backoff: '0.01s' })),
  };
}

function redirect(random: Random): object {
  return {
    ...random.pick([
      { uri: '/elsewhere' },
      { authority: 'elsewhere.example.test' },
      { scheme: 'https', port: 8443 },
      { scheme: 'https', derivePort: 'FROM_PROTOCOL_DEFAULT' },
      { uri: '/elsewhere', derivePort: 'FROM_REQUEST_PORT' },
    ]),
    ...random.maybe(0.8, () => ({ redirectCode: random.pick([301, 302, 303, 307, 308]) })),
  };
}

function fault(random: Random): object {
  const share = (): object => random.maybe(0.9, () => ({ percentage: { value: random.pick([0, 20, 50, 100, 100]) } }));
  const abort = {
    ...random.pick([{ httpStatus: 418 }, { httpStatus: 500 }, { grpcStatus: 'UNAVAILABLE' }]),
    ...share(),
  };
  const delay = { fixedDelay: '0.02s', ...share() };
  return random.pick([{ abort }, { abort }, { abort, delay }, { delay }]);
}

function rewrite(random: Random): object {
  return random.pick([
    { uri: '/' },
    { uri: '/a/b' },
    { uri: '/status/503/' },
    { uri: '/c', authority: 'renamed.example.test' },
    { authority: 'renamed.example.test' },
    { uriRegexRewrite: { match: '^/(a|b)', rewrite: '/c' } },
    { uriRegexRewrite: { match: '/([^/]+)/([^/]+)', rewrite: '/\\2/\\1' } },
  ]);
}

/** @param hosts names of the header that stands for the authority, where it may be set */
function headers(random: Random, hosts: readonly string[]): object {
  return {
    request: random.pick([
      { set: { 'x-user': 'ann' } },
      { add: { 'x-user': 'bob' } },
      { remove: ['x-user'] },
      { set: { 'x-user': 'bob' }, remove: ['authorization'] },
      { add: { 'x-user': 'ann', 'x-more': '%REQ(:path)%' } },
      ...hosts.map((name) => ({ set: { [name]: 'renamed.example.test' } })),
    ]),
    ...random.maybe(0.3, () => ({
      response: random.pick([
        { set: { 'x-answered': 'yes' } },
        { add: { 'x-answered': 'yes' } },
        { remove: ['content-type'] },
      ]),
    })),
  };
}

function cors(random: Random): object {
  return {
    allowOrigins: [random.pick([{ exact: 'http://one.example.test' }, { regex: 'http://.*' }])],
    allowMethods: ['GET'],
    ...random.maybe(0.3, () => ({ unmatchedPreflights: random.pick(['FORWARD', 'IGNORE']) })),
  };
}
