/** What becomes of an upgrade in front of a buffer filter, held against the real Envoy: it is held until a limit of time ends it. */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const BUFFER = { name: 'buffer', typed_config: { '@type': `${HTTP}.buffer.v3.Buffer`, max_request_bytes: 8 } };
const DELAY = {
  name: 'fault',
  typed_config: {
    '@type': `${HTTP}.fault.v3.HTTPFault`,
    delay: { fixed_delay: '0.1s', percentage: { numerator: 100, denominator: 'HUNDRED' } },
  },
};
const UPGRADE = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
] as const;
const HELD = 'undetermined: the filter holds an upgrade until its client ends it';
/** The client gives up after three seconds. */
const LEFT = 'close DC downstream_remote_disconnect';

const GIVEN_UP = /^reply 408 SI stream_idle_timeout$/;
const IS_HELD = /the filter holds an upgrade until its client ends it$/;

interface Case {
  readonly manager?: object;
  readonly action?: object;
  readonly filters?: readonly object[];
  readonly perRoute?: object;
}

/** With what becomes of an upgrade. */
const CASES: readonly (readonly [string, RegExp, Case])[] = [
  ['the manager has a limit', GIVEN_UP, {}],
  ['the route has a limit', GIVEN_UP, { manager: { stream_idle_timeout: '30s' }, action: { idle_timeout: '0.4s' } }],
  ['the route lifts the limit', IS_HELD, { action: { idle_timeout: '0s' } }],
  ['no limit', IS_HELD, { manager: { stream_idle_timeout: '0s' } }],
  [
    'a limit of the route alone',
    GIVEN_UP,
    { manager: { stream_idle_timeout: '0s' }, action: { idle_timeout: '0.4s' } },
  ],
  ['a fault before it', /^reply 408 DI,SI stream_idle_timeout$/, { filters: [DELAY, BUFFER] }],
  [
    'no filter for the route',
    /^upstream c /,
    { perRoute: { buffer: { '@type': `${HTTP}.buffer.v3.BufferPerRoute`, disabled: true } } },
  ],
  ['no filter', /^upstream c /, { filters: [] }],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s',
    async (name, end, { manager = {}, action = {}, filters = [BUFFER], perRoute = {} }) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const cluster = staticCluster('c', [grounds.upstreams.ports[0]]);
      const route = { route: { cluster: 'c', ...action }, typed_per_filter_config: perRoute };
      const routes = [
        { name: 'tunnel', match: { connect_matcher: {} }, ...route },
        { name: 'any', match: { prefix: '/' }, ...route },
      ];
      const upgrade_configs = [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }];
      const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
      const settings = { stream_idle_timeout: '0.5s', ...manager, upgrade_configs, route_config };
      const config = {
        static_resources: { listeners: [managedListener(folder, port, settings, filters)], clusters: [cluster] },
      };
      const probes = [
        plainProbe(port, { headers: UPGRADE }),
        plainProbe(port, { headers: [...UPGRADE, ['content-length', '0']] }),
        plainProbe(port, { method: 'CONNECT', host: 'db.example:5432' }),
        plainProbe(port, { method: 'POST', headers: [['content-length', '5']] }),
        plainProbe(port),
      ];
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      const told = held.map(({ ours }) => ours.map((outcome) => expectedOf(outcome).end));
      expect(told).toEqual(held.map(({ seen }) => [seen.end === LEFT ? HELD : seen.end]));
      expect(told[0]?.join()).toMatch(end);
    },
    120_000,
  );
});
