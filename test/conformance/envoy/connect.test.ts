/**
 * CONNECT, which has no path, and upgrades, held against the real Envoy over both versions of HTTP: what takes them, what refuses them, and
 * where they go.
 */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
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

/** Over HTTP/2 an upgrade is a CONNECT with a protocol. */
function probesOf(port: number, version: 'http/1.1' | 'h2'): readonly Probe[] {
  const own = version === 'h2' ? { version } : {};
  const probe = (more: Partial<Probe>): Probe => plainProbe(port, { ...own, ...more });
  const upgraded = (host: string): Probe =>
    version === 'h2' ? probe({ method: 'CONNECT', protocol: 'websocket', host }) : probe({ host, headers: UPGRADE });
  const shared = [
    probe({ method: 'CONNECT', host: 'db.example:5432' }),
    probe({ method: 'CONNECT', host: '[fd00::1]:5432' }),
    probe({ method: 'CONNECT', host: '10.1.2.3:80', headers: [['x-tunnel', 'yes']] }),
    probe({ method: 'GET', host: 'db.example:5432', path: '/?q=1' }),
    probe({ method: 'POST', host: 'db.example', path: '/' }),
    upgraded('db.example'),
    upgraded('other'),
  ];
  if (version === 'h2') return shared;
  return [
    ...shared,
    probe({ method: 'CONNECT', host: 'db.example:5432', headers: [['content-length', '3']] }),
    probe({ method: 'CONNECT', host: 'db.example:5432', headers: [['content-length', '0']] }),
    probe({ method: 'CONNECT', host: 'db.example:5432', headers: [['x_tunnel', 'yes']] }),
    probe({ method: 'GET', host: 'db.example:5432', path: '/', headers: [['x_y', 'yes']] }),
  ];
}

const OVER = ENVOY_VERSIONS.flatMap((version, at) => [
  ...(at === 0 ? [{ version, http: 'http/1.1' as const, allow_connect: false }] : []),
  { version, http: 'h2' as const, allow_connect: true },
  { version, http: 'h2' as const, allow_connect: false },
]);

describe.each(OVER)('Envoy $version, $http, allow_connect $allow_connect', ({ version, http, allow_connect }) => {
  it.each(CASES)(
    '%s',
    async (name, { manager = {}, routes, filters = [], domains = ['*'] }) => {
      const folder = grounds.folder(`${version}-${http}-${allow_connect}-${name}`);
      const port = await freePort();
      const http2_protocol_options = { allow_connect };
      const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains, routes }] };
      const cluster = staticCluster('c', [grounds.upstreams.ports[0]]);
      const config = {
        static_resources: {
          listeners: [managedListener(folder, port, { ...manager, http2_protocol_options, route_config }, filters)],
          clusters: [cluster],
        },
      };
      const probes = probesOf(port, http);
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
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
});
