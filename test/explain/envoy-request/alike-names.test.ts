/** Routes and clusters that differ in nothing but names are followed once, and each is answered as if it were the only one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvoyRequestAnswers, ToldRequests } from '../../../src/explain/envoy-request/envoy-request.ts';
import type { EnvoyConfigDump, EnvoyFacts } from '../../../src/model/envoy.ts';
import type { DumpReading } from '../../../src/parse/envoy/config-dump.ts';
import { refillEnvoyRequestEnd, renderEnvoyRequestEnd } from '../../../src/render/envoy-request.ts';
import { BY_LINES } from '../../evaluate/proxies/envoy/snapshot.ts';
import { chain, cluster, host, httpManager, listener, smallProxy } from '../../evaluate/proxies/envoy/small-proxy.ts';

/** As `--requests` tells it. */
const AS_LINE = { tell: renderEnvoyRequestEnd, refill: refillEnvoyRequestEnd };
const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const none = (): object => ({});
const FAULT = { '@type': `${HTTP}.fault.v3.HTTPFault`, abort: { http_status: 503, percentage: { numerator: 50 } } };
const FILTERS = [{ name: 'fault', typed_config: { '@type': `${HTTP}.fault.v3.HTTPFault` } }];
const RAW = {
  name: 'raw',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer' },
};
const tls = (sni: string): object => ({
  name: 'tls',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', sni },
});

/** What one virtual host, route, cluster or assignment may have that others have not. `name` is that of the service. */
type Differences = readonly ((name: string) => object)[];
const HOSTS: Differences = [
  () => ({ require_tls: 'ALL' }),
  () => ({ retry_policy: { retry_on: '5xx' } }),
  () => ({ typed_per_filter_config: { fault: FAULT } }),
  () => ({ unheard_of: true }),
];
const ROUTES: Differences = [
  (name) => ({ decorator: { operation: name } }),
  () => ({ typed_per_filter_config: { fault: FAULT } }),
  (name) => ({ typed_per_filter_config: { fault: { ...FAULT, upstream_cluster: name } } }),
  () => ({ typed_per_filter_config: { fault: { ...FAULT, upstream_cluster: 's0' } } }),
  () => ({ match: { prefix: '/', headers: [{ name: 'x-a', present_match: true }] } }),
  () => ({ match: { prefix: '/', runtime_fraction: { default_value: { numerator: 40 } } } }),
  () => ({ unheard_of: true }),
];
const ACTIONS: Differences = [
  () => ({ priority: 'HIGH' }),
  () => ({ prefix_rewrite: '/other' }),
  () => ({ metadata_match: { filter_metadata: { 'envoy.lb': { v: '1' } } } }),
  () => ({ timeout: '3s' }),
  () => ({ unheard_of: true }),
];
const TARGETS: readonly ((name: string, others: readonly string[]) => object)[] = [
  (name) => ({ cluster: name }),
  (name) => ({ cluster: name }),
  () => ({ cluster: 'none' }),
  () => ({ cluster_header: 'x-cluster' }),
  (name, [other = name]) => weighted([name, 90], [other, 10]),
  (name, [other = name]) => weighted([other, 90], [name, 10]),
  (name) => weighted([name, 30], [name, 70]),
  (name, [other = name]) => weighted([name, 0], [other, 1]),
];
const weighted = (...entries: readonly (readonly [string, number])[]): object => ({
  weighted_clusters: { clusters: entries.map(([name, weight]) => ({ name, weight })) },
});
/** Maps are printed in another order each time. */
const inAnyOrder = (name: string, map: object): object =>
  Object.fromEntries(/[02468]$/.test(name) ? Object.entries(map) : Object.entries(map).toReversed());
