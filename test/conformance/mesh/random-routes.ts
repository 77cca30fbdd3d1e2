/** Routes of VirtualServices at random. In: a source of randomness and what may be named. Out: `http` and `tcp` of their spec. */
import { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio } from '../../lab/topology/mesh-objects.ts';
import { APPS, fullName, METHODS, portOf, SERVICES, VERSIONS, type Entries } from './random-names.ts';

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
      ? { uri: random.pick([{ prefix: path }, { exact: path }, { regex: `${path}/[0-9]+` }]) }
      : { headers: { 'x-user': random.pick([{ exact: 'ann' }, { prefix: 'b' }, { regex: '(ann|bob)' }, {}]) } }),
    ...random.maybe(0.2, () => ({ method: { exact: random.pick(METHODS) } })),
    ...random.maybe(0.1, () => ({ queryParams: { x: { exact: '1' } } })),
    ...random.maybe(0.1, () => ({ withoutHeaders: { 'x-user': { exact: 'bob' } } })),
    ...random.maybe(0.1, () => ({ sourceLabels: { app: random.pick(['cli', 'productpage']) } })),
    ...random.maybe(0.05, () => ({ sourceNamespace: random.pick(['bookinfo', 'limited']) })),
    ...random.maybe(0.1, () => ({ ignoreUriCase: true })),
    ...random.maybe(0.05, () => ({ scheme: { exact: 'http' } })),
    ...random.maybe(0.05, () => ({ authority: { prefix: random.pick([...APPS, 'a.']) } })),
  };
}

function action(random: Random, own: string, entries: Entries): object {
  if (random.chance(0.1)) return { redirect: redirect(random) };
  if (random.chance(0.1)) return { directResponse: { status: random.pick([200, 404, 503]) } };
  const shares = random.pick([[100], [100], [100], [50, 50], [30, 70]]);
  return {
    route: shares.map((weight) => ({
      destination: destination(random, own, entries),
      weight,
      ...random.maybe(0.1, () => ({ headers: headers(random) })),
    })),
    ...random.maybe(0.15, () => ({ fault: fault(random) })),
    ...random.maybe(0.2, () => ({ rewrite: rewrite(random) })),
    ...random.maybe(0.2, () => ({ headers: headers(random) })),
    ...random.maybe(0.1, () => ({ mirror: { host: fullName(random.pick(APPS)) }, mirrorPercentage: { value: 100 } })),
    ...random.maybe(0.1, () => ({ corsPolicy: cors(random) })),
    ...random.maybe(0.1, () => ({ timeout: '4s' })),
    retries: random.chance(0.5) ? { attempts: 0 } : retries(random),
  };
}

function retries(random: Random): object {
  const conditions = ['5xx', 'connect-failure', 'gateway-error,reset', '403'];
  return { attempts: 2, ...random.maybe(0.3, () => ({ retryOn: random.pick(conditions) })) };
}

function redirect(random: Random): object {
  return {
    ...random.pick([{ uri: '/elsewhere' }, { authority: 'elsewhere.example.test' }, { scheme: 'https', port: 8443 }]),
    redirectCode: random.pick([301, 302, 307, 308]),
  };
}

function fault(random: Random): object {
  const abort = { httpStatus: random.pick([418, 500]), percentage: { value: random.pick([50, 100]) } };
  const delay = { fixedDelay: '0.02s', percentage: { value: 100 } };
  return random.pick([{ abort }, { abort }, { abort, delay }, { delay }]);
}

function rewrite(random: Random): object {
  return random.pick([
    { uri: '/' },
    { uri: '/a/b' },
    { authority: 'renamed.example.test' },
    { uriRegexRewrite: { match: '^/(a|b)', rewrite: '/c' } },
  ]);
}

function headers(random: Random): object {
  return {
    request: random.pick([
      { set: { 'x-user': 'ann' } },
      { add: { 'x-user': 'bob' } },
      { remove: ['x-user'] },
      { set: { host: 'renamed.example.test' } },
    ]),
    ...random.maybe(0.3, () => ({ response: { set: { 'x-answered': 'yes' } } })),
  };
}

function cors(random: Random): object {
  return {
    allowOrigins: [random.pick([{ exact: 'http://one.example.test' }, { regex: 'http://.*' }])],
    allowMethods: ['GET'],
    ...random.maybe(0.3, () => ({ unmatchedPreflights: random.pick(['FORWARD', 'IGNORE']) })),
  };
}
