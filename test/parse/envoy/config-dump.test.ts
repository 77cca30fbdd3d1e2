import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Artefact } from '../../../src/model/artefact.ts';
import type { EnvoyConfigDump, EnvoyResource } from '../../../src/model/envoy.ts';
import { parseEnvoyConfigDump, type DumpReading } from '../../../src/parse/envoy/config-dump.ts';

const SAMPLE = 'test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy/config_dump.json';
const TYPE = 'type.googleapis.com/envoy.';

/** Through the byte index. */
const INDEXED: DumpReading = { wholeBytes: 0, linesBytes: Number.POSITIVE_INFINITY };
/** By its lines. */
const BY_LINES: DumpReading = { wholeBytes: 0, linesBytes: 0 };

function artefact(text: string | Buffer): Artefact {
  return { name: 'config_dump.json', capturedAt: null, bytes: Buffer.isBuffer(text) ? text : Buffer.from(text) };
}

function dumpOf(...configs: readonly object[]): Artefact {
  return artefact(JSON.stringify({ configs }));
}

/** Everything that can be asked of a dump. */
function contents(dump: EnvoyConfigDump): unknown {
  const told = (resource: EnvoyResource): unknown => [
    resource.name,
    resource.origin,
    resource.state,
    resource.config.evidence(),
    resource.rejected?.evidence(),
  ];
  return {
    sections: [...dump.sections].toSorted(),
    complete: dump.complete,
    bootstrap: dump.bootstrap.evidence(),
    listeners: dump.listeners().map(told),
    routes: dump.routes().map(told),
    clusters: dump.clusters().map(told),
    named: dump
      .clusters()
      .map(({ name }) => [
        dump.cluster(name)?.config.pointer,
        dump.endpoints(name).map(({ config }) => config.pointer),
      ]),
    secrets: dump.secrets().map(told),
  };
}

/** Where the resources of a name stand, as they are found by it. */
function pointers(dump: EnvoyConfigDump, name: string): unknown {
  const ofConfig = ({ config, rejected }: EnvoyResource): unknown => [config.pointer, config.value, rejected?.pointer];
  const cluster = dump.cluster(name);
  return [cluster && ofConfig(cluster), dump.endpoints(name).map(ofConfig)];
}

