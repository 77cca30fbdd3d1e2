/** CONNECT, which has no path, held against the real Envoy: what takes it, what refuses it, and where it goes. */
import { expect, it } from 'vitest';
import { freePort } from './envoy-process.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const UPGRADE = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
] as const;
const CONNECT = { connect_matcher: {} };
const upgrade = (more: object = {}): object => ({ upgrade_type: 'CONNECT', ...more });
const route = (name: string, match: object, more: object): object => ({ name, match, ...more });
const toC = (...upgrade_configs: readonly object[]): object => ({
  route: { cluster: 'c', ...(upgrade_configs.length > 0 ? { upgrade_configs } : {}) },
});
const anything = route('any', { prefix: '/' }, toC());
const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const denying = (permission: object): object => ({
  name: 'rbac',
  typed_config: {
    '@type': RBAC,
    rules: { action: 'DENY', policies: { p: { permissions: [permission], principals: [{ any: true }] } } },
  },
});

interface Case {
  readonly manager?: object;
  readonly routes: readonly object[];
  readonly filters?: readonly object[];
  readonly domains?: readonly string[];
}

const CASES: readonly (readonly [string, Case])[] = [
  ['a prefix alone', { manager: { upgrade_configs: [upgrade()] }, routes: [anything] }],
  [
    'the connection manager allows it',
    {
      manager: { upgrade_configs: [upgrade()] },
      routes: [route('tunnel', CONNECT, toC()), anything],
    },
  ],
  ['nobody allows it', { routes: [route('tunnel', CONNECT, toC()), anything] }],
  ['the route allows it', { routes: [anything, route('tunnel', CONNECT, toC(upgrade()))] }],
  [
    'the route forbids it',
    {
      manager: { upgrade_configs: [upgrade()] },
      routes: [route('tunnel', CONNECT, toC(upgrade({ enabled: false })))],
    },
  ],
  ['raw bytes go upstream', { routes: [route('tunnel', CONNECT, toC(upgrade({ connect_config: {} })))] }],
  [
    'a POST may open a tunnel too',
    {
      routes: [route('tunnel', { prefix: '/' }, toC(upgrade({ connect_config: { allow_post: true } })))],
    },
  ],
  [
    'by headers',
    {
      manager: { upgrade_configs: [upgrade()] },
      routes: [
        route('path', { ...CONNECT, headers: [{ name: ':path', present_match: true }] }, toC()),
        route('method', { ...CONNECT, headers: [{ name: 'x-tunnel', string_match: { exact: 'yes' } }] }, toC()),
      ],
    },
  ],
  [
    'by a query parameter',
    {
      manager: { upgrade_configs: [upgrade()] },
      routes: [
        route('query', { ...CONNECT, query_parameters: [{ name: 'q' }] }, toC()),
        route('tunnel', CONNECT, toC()),
      ],
    },
  ],
  [
    'a direct response',
    {
      manager: { upgrade_configs: [upgrade()] },
      routes: [route('direct', CONNECT, { direct_response: { status: 418 } })],
    },
  ],
  ['a direct response, not allowed', { routes: [route('direct', CONNECT, { direct_response: { status: 418 } })] }],
  [
    'the port of the host is stripped',
    {
      manager: { upgrade_configs: [upgrade()], strip_any_host_port: true },
      domains: ['db.example'],
      routes: [route('tunnel', CONNECT, toC())],
    },
  ],
  [
    'headers with underscores are refused',
    {
      manager: {
        upgrade_configs: [upgrade()],
        common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' },
      },
      routes: [route('tunnel', CONNECT, toC()), anything],
    },
  ],
  [
    'denied by a path',
    {
      manager: { upgrade_configs: [upgrade()] },
      filters: [denying({ url_path: { path: { safe_regex: { regex: '.*' } } } })],
      routes: [route('tunnel', CONNECT, toC())],
    },
  ],
  [
    'denied by the method',
    {
      manager: { upgrade_configs: [upgrade()] },
      filters: [denying({ header: { name: ':method', string_match: { exact: 'CONNECT' } } })],
      routes: [route('tunnel', CONNECT, toC())],
    },
  ],
  [
    'denied where there is no path',
    {
      manager: { upgrade_configs: [upgrade()] },
      filters: [denying({ not_rule: { header: { name: ':path', present_match: true } } })],
      routes: [route('tunnel', CONNECT, toC())],
    },
  ],
];

it.each(CASES)(
  '%s',
  async (name, { manager = {}, routes, filters = [], domains = ['*'] }) => {
    const folder = grounds.folder(name);
    const port = await freePort();
    const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains, routes }] };
    const address = { socket_address: { address: '127.0.0.1', port_value: grounds.upstreams.ports[0] } };
    const cluster = {
      name: 'c',
      type: 'STATIC',
      load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    };
    const config = {
      static_resources: {
        listeners: [managedListener(folder, port, { ...manager, route_config }, filters)],
        clusters: [cluster],
      },
    };
    const probes = [
      plainProbe(port, { method: 'CONNECT', host: 'db.example:5432' }),
      plainProbe(port, { method: 'CONNECT', host: '[fd00::1]:5432' }),
      plainProbe(port, { method: 'CONNECT', host: '10.1.2.3:80', headers: [['x-tunnel', 'yes']] }),
      plainProbe(port, { method: 'CONNECT', host: 'db.example:5432', headers: [['content-length', '3']] }),
      plainProbe(port, { method: 'CONNECT', host: 'db.example:5432', headers: [['content-length', '0']] }),
      plainProbe(port, { method: 'CONNECT', host: 'db.example:5432', headers: [['x_tunnel', 'yes']] }),
      plainProbe(port, { method: 'GET', host: 'db.example:5432', path: '/?q=1' }),
      plainProbe(port, { method: 'GET', host: 'db.example:5432', path: '/', headers: [['x_y', 'yes']] }),
      plainProbe(port, { method: 'POST', host: 'db.example', path: '/' }),
      plainProbe(port, { host: 'db.example', headers: UPGRADE }),
      plainProbe(port, { host: 'other', headers: UPGRADE }),
    ];
    const held = await holdAgainst(installEnvoy(ENVOY_VERSIONS[0]!), folder, config, probes, grounds.certificates);
    for (const { probe, seen, ours } of held) {
      const label = `${probe.method} ${probe.host} ${probe.headers.join(' ')}`;
      expect(
        ours.map((outcome) => expectedOf(outcome)).map((told) => [told.end, told.route]),
        label,
      ).toEqual([[seen.end, seen.route]]);
    }
  },
  120_000,
);
