/** Differences of docs/istioctl-differences.md in commands, flags, order and errors, each shown by both programs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { goProgram } from '../../lab/build/go-modules.ts';
import { Programs, type Printed } from './programs.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'istioctl-differences-'));
afterAll(() => rmSync(folder, { recursive: true }));
const programs = new Programs(await goProgram('istioctl'), folder);

const TYPE = 'type.googleapis.com/';
const SIDECAR = fileURLToPath(
  new URL(
    '../../fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy/config_dump.json',
    import.meta.url,
  ),
);
const ZTUNNEL = fileURLToPath(new URL('../../fixtures/ztunnel/config_dump.json', import.meta.url));

let files = 0;
function written(text: string): string {
  const file = path.join(folder, `${++files}.json`);
  writeFileSync(file, text);
  return file;
}

function listeners(...resources: readonly object[]): string {
  const list = resources.map((one) => ({
    active_state: { listener: { '@type': `${TYPE}envoy.config.listener.v3.Listener`, ...one } },
  }));
  const section = { '@type': `${TYPE}envoy.admin.v3.ListenersConfigDump`, dynamic_listeners: list };
  return JSON.stringify({ configs: [section] });
}

const lines = ({ text }: Printed): string[] => text.trimEnd().split('\n');

describe('flags', () => {
  it('of the client of Kubernetes are accepted by both; istioctl writes its log into the answer', async () => {
    const { theirs, ours } = await programs.ask(['c', '--kubeclient-timeout', '5s', '--vklog=9'], SIDECAR);
    const answer = theirs.text.split('\n').filter((line) => !line.includes('\tklog\t'));
    expect(answer.join('\n')).not.toBe(theirs.text);
    expect(ours).toEqual({ text: answer.join('\n'), errors: '', status: 0 });
    expect(ours.text).toContain('reviews.bookinfo.svc.cluster.local');
  });

  it.each([
    ['--kubeclient-timeout', 'soon'],
    ['--vklog', 'much'],
  ])('%s %s is refused by both', async (flag, value) => {
    const { theirs, ours } = await programs.run(['proxy-config', 'cluster', 'deploy/web', flag, value]);
    expect(theirs.status).not.toBe(0);
    expect(ours.status).toBe(2);
  });

  it.each([['c'], ['l'], ['r']])('--cluster, which is of endpoints, is refused by both in %s', async (command) => {
    const { theirs, ours } = await programs.ask([command, '--cluster', 'outbound|9080||a.b'], SIDECAR);
    expect(theirs.errors).toContain('unknown flag: --cluster');
    expect([theirs.status, ours.status, ours.text]).toEqual([64, 2, '']);
    expect(ours.errors).toContain('--cluster');
  });

  it('the hidden --waypoint is not there', async () => {
    const { theirs, ours } = await programs.ask(['listener', '--waypoint'], SIDECAR);
    expect([theirs.status, ours.status]).toEqual([0, 2]);
    expect(ours.errors).toContain('--waypoint');
  });
});

describe('the order of a table', () => {
  const chain = (name: string, cluster: string) => ({
    filter_chain_match: { server_names: [name] },
    filters: [
      {
        name: 'envoy.filters.network.tcp_proxy',
        typed_config: {
          '@type': `${TYPE}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
          cluster,
        },
      },
    ],
  });

  it('chains with an equal destination stand in the order of the proxy, which istioctl loses', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `host-${(index * 7) % 40}`);
    const destinations = ['three', 'one', 'two'];
    const chains = names.map((name, at) => chain(name, destinations[at % 3] ?? ''));
    const { theirs, ours } = await programs.ask(['l'], written(listeners({ name: 'l', filter_chains: chains })));
    const shown = (printed: Printed): string[] => lines(printed).flatMap((line) => /SNI: (\S+)/.exec(line)?.[1] ?? []);
    // Destinations descend.
    const sorted = ['two', 'three', 'one'].flatMap((one) => names.filter((_, at) => destinations[at % 3] === one));
    expect(shown(ours)).toEqual(sorted);
    expect(shown(theirs).toSorted()).toEqual(names.toSorted());
    expect(shown(theirs)).not.toEqual(sorted);
  });

  it('listeners of an equal port, address and type stand by their names', async () => {
    const named = Array.from({ length: 40 }, (_, index) => ({
      name: `l-${String((index * 7) % 40).padStart(2, '0')}`,
      filter_chains: [chain(`host-${(index * 7) % 40}`, 'one')],
    }));
    const texts = await Promise.all(
      [named, named.toReversed()].map(async (list) => programs.ask(['l'], written(listeners(...list)))),
    );
    expect(texts[0]?.theirs.text).not.toBe(texts[1]?.theirs.text);
    expect(texts[0]?.ours.text).toBe(texts[1]?.ours.text);
  });
});

it('of a large dump only what the question needs is read: a fault elsewhere is not found', async () => {
  const cluster = (index: number): object => ({
    cluster: { '@type': `${TYPE}envoy.config.cluster.v3.Cluster`, name: `outbound|80||host-${index}.example` },
  });
  const section = (name: string, more: object): object => ({ '@type': `${TYPE}envoy.admin.v3.${name}`, ...more });
  const text = JSON.stringify(
    {
      configs: [
        section('ClustersConfigDump', {
          dynamic_active_clusters: Array.from({ length: 20_000 }, (_, at) => cluster(at)),
        }),
        section('RoutesConfigDump', { static_route_configs: [{ last_updated: 'FAULT' }] }),
      ],
    },
    null,
    1,
  );
  const file = written(text.replace('"FAULT"', '"FAULT" "FAULT"'));
  const { theirs, ours } = await programs.ask(['c', '--fqdn', 'host-777.example'], file);
  expect(theirs.status).toBe(1);
  expect({ status: ours.status, rows: lines(ours).length }).toEqual({ status: 0, rows: 2 });
  const routes = await programs.ask(['r'], file);
  expect({ status: routes.ours.status, text: routes.ours.text }).toEqual({ status: 2, text: '' });
});

describe('authz check', () => {
  const rbac = (policy: string): object => ({
    name: 'envoy.filters.network.rbac',
    typed_config: {
      '@type': `${TYPE}envoy.extensions.filters.network.rbac.v3.RBAC`,
      stat_prefix: 'tcp.',
      rules: { action: 'DENY', policies: { [policy]: { permissions: [{ any: true }], principals: [{ any: true }] } } },
    },
  });

  it('counts the default filter chain, which istioctl leaves out', async () => {
    const file = written(
      listeners({
        name: 'l',
        filter_chains: [{ filters: [rbac('ns[shop]-policy[one]-rule[0]')] }],
        default_filter_chain: { filters: [rbac('ns[shop]-policy[two]-rule[0]')] },
      }),
    );
    const { theirs, ours } = await programs.run(['authz', 'check', '-f', file], ['x']);
    expect(theirs.text).toContain('one.shop');
    expect(theirs.text).not.toContain('two.shop');
    expect(lines(ours).slice(1)).toEqual(['DENY     one.shop              1', 'DENY     two.shop              1']);
  });

  it('shows a policy of somebody else under its name, where istioctl leaves the cell empty', async () => {
    const file = written(listeners({ name: 'l', filter_chains: [{ filters: [rbac('mine')] }] }));
    const { theirs, ours } = await programs.run(['authz', 'check', '-f', file], ['x']);
    expect(theirs.text).toMatch(/^DENY +1$/m);
    expect(ours.text).toMatch(/^DENY +mine +1$/m);
  });
});

describe('ztunnel-config workload -o json', () => {
  it('stands in the order of the document, of which istioctl makes another each time', async () => {
    const file = written(JSON.stringify({ workloads: manyWorkloads(40) }));
    const words = ['ztunnel-config', 'workload', '-o', 'json', '--file', file];
    const runs = await Promise.all([programs.run(words), programs.run(words), programs.run(words)]);
    const names = ({ text }: Printed): string[] => (JSON.parse(text) as { name: string }[]).map(({ name }) => name);
    expect(new Set(runs.map(({ theirs }) => names(theirs).join(' '))).size).toBeGreaterThan(1);
    for (const { theirs, ours } of runs) {
      expect(names(ours)).toEqual(Array.from({ length: 40 }, (_, index) => `w-${index}`));
      expect(names(theirs).toSorted()).toEqual(names(ours).toSorted());
    }
  });

  function manyWorkloads(count: number): object {
    return Object.fromEntries(
      Array.from({ length: count }, (_, index) => {
        const address = `10.0.0.${index}`;
        const workload = { workloadIps: [address], uid: `u-${index}`, name: `w-${index}`, namespace: 'shop' };
        return [`/${address}`, { ...workload, protocol: 'TCP', status: 'Healthy' }];
      }),
    );
  }
});

describe('exit status', () => {
  it.each([
    ['a flag that is none', ['proxy-config', 'cluster', '--bogus', '--file', SIDECAR], 64],
    ['no file', ['proxy-config', 'cluster', '--file', path.join(folder, 'none')], 1],
    ['a dump of an Envoy for a ztunnel', ['ztunnel-config', 'workload', '--file', SIDECAR], 0],
    ['a dump of a ztunnel for an Envoy', ['proxy-config', 'cluster', '--file', ZTUNNEL], 1],
  ])('of %s is 2, with a line that says so', async (_, words, status) => {
    const { theirs, ours } = await programs.run(words);
    expect([theirs.status, ours.status]).toEqual([status, 2]);
    expect(ours.errors).toMatch(/^error: [^\n]+\n/);
  });
});