describe('a config_dump of a sidecar', () => {
  const file = artefact(readFileSync(SAMPLE));
  const { value: dump, gaps } = parseEnvoyConfigDump(file);

  it('is read without gaps', () => {
    expect(gaps).toEqual([]);
    expect(dump.complete).toBe(true);
    expect([...dump.sections].toSorted()).toEqual([
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'EndpointsConfigDump',
      'ListenersConfigDump',
      'RoutesConfigDump',
      'ScopedRoutesConfigDump',
      'SecretsConfigDump',
    ]);
    expect(dump.bootstrap.at('node', 'id').string()).toMatch(/^sidecar~10\.244\.1\.5~productpage-v1-abc\.bookinfo/);
    expect(dump.listeners().map(({ name, origin }) => `${origin} ${name}`)).toEqual([
      'static ',
      'static ',
      'dynamic 10.96.0.1_443',
      'dynamic 0.0.0.0_9080',
      'dynamic 0.0.0.0_80',
      'dynamic virtualOutbound',
      'dynamic virtualInbound',
    ]);
    expect(dump.clusters()).toHaveLength(18);
    expect(dump.route('9080')?.config.at('virtual_hosts').items()).toHaveLength(5);
    expect(dump.route('inbound|9080||')).toBeUndefined();
    expect(dump.cluster('nosuch')).toBeUndefined();
    expect(dump.endpoints('outbound|9080|v2|reviews.bookinfo.svc.cluster.local')).toHaveLength(1);
  });

  it('is read alike through the byte index', () => {
    const indexed = parseEnvoyConfigDump(file, INDEXED);
    expect(contents(indexed.value)).toEqual(contents(dump));
    expect(indexed.gaps).toEqual([]);
  });

  it('is read alike by its lines, however it is indented, and if something is out of place', () => {
    const plain = JSON.parse(file.bytes.toString()) as {
      configs: { dynamic_active_clusters?: { cluster?: object }[] }[];
    };
    const odd = structuredClone(plain);
    const clusters = odd.configs.flatMap((config) => config.dynamic_active_clusters ?? []);
    const section = odd.configs.find((config) => config.dynamic_active_clusters !== undefined) ?? {};
    const refused = { ...clusters[2], error_state: { details: 'refused' } };
    section.dynamic_active_clusters = clusters.toSpliced(
      3,
      0,
      refused,
      { version_info: '1' } as object,
      clusters[2] ?? {},
    );
    for (const [document, indent] of [
      [plain, 1],
      [plain, 3],
      [odd, 1],
    ] as const) {
      const text = artefact(JSON.stringify(document, null, indent));
      const whole = parseEnvoyConfigDump(text);
      const lines = parseEnvoyConfigDump(text, BY_LINES);
      // Resources by their names first: they are found without a list.
      const named = whole.value.clusters().map(({ name }) => [name, pointers(whole.value, name)]);
      expect(whole.value.clusters().map(({ name }) => [name, pointers(lines.value, name)])).toEqual(named);
      expect(lines.value.cluster('nosuch')).toBeUndefined();
      expect(contents(lines.value)).toEqual(contents(whole.value));
      expect(lines.gaps).toEqual(whole.gaps);
      expect(lines.gaps).toHaveLength(document === odd ? 1 : 0);
    }
  });

  it.each([0, 2])('is read as a whole where its lines tell nothing (%s)', (indent) => {
    const text = JSON.stringify(JSON.parse(file.bytes.toString()), null, indent);
    const cut = artefact(indent === 0 ? text : text.slice(0, text.indexOf('outbound|9080|v3|')));
    const lines = parseEnvoyConfigDump(cut, BY_LINES);
    const indexed = parseEnvoyConfigDump(cut, INDEXED);
    expect(contents(lines.value)).toEqual(contents(indexed.value));
    expect(lines.gaps).toEqual(indexed.gaps);
  });

  it('cites what stands at its pointers', () => {
    const document: unknown = JSON.parse(file.bytes.toString());
    const resources = [
      ...dump.listeners(),
      ...dump.routes(),
      ...dump.clusters(),
      ...dump.clusters().flatMap(({ name }) => dump.endpoints(name)),
    ];
    expect(resources.length).toBeGreaterThan(40);
    for (const { config } of resources) {
      const { pointer, raw } = config.evidence();
      const value = pointer!
        .split('/')
        .slice(1)
        .reduce<unknown>((parent, key) => (parent as Record<string, unknown>)[key], document);
      expect(raw).toBe(JSON.stringify(value));
    }
  });

  it('keeps what stands before the place where the file was cut off', () => {
    const half = parseEnvoyConfigDump(artefact(file.bytes.subarray(0, file.bytes.indexOf('outbound|9080|v3|'))));
    expect(half.value.complete).toBe(false);
    expect(half.gaps).toMatchObject([
      { kind: 'unreadable', problem: 'the text ends inside this value: the file was cut off' },
    ]);
    expect(half.value.cluster('outbound|9080|v2|reviews.bookinfo.svc.cluster.local')?.config.at('type').string()).toBe(
      'EDS',
    );
    expect(half.value.cluster('outbound|9080|v3|reviews.bookinfo.svc.cluster.local')).toBeUndefined();
  });
});