const CLUSTERS: Differences = [
  (name) => ({ alt_stat_name: name, metadata: { filter_metadata: { istio: { services: [{ name }] } } } }),
  (name) => ({ eds_cluster_config: { service_name: `eds-${name}` } }),
  (name) => ({ transport_socket: tls(name) }),
  (name) => ({
    transport_socket_matches: [
      { name: 'tls', match: { mode: 'tls' }, transport_socket: tls(name) },
      { name: 'raw', match: {}, transport_socket: RAW },
    ],
  }),
  (name) => ({ metadata: { filter_metadata: inAnyOrder(name, { istio: { services: [{ name }] }, other: { a: 1 } }) } }),
  () => ({ lb_policy: 'RANDOM' }),
  () => ({ lb_policy: 'MAGLEV' }),
  () => ({ circuit_breakers: { thresholds: [{ max_requests: 0 }] } }),
  () => ({ circuit_breakers: { thresholds: [{ priority: 'HIGH', max_requests: 0 }] } }),
  () => ({ common_lb_config: { locality_weighted_lb_config: {} } }),
  () => ({ lb_subset_config: { fallback_policy: 'NO_FALLBACK', subset_selectors: [{ keys: ['v'] }] } }),
  () => ({ type: 'ORIGINAL_DST' }),
  () => ({ unheard_of: true }),
];
const ENDPOINTS: Differences = [
  () => ({ health_status: 'UNHEALTHY' }),
  () => ({ health_status: 'DEGRADED' }),
  () => ({ load_balancing_weight: 3 }),
  (name) => ({ metadata: { filter_metadata: { istio: { workload: name }, 'envoy.lb': { v: '1' } } } }),
  () => ({ metadata: { filter_metadata: { 'envoy.transport_socket_match': { mode: 'tls' } } } }),
];
const ASSIGNMENTS: Differences = [
  () => ({ policy: { overprovisioning_factor: 100 } }),
  () => ({ policy: { drop_overloads: [{ category: 'x', drop_percentage: { numerator: 30 } }] } }),
];

const some = (differences: Differences): fc.Arbitrary<(name: string) => object> =>
  fc.oneof(fc.constant(none), fc.constantFrom(...differences));
const ownAddress = (index: number, place: number): string => `10.0.${index}.${place}`;
const ADDRESSES: readonly ((index: number, place: number) => string)[] = [
  ownAddress,
  (index) => `10.0.${index}.0`,
  (_, place) => `10.0.0.${place}`,
  (index) => `s${index}.example`,
];
const service = fc.record({
  host: some(HOSTS),
  route: some(ROUTES),
  action: some(ACTIONS),
  target: fc.constantFrom(...TARGETS),
  cluster: some(CLUSTERS),
  assignment: some(ASSIGNMENTS),
  addresses: fc.constantFrom(...ADDRESSES),
  endpoints: fc.array(fc.record({ more: some(ENDPOINTS), priority: fc.constantFrom(0, 0, 0, 1) }), { maxLength: 3 }),
  named: fc.boolean(),
  /** A route before it, for some requests, which may have the same name. */
  canary: fc.option(fc.record({ target: fc.constantFrom(...TARGETS), named: fc.constantFrom('', 'own', 'same') }), {
    nil: null,
  }),
  /** How many assignments have its name, and whether they differ. */
  assigned: fc.constantFrom<readonly object[]>([{}], [], [{}, {}], [{}, { endpoints: [] }]),
});
type Service = typeof service extends fc.Arbitrary<infer One> ? One : never;

/** Services that are alike, but for one thing that some of them have. */
const services = fc
  .tuple(
    service,
    service,
    fc.constantFrom<keyof Service>(
      'host',
      'route',
      'action',
      'target',
      'cluster',
      'assignment',
      'addresses',
      'endpoints',
      'named',
      'canary',
      'assigned',
    ),
    fc.array(fc.boolean(), { minLength: 2, maxLength: 5 }),
  )
  .map(([one, other, part, list]) => list.map((differs): Service => (differs ? { ...one, [part]: other[part] } : one)));
