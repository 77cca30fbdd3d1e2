/** Scoped routes, inline and by SRDS, held against the real Envoy. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { freePort } from './ports.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { expectedOf } from './verdict.ts';

const root = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-envoy-'));
let certificates: Certificates;

beforeAll(() => {
  certificates = makeCertificates(root);
}, 300_000);

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const TYPE = 'type.googleapis.com/envoy.config.route.v3.';
const scope = (route: object, ...keys: readonly string[]): object => ({
  name: `scope-${keys.join('-')}`,
  key: { fragments: keys.map((string_key) => ({ string_key })) },
  ...route,
});
/** Answers with a status of its own, so that one sees which it was. */
const configuration = (name: string, status: number): object => ({
  name,
  virtual_hosts: [
    { name: 'v', domains: ['*'], routes: [{ name, match: { prefix: '/' }, direct_response: { status } }] },
  ],
});
const byHeader = (more: object): object => ({ header_value_extractor: { name: 'X-Scope', ...more } });

const SCOPED = {
  'the whole value of a header': { fragments: [byHeader({ index: 0 })] },
  'the second part of a list': { fragments: [byHeader({ element_separator: ';', index: 1 })] },
  'an element by its key, and the host': {
    fragments: [
      byHeader({ element_separator: ',', element: { key: 'tenant', separator: '=' } }),
      { header_value_extractor: { name: ':authority', index: 0 } },
    ],
  },
} as const;

/** A file holds one route configuration, so that RDS never delivers the other. */
const SCOPES = [
  scope({ route_configuration_name: 'first' }, 'a'),
  scope({ route_configuration_name: 'never' }, 'b'),
  scope({ route_configuration_name: 'never' }, 'a', 'h'),
  scope({ route_configuration_name: 'first' }, '', 'h'),
  scope({ route_configuration_name: 'first' }, 'b=c', 'h'),
];
const INLINE = [
  scope({ route_configuration: configuration('first', 201) }, 'a'),
  scope({ route_configuration: configuration('second', 202) }, 'b'),
  scope({ route_configuration: configuration('third', 203) }, 'a', 'h'),
];

const VALUES = [
  'a',
  'b',
  'c',
  'd',
  '',
  'A',
  'x;a',
  'x;b;a',
  'a;',
  ';a',
  'tenant=a',
  'x=1,tenant=b=c',
  'tenant',
  'other,tenant=a,tenant=d',
  ' tenant=a',
];

/** A header that comes several times. */
const SEVERAL = [
  ['a', 'b'],
  ['c', 'a'],
  ['', 'a'],
  ['x', ';a'],
  ['x;b', 'x;a'],
  ['other', 'tenant=a'],
  ['tenant=a', 'tenant=b=c'],
];

function discovered(folder: string, name: string, type: string, resources: readonly object[]): object {
  const file = path.join(folder, `${name}.json`);
  const listed = resources.map((resource) => ({ '@type': `${TYPE}${type}`, ...resource }));
  writeFileSync(file, JSON.stringify({ version_info: '1', resources: listed }));
  return { path_config_source: { path: file }, resource_api_version: 'V3' };
}

it.each(
  Object.entries(SCOPED).flatMap(([name, builder]) =>
    ['inline', 'by SRDS'].map((how) => [name, how, builder] as const),
  ),
)(
  '%s, %s',
  async (name, how, scope_key_builder) => {
    const folder = path.join(root, `${name} ${how}`.replaceAll(/\W/g, '-'));
    mkdirSync(folder);
    const port = await freePort();
    const scopes =
      how === 'inline'
        ? { scoped_route_configurations_list: { scoped_route_configurations: INLINE } }
        : {
            rds_config_source: discovered(folder, 'rds', 'RouteConfiguration', [configuration('first', 201)]),
            scoped_rds: {
              scoped_rds_config_source: discovered(folder, 'srds', 'ScopedRouteConfiguration', SCOPES),
            },
          };
    const scoped_routes = { name: 'scopes', scope_key_builder, ...scopes };
    const config = {
      node: { id: 'n', cluster: 'c' },
      static_resources: {
        listeners: [managedListener(folder, port, { scoped_routes })],
        clusters: [{ name: 'nobody', type: 'STATIC' }],
      },
    };
    const probes = ['h', 'other'].flatMap((host) => [
      plainProbe(port, { host }),
      ...[...VALUES.map((value) => [value]), ...SEVERAL].map((values) =>
        plainProbe(port, { host, headers: values.map((value) => ['x-scope', value] as const) }),
      ),
    ]);
    const held = await holdAgainst(installEnvoy(ENVOY_VERSIONS[0]!), folder, config, probes, certificates);
    for (const { probe, seen, ours } of held) {
      const ends = ours.map((outcome) => expectedOf(outcome).end);
      expect(ends, `${probe.host} ${JSON.stringify(probe.headers)}`).toEqual([seen.end]);
    }
    expect(new Set(held.map(({ seen }) => seen.end)).size, 'answers that were met').toBeGreaterThan(1);
  },
  120_000,
);