describe('states of resources', () => {
  const listener = (name: string, port: number): object => ({
    '@type': `${TYPE}config.listener.v3.Listener`,
    name,
    address: { socket_address: { address: '0.0.0.0', port_value: port } },
  });
  const error = {
    failed_configuration: listener('a', 9),
    details: 'bad filter',
    last_update_attempt: '2026-11-21T00:00:00Z',
  };

  it('tells active, warming, draining and refused listeners apart', () => {
    const { value, gaps } = parseEnvoyConfigDump(
      dumpOf({
        '@type': `${TYPE}admin.v3.ListenersConfigDump`,
        dynamic_listeners: [
          {
            name: 'a',
            active_state: { listener: listener('a', 1) },
            warming_state: { listener: listener('a', 2) },
            draining_state: { listener: listener('a', 3) },
            error_state: error,
          },
          { name: 'b', error_state: { ...error, failed_configuration: listener('b', 9) } },
          { error_state: { ...error, failed_configuration: listener('c', 9) } },
        ],
      }),
    );
    expect(gaps).toEqual([]);
    expect(
      value.listeners().map(({ name, state, rejected }) => [name, state, rejected?.at('details').string() ?? null]),
    ).toEqual([
      ['a', 'active', 'bad filter'],
      ['a', 'warming', 'bad filter'],
      ['a', 'draining', null],
      ['b', 'rejected', 'bad filter'],
      ['c', 'rejected', 'bad filter'],
    ]);
  });

  it('prefers the active cluster to the warming one of the same name', () => {
    const cluster = (type: string): object => ({
      cluster: { '@type': `${TYPE}config.cluster.v3.Cluster`, name: 'c', type },
    });
    const section = {
      '@type': `${TYPE}admin.v3.ClustersConfigDump`,
      dynamic_warming_clusters: [cluster('EDS')],
      dynamic_active_clusters: [cluster('STATIC')],
    };
    const { value } = parseEnvoyConfigDump(dumpOf(section));
    expect(value.cluster('c')).toMatchObject({ state: 'active' });
    expect(value.clusters()).toHaveLength(2);
    const warming = parseEnvoyConfigDump(dumpOf({ ...section, dynamic_active_clusters: [] }));
    expect(warming.value.cluster('c')).toMatchObject({ state: 'warming' });
  });

  it('keeps every assignment that clusters share a name for', () => {
    const assignment = (status: string): object => ({
      endpoint_config: { cluster_name: 's', endpoints: [{ lb_endpoints: [{ health_status: status }] }] },
    });
    const { value } = parseEnvoyConfigDump(
      dumpOf({
        '@type': `${TYPE}admin.v3.EndpointsConfigDump`,
        dynamic_endpoint_configs: [assignment('HEALTHY'), assignment('UNHEALTHY')],
      }),
    );
    expect(value.endpoints('s').map(({ config }) => config.pointer)).toEqual([
      '/configs/0/dynamic_endpoint_configs/0/endpoint_config',
      '/configs/0/dynamic_endpoint_configs/1/endpoint_config',
    ]);
  });

  it('reads a proxy that rejected its listeners', () => {
    const { value, gaps } = parseEnvoyConfigDump(artefact(readFileSync('test/fixtures/envoy/config-dump-nacked.json')));
    expect(gaps).toEqual([]);
    expect(value.listeners().map(({ name, state }) => `${name} ${state}`)).toEqual([
      ' active',
      '10.96.0.16_6379 rejected',
      '0.0.0.0_443 rejected',
    ]);
    expect(value.listeners()[1]!.rejected?.at('details').string()).toMatch(/\S/);
  });
});