const PLAIN: Service = {
  host: none,
  route: none,
  action: none,
  target: (name) => ({ cluster: name }),
  cluster: none,
  assignment: none,
  addresses: ownAddress,
  endpoints: [{ more: none, priority: 0 }],
  named: false,
  canary: null,
  assigned: [{}],
};
const SUBSET = { filter_metadata: { 'envoy.lb': { v: '1' } } };
const ofSubset = (): object => ({ metadata: SUBSET });
const ofAnother = (): object => ({ metadata: { filter_metadata: { 'envoy.lb': { v: '2' } } } });
const SUBSETS = {
  cluster: () => ({ lb_subset_config: { fallback_policy: 'NO_FALLBACK', subset_selectors: [{ keys: ['v'] }] } }),
  action: () => ({ metadata_match: SUBSET }),
};
/** A transport socket of a kind that has no rule, for endpoints that ask for it. */
const SOCKETS = {
  cluster: () => ({
    transport_socket_matches: [
      { name: 'tls', match: { mode: 'tls' }, transport_socket: { name: 'x', typed_config: { '@type': 'x/y' } } },
      { name: 'raw', match: {}, transport_socket: RAW },
    ],
  }),
};
const inTls = (): object => ({ metadata: { filter_metadata: { 'envoy.transport_socket_match': { mode: 'tls' } } } });
const TWO_HOSTS: Pick<Service, 'endpoints'> = {
  endpoints: [
    { more: none, priority: 0 },
    { more: none, priority: 0 },
  ],
};
const toItself: Service['target'] = (name) => weighted([name, 30], [name, 70]);
const toTwo: Service['target'] = (name, [other = name]) => weighted([name, 30], [other, 70]);
const RUNTIMES = [{}, { 'upstream.maintenance_mode.s1': 100 }];

function canaryRoute({ named }: { readonly named: string }, index: number, action: object): object {
  const name = named === 'own' ? { name: `canary${index}` } : named === 'same' ? { name: `r${index}` } : {};
  return { match: { prefix: '/', headers: [{ name: 'x-a', present_match: true }] }, ...name, route: action };
}

/** A proxy with these services. */
function proxyOf(list: readonly Service[], runtime: object, reading?: DumpReading): EnvoyFacts {
  const names = list.map((_, index) => `s${index}`);
  const virtualHosts = list.map((one, index) => {
    const name = `s${index}`;
    const others = [...names.slice(index + 1), ...names.slice(0, index)];
    const action = { ...one.target(name, others), ...one.action(name) };
    const route = {
      match: { prefix: '/' },
      ...(one.named ? { name: `r${index}` } : {}),
      route: action,
      ...one.route(name),
    };
    const canary = one.canary === null ? [] : [canaryRoute(one.canary, index, one.canary.target(name, others))];
    return { name: `v${index}`, domains: [name], routes: [...canary, route], ...one.host(name) };
  });
  const assignments = list.flatMap((one, index) => {
    const name = `s${index}`;
    const more: object = one.cluster(name);
    const endpoints = [0, 1].map((priority) => ({
      priority,
      lb_endpoints: one.endpoints
        .filter((each) => each.priority === priority)
        .map((each, place) =>
          host(one.addresses(index, priority * 10 + place), { load_balancing_weight: 1, ...each.more(name) }),
        ),
    }));
    const assigned = {
      cluster_name: 'eds_cluster_config' in more ? `eds-${name}` : name,
      endpoints,
      ...one.assignment(name),
    };
    return one.assigned.map((own) => ({ ...assigned, ...own }));
  });
  const manager = httpManager([], { route_config: { name: 'r', virtual_hosts: virtualHosts } }, FILTERS);
  const parts = {
    listeners: [listener('0.0.0.0', 80, { filter_chains: [chain([manager])] })],
    clusters: list.map((one, index) =>
      cluster(`s${index}`, 0, { type: 'EDS', load_assignment: undefined, ...one.cluster(`s${index}`) }),
    ),
    endpoints: assignments,
    bootstrap: { node: { id: 'test' }, layered_runtime: { layers: [{ name: 'static', static_layer: runtime }] } },
  };
  return smallProxy(parts, reading);
}

const questions = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    [{}, { 'x-a': '1' }, { 'x-cluster': `s${index}` }].map((headers) => ({
      address: '10.1.1.1:80',
      host: `s${index}`,
      path: `/${index}`,
      headers,
      source: '10.1.1.2',
    })),
  );

