import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { goProgram } from '../../lab/build/go-modules.ts';
import { Programs, type Printed } from './programs.ts';

/** Each difference of docs/istioctl-differences.md, shown by both programs. */
const istioctl = await goProgram('istioctl');
const folder = mkdtempSync(path.join(tmpdir(), 'istioctl-differences-'));
afterAll(() => rmSync(folder, { recursive: true }));
const programs = new Programs(istioctl, folder);

const TYPE = 'type.googleapis.com/';
const CLUSTER = `${TYPE}envoy.config.cluster.v3.Cluster`;

let files = 0;
async function ask(document: unknown, ...words: string[]): Promise<{ theirs: Printed; ours: Printed }> {
  const file = path.join(folder, `${++files}.json`);
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return programs.ask(words, file);
}

function section(type: string, content: object): object {
  return { configs: [{ '@type': `${TYPE}envoy.admin.v3.${type}`, ...content }] };
}

function clusters(...resources: readonly object[]): object {
  const list = resources.map((cluster) => ({ cluster: { '@type': CLUSTER, ...cluster } }));
  return section('ClustersConfigDump', { dynamic_active_clusters: list });
}

/** Words of the second line of a table. */
function firstRow({ text }: Printed): string[] {
  return (text.split('\n')[1] ?? '').split(/ {2,}/);
}

describe('extensions and fields that istioctl does not have', () => {
  const unknown = { '@type': `${TYPE}example.Unknown`, some_field: 7 };

  it('a type: istioctl fails, here it stands as it is', async () => {
    const dump = clusters({ name: 'a', transport_socket: { name: 't', typed_config: unknown } });
    const { theirs, ours } = await ask(dump, 'cluster', '-o', 'json');
    expect(theirs.status).toBe(1);
    // Which kind of blank stands there differs between builds, so that nobody relies on it (google.golang.org/protobuf/internal/detrand).
    expect(theirs.errors).toMatch(/proto:\snot found/);
    expect(JSON.parse(ours.text)).toEqual([{ name: 'a', transportSocket: { name: 't', typedConfig: unknown } }]);
  });

  it('a field: istioctl drops it, here it stands behind the others', async () => {
    const { theirs, ours } = await ask(clusters({ new_field: { x_y: 1 }, name: 'a' }), 'cluster', '-o', 'json');
    expect(JSON.parse(theirs.text)).toEqual([{ name: 'a' }]);
    expect(JSON.parse(ours.text)).toEqual([{ name: 'a', new_field: { x_y: 1 } }]);
  });
});