describe('dumps of other shapes', () => {
  it("reads istiod's, in lowerCamelCase and without a bootstrap, as incomplete", () => {
    const { value, gaps } = parseEnvoyConfigDump(artefact(readFileSync('test/fixtures/envoy/config-dump-istiod.json')));
    expect(gaps).toEqual([]);
    expect(value.complete).toBe(false);
    expect(value.listeners().map(({ name }) => name)).toEqual(['10.96.0.16_6379']);
    expect(value.cluster('outbound|443||*.wild.example.com')?.config.at('lbPolicy').string()).toBe('CLUSTER_PROVIDED');
    expect(value.route('8000')?.config.pointer).toBe('/configs/5/dynamicRouteConfigs/0/routeConfig');
    expect(value.endpoints('outbound|15021||istio-ingressgateway.istio-system.svc.cluster.local')).toHaveLength(1);
  });

  it('reads single elements as ?resource= lists them', () => {
    const element = {
      '@type': `${TYPE}admin.v3.ClustersConfigDump.StaticCluster`,
      cluster: { name: 'a', type: 'STATIC' },
      last_updated: 'x',
    };
    const { value, gaps } = parseEnvoyConfigDump(dumpOf(element));
    expect(gaps).toEqual([]);
    expect(value.complete).toBe(false);
    expect(value.cluster('a')?.config.evidence()).toEqual({
      artefact: 'config_dump.json',
      pointer: '/configs/0/cluster',
      raw: '{"name":"a","type":"STATIC"}',
    });
  });

  it('reads bare resources', () => {
    const { value, gaps } = parseEnvoyConfigDump(
      dumpOf(
        { '@type': `${TYPE}config.cluster.v3.Cluster`, name: 'a' },
        { '@type': `${TYPE}config.route.v3.RouteConfiguration`, name: 'r' },
      ),
    );
    expect(gaps).toEqual([]);
    expect(value.cluster('a')?.config.pointer).toBe('/configs/0');
    expect(value.route('r')?.config.pointer).toBe('/configs/1');
  });

  it('finds filters that ECDS delivered', () => {
    const section = {
      '@type': `${TYPE}admin.v3.EcdsConfigDump`,
      ecds_filters: [{ ecds_filter: { name: 'wasm', typed_config: { '@type': 'x' } } }],
    };
    expect(parseEnvoyConfigDump(dumpOf(section)).value.extension('wasm')?.config.pointer).toBe(
      '/configs/0/ecds_filters/0/ecds_filter',
    );
  });
});

describe('what is no config_dump', () => {
  it('says so of the line of text that Envoy answers with status 200', () => {
    const { value, gaps } = parseEnvoyConfigDump(
      artefact(readFileSync('test/fixtures/envoy/config-dump-unknown-extension.txt')),
    );
    expect(value.listeners()).toEqual([]);
    expect(value.complete).toBe(false);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({
      kind: 'unreadable',
      problem:
        'the proxy answered with an error text: it holds a configuration that names an extension it does not have',
      raw: expect.stringContaining('istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig'),
    });
  });

  it.each([
    ['/clusters', '{"cluster_statuses":[]}', 'it is that of /clusters?format=json'],
    ['/listeners', '{"listener_statuses":[]}', 'it is that of /listeners?format=json'],
    ['/server_info', '{"version":"1","command_line_options":{}}', 'it is that of /server_info'],
    ['/stats', '{"stats":[]}', 'it is that of /stats?format=json'],
    ['a list of objects', '{"kind":"List","items":[]}', 'it is a Kubernetes object of kind List'],
    ['an array', '[1]', 'it is an array'],
    ['an empty object', '{}', 'it is an empty object'],
    ['something else', '{"a":1,"b":2}', 'it has the members a, b'],
  ])('names %s', (_, text, what) => {
    const { value, gaps } = parseEnvoyConfigDump(artefact(text));
    expect(value.sections.size).toBe(0);
    expect(gaps.map(({ problem }) => problem)).toEqual([`this is not the answer of /config_dump: ${what}`]);
  });

  it.each([
    ['a part without a type', { clusters: [] }, 'this part of the dump has no @type'],
    [
      'a part of another type',
      { '@type': 'type.googleapis.com/foo.Bar' },
      'the type type.googleapis.com/foo.Bar is none of a config_dump',
    ],
    [
      'an element without a resource',
      { '@type': `${TYPE}admin.v3.ClustersConfigDump`, dynamic_active_clusters: [{ version_info: '1' }] },
      'this element holds no resource that is known',
    ],
  ])('notes %s and reads the rest', (_, part, problem) => {
    const good = { '@type': `${TYPE}admin.v3.ClustersConfigDump`, static_clusters: [{ cluster: { name: 'a' } }] };
    for (const reading of [undefined, INDEXED]) {
      const { value, gaps } = parseEnvoyConfigDump(dumpOf(part, good), reading);
      expect(value.cluster('a')?.name).toBe('a');
      expect(value.clusters()).toHaveLength(1);
      expect(gaps.map((gap) => gap.problem)).toEqual([problem]);
      expect(value.complete).toBe(false);
    }
  });
});