describe('services that differ in names', () => {
  it('are answered as if each were the only one', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(services, fc.constantFrom(...RUNTIMES), (list, runtime) => {
        const facts = proxyOf(list, runtime);
        const remembering = new EnvoyRequestAnswers(facts);
        const lines = new ToldRequests(proxyOf(list, runtime, BY_LINES), AS_LINE);
        for (const question of questions(list.length)) {
          const alone = new EnvoyRequestAnswers(facts).answer(question);
          if ('outcomes' in alone) for (const { status, flag } of alone.outcomes) kinds.add(`${status} ${flag}`);
          expect(remembering.answer(question)).toEqual(alone);
          expect(remembering.answer(question)).toEqual(alone);
          const told = lines.ask(question);
          expect(typeof told === 'string' ? told : `{"request":${JSON.stringify(question)},${told.told}`).toBe(
            JSON.stringify(alone),
          );
        }
      }),
      { numRuns: 1000, seed: 5 },
    );
    expect(kinds.size).toBeGreaterThan(5);
  });

  it.each<[string, Partial<Service>, Partial<Service>]>([
    [
      'metadata that subsets ask for',
      { ...SUBSETS, endpoints: [{ more: ofSubset, priority: 0 }] },
      { ...SUBSETS, endpoints: [{ more: ofAnother, priority: 0 }] },
    ],
    [
      'metadata that chooses a transport socket',
      { ...SOCKETS, endpoints: [{ more: none, priority: 0 }] },
      { ...SOCKETS, endpoints: [{ more: inTls, priority: 0 }] },
    ],
    [
      'which metadata their hosts have',
      { ...SOCKETS, endpoints: [{ more: inTls, priority: 0 }] },
      { ...SOCKETS, endpoints: [{ more: () => ({ metadata: { filter_metadata: {} } }), priority: 0 }] },
    ],
    ['what a member is called', { host: () => ({ require_tls: 'ALL' }) }, { host: () => ({ unheard_of: 'ALL' }) }],
    [
      'which of their routes have one name',
      { named: true, canary: { target: TARGETS[0]!, named: 'own' } },
      { named: true, canary: { target: TARGETS[0]!, named: 'same' } },
    ],
    [
      'which of their routes lead to one cluster',
      { canary: { target: (name) => ({ cluster: name }), named: '' } },
      { canary: { target: (name, [other = name]) => ({ cluster: other }), named: '' } },
    ],
    ['how many clusters they lead to', { target: toItself }, { target: toTwo }],
    ['how many addresses they have', { ...TWO_HOSTS, addresses: (index) => `10.0.${index}.0` }, TWO_HOSTS],
    ['how many assignments they have', {}, { assigned: [{}, { endpoints: [] }] }],
    ['whether their hosts have addresses', {}, { addresses: (index) => `s${index}.example` }],
  ])('and in %s are told apart', (_, one, other) => {
    for (const pair of [
      [one, other],
      [other, one],
    ]) {
      const list = pair.map((part) => ({ ...PLAIN, ...part }));
      const facts = proxyOf(list, {});
      const alone = questions(2).map((question) => new EnvoyRequestAnswers(facts).answer(question));
      for (const remembering of [new EnvoyRequestAnswers(facts), new EnvoyRequestAnswers(proxyOf(list, {}, BY_LINES))])
        expect(questions(2).map((question) => remembering.answer(question))).toEqual(alone);
    }
  });

  it('are followed once', () => {
    const facts = proxyOf(
      Array.from({ length: 9 }, () => PLAIN),
      {},
    );
    const followed: string[] = [];
    const config = watched(facts.config, (name) => followed.push(name));
    const answers = new EnvoyRequestAnswers({ ...facts, config });
    const told = questions(9).map((question) => answers.answer(question));
    expect(new Set(told.map((answer) => JSON.stringify('outcomes' in answer ? answer.outcomes : answer))).size).toBe(9);
    // The first is asked for once more than the others, where its hosts are read.
    expect(followed.filter((name) => name === 's0').length).toBeGreaterThan(1);
    expect(followed.filter((name) => name !== 's0')).toEqual(['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8']);
  });
});

/** The dump, which tells of each cluster that is asked for. */
function watched(config: EnvoyConfigDump | null, tell: (name: string) => void): EnvoyConfigDump {
  if (config === null) throw new Error('no dump');
  return {
    ...config,
    complete: config.complete,
    cluster: (name) => {
      tell(name);
      return config.cluster(name);
    },
  };
}
