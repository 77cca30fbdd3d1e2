/** A value whose text is no JSON is told of where it counts; what follows without it is not taken for what the proxy does. */
import { describe, expect, it } from 'vitest';
import { EnvoyRequestAnswers } from '../../../../src/explain/envoy-request/envoy-request.ts';
import { parseEnvoyConfigDump, type DumpReading } from '../../../../src/parse/envoy/config-dump.ts';
import { chain, cluster, host, httpManager, listener } from './small-proxy.ts';
import { BY_LINES } from './snapshot.ts';

const TYPE = 'type.googleapis.com/envoy.admin.v3.';
const BROKEN = 'broken';
const INDEXED: DumpReading = { wholeBytes: 0, linesBytes: Number.POSITIVE_INFINITY };

/** What a listener on every address leads to, one on the client's own address, and a route that is delivered. */
function dump(damaged: 'listener' | 'scope' | 'route' | 'cluster' | 'endpoint' | null): object {
  const hurt = (part: typeof damaged): object => (part === damaged ? { [BROKEN]: BROKEN } : {});
  const route = (name: string, own: object): object => ({
    route_config: {
      name,
      virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] }],
      ...own,
    },
  });
  const managed = (routing: object): object => chain([httpManager([], { route_config: undefined, ...routing })]);
  const fragments = [{ header_value_extractor: { name: 'x-scope', index: 0 } }];
  const scoped = { scoped_routes: { name: 's', scope_key_builder: { fragments }, scoped_rds: {} } };
  const near = { ...listener('10.1.1.1', 80, { filter_chains: [managed(scoped)] }), ...hurt('listener') };
  const far = listener('0.0.0.0', 80, { filter_chains: [managed({ rds: { route_config_name: 'other' } })] });
  const scope = {
    name: 'one',
    route_configuration_name: 'r',
    key: { fragments: [{ string_key: 'a' }] },
    ...hurt('scope'),
  };
  const eds = { type: 'EDS', load_assignment: undefined, ...hurt('cluster') };
  const assignment = { cluster_name: 'c', ...hurt('endpoint'), endpoints: [{ lb_endpoints: [host('10.0.0.1', {})] }] };
  return {
    configs: [
      { '@type': `${TYPE}BootstrapConfigDump`, bootstrap: { node: { id: 'test' } } },
      { '@type': `${TYPE}ClustersConfigDump`, dynamic_active_clusters: [{ cluster: cluster('c', 0, eds) }] },
      { '@type': `${TYPE}ListenersConfigDump`, static_listeners: [{ listener: near }, { listener: far }] },
      { '@type': `${TYPE}RoutesConfigDump`, dynamic_route_configs: [route('r', hurt('route')), route('other', {})] },
      {
        '@type': `${TYPE}ScopedRoutesConfigDump`,
        dynamic_scoped_route_configs: [{ name: 's', scoped_route_configs: [scope] }],
      },
      { '@type': `${TYPE}EndpointsConfigDump`, dynamic_endpoint_configs: [{ endpoint_config: assignment }] },
    ],
  };
}

function answer(damaged: Parameters<typeof dump>[0], reading: DumpReading): unknown {
  const text = JSON.stringify(dump(damaged), null, 1).replace(`"${BROKEN}": "${BROKEN}"`, `"${BROKEN}": ${BROKEN}`);
  const bytes = Buffer.from(text);
  const { value } = parseEnvoyConfigDump({ name: 'config_dump.json', capturedAt: null, bytes }, reading);
  const facts = { config: value, clusters: null, listeners: null, serverInfo: null };
  const request = { address: '10.1.1.1:80', host: 'h', source: '10.1.1.2', headers: { 'x-scope': 'a' } };
  const told = new EnvoyRequestAnswers(facts).answer(request);
  return 'outcomes' in told
    ? told.outcomes.map(({ undetermined, endpoints }) => undetermined ?? endpoints)
    : told.error;
}

describe.each([
  ['by its index', INDEXED],
  ['by its lines', BY_LINES],
])('a dump that is read %s', (_, reading) => {
  it('is whole', () => {
    expect(answer(null, reading)).toEqual([[{ address: '10.0.0.1:80', probability: 1 }]]);
  });

  it.each([
    ['listener', 'the listener 10.1.1.1_80 cannot be read'],
    ['scope', 'the scoped routes s cannot be read'],
    ['route', 'the route configuration r cannot be read'],
    ['cluster', 'cluster c cannot be read'],
    ['endpoint', 'the endpoints c cannot be read'],
  ] as const)('has a damaged %s', (damaged, reason) => {
    expect(answer(damaged, reading)).toEqual([reason]);
  });
});