describe('cells', () => {
  it('a cluster of an extension has the name of the extension as TYPE', async () => {
    const { theirs, ours } = await ask(
      clusters({ name: 'a', cluster_type: { name: 'envoy.clusters.aggregate' } }),
      'c',
    );
    expect([firstRow(theirs)[4], firstRow(ours)[4]]).toEqual(['STATIC', 'envoy.clusters.aggregate']);
  });

  it('a host with a bar in it is shown', async () => {
    const { theirs, ours } = await ask(clusters({ name: 'outbound|80||a|b' }), 'c');
    expect([firstRow(theirs)[0], firstRow(ours)[0]]).toEqual(['', 'a|b']);
  });

  it('a TCP proxy with weighted clusters names them', async () => {
    const type = `${TYPE}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`;
    const split = {
      weighted_clusters: {
        clusters: [
          { name: 'one', weight: 1 },
          { name: 'two', weight: 2 },
        ],
      },
    };
    const filter = { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': type, ...split } };
    const listener = {
      '@type': `${TYPE}envoy.config.listener.v3.Listener`,
      name: 'l',
      filter_chains: [{ filters: [filter] }],
    };
    const dump = section('ListenersConfigDump', { static_listeners: [{ listener }] });
    const { theirs, ours } = await ask(dump, 'l');
    expect(theirs.text).toMatch(/ Cluster: \n$/);
    expect(ours.text).toMatch(/ Cluster: one, two\n$/);
  });

  it('a secret that Envoy waits for is UNINITIALIZED', async () => {
    const secret = { '@type': `${TYPE}envoy.extensions.transport_sockets.tls.v3.Secret`, name: 's' };
    const list = [{ name: 's', version_info: 'uninitialized', secret }];
    const { theirs, ours } = await ask(section('SecretsConfigDump', { dynamic_active_secrets: list }), 's');
    expect([theirs.text, ours.text].map((text) => /ACTIVE|UNINITIALIZED/.exec(text)?.[0])).toEqual([
      'ACTIVE',
      'UNINITIALIZED',
    ]);
  });

  it('control characters are escaped', async () => {
    const { theirs, ours } = await ask(clusters({ name: 'a\u001b[31mb' }), 'c');
    expect(theirs.text).toContain('\u001b[31m');
    expect(ours.text).toContain(String.raw`a\x1b[31mb`);
  });

  it('an additional address of another kind is no reason to fail', async () => {
    const pipe = {
      '@type': `${TYPE}envoy.config.listener.v3.Listener`,
      additional_addresses: [{ address: { pipe: { path: '/p' } } }],
    };
    const dump = section('ListenersConfigDump', { static_listeners: [{ listener: pipe }] });
    const { theirs, ours } = await ask(dump, 'l', '--verbose=false');
    expect(theirs.errors).toContain('panic');
    expect(ours.text).toContain(',/p');
  });
});

describe('filters', () => {
  const names = [
    'inbound|80||a',
    'inbound-vip|80||a',
    'outbound|80|v1|a',
    'outbound|80||v1.example',
    'outbound_.80_._.srv',
  ];
  const dump = clusters(...names.map((name) => ({ name })));
  const listed = ({ text }: Printed): unknown[] => (JSON.parse(text) as { name: string }[]).map(({ name }) => name);

  it.each([
    ['--direction', 'inbound', ['inbound|80||a']],
    ['--subset', 'v1', ['outbound|80|v1|a']],
    ['--fqdn', 'out', []],
    [
      '--port',
      '80',
      ['inbound|80||a', 'inbound-vip|80||a', 'outbound|80|v1|a', 'outbound_.80_._.srv', 'outbound|80||v1.example'],
    ],
  ])('%s %s is about that part of the name', async (flag, value, expected) => {
    const { theirs, ours } = await ask(dump, 'c', flag, value, '-o', 'json');
    expect(listed(ours)).toEqual(expected);
    expect(listed(theirs)).not.toEqual(expected);
  });

  it('endpoints that do not pass are left out of json, too', async () => {
    const address = (port: number): object => ({
      address: { socket_address: { address: '10.0.0.1', port_value: port } },
    });
    const document = { cluster_statuses: [{ name: 'a', host_statuses: [address(1), address(2)] }] };
    const { theirs, ours } = await ask(document, 'ep', '--port', '2', '-o', 'json');
    const ports = ({ text }: Printed): unknown => text.match(/"portValue": \d/g);
    expect(ports(theirs)).toEqual(['"portValue": 1', '"portValue": 2']);
    expect(ports(ours)).toEqual(['"portValue": 2']);
  });

  it('eds --address takes an address without port, too', async () => {
    const endpoint = { address: { socket_address: { address: '10.0.0.1', port_value: 80 } } };
    const assignment = {
      '@type': `${TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment`,
      cluster_name: 'a',
      endpoints: [{ lb_endpoints: [{ endpoint }] }],
    };
    const document = section('EndpointsConfigDump', { static_endpoint_configs: [{ endpoint_config: assignment }] });
    const { theirs, ours } = await ask(document, 'eds', '--address', '10.0.0.1');
    expect([theirs, ours].map(({ text }) => text.includes('10.0.0.1:80'))).toEqual([false, true]);
  });

  it('all filters json and yaml', async () => {
    const { theirs, ours } = await ask(dump, 'all', '--direction', 'inbound', '-o', 'json');
    expect(theirs.text.match(/"name"/g)).toHaveLength(names.length);
    expect(ours.text.match(/"name"/g)).toHaveLength(1);
  });
});

it('all goes on after a section that the dump does not have, and says so', async () => {
  const { theirs, ours } = await ask(clusters({ name: 'a' }), 'all');
  expect(theirs.status).toBe(1);
  expect(theirs.text).not.toContain('cluster/a');
  expect(ours.status).toBe(0);
  expect(ours.text).toContain('cluster/a');
  expect(ours.errors).toContain('has no BootstrapConfigDump');
});

it('route configurations are in an order that does not depend on the dump', async () => {
  const names = ['http.80', '9080', '80', 'inbound|80||', '15010', 'abc', '443', '1000', '5'];
  const listed = await Promise.all(
    [names, names.toReversed()].map(async (order) => {
      const configs = order.map((name) => ({
        route_config: { '@type': `${TYPE}envoy.config.route.v3.RouteConfiguration`, name },
      }));
      const { theirs, ours } = await ask(
        section('RoutesConfigDump', { dynamic_route_configs: configs }),
        'r',
        '--verbose=false',
      );
      return [theirs.text, ours.text] as const;
    }),
  );
  expect(listed[0]?.[0]).not.toBe(listed[1]?.[0]);
  expect(listed[0]?.[1]).toBe(listed[1]?.[1]);
});

it('a cut off, a wrong and a compressed file end with status 2 and a line that says what they are', async () => {
  const whole = JSON.stringify(clusters({ name: 'a' }));
  const cut = await ask(whole.slice(0, -10), 'c');
  expect([cut.theirs.status, cut.ours.status]).toEqual([1, 2]);
  expect(cut.ours.errors).toMatch(/cut off/);
  const other = await ask({ cluster_statuses: [] }, 'c');
  // istioctl reads it as a dump without sections.
  expect(other.theirs.errors).toContain('config dump has no configuration type');
  expect(other.ours.errors).toContain('is the answer of /clusters?format=json');
  const nack = fileURLToPath(new URL('../../fixtures/envoy/config-dump-unknown-extension.txt', import.meta.url));
  expect((await programs.ask(['c'], nack)).ours.errors).toContain('names an extension it does not have');
});
