import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { collectSnapshots } from '../../../src/collect/snapshot.ts';
import { reportServices, type ServiceInput } from '../../../src/explain/service/service.ts';
import type { Facts } from '../../../src/model/facts.ts';
import type { ServiceAccount, ServiceWay } from '../../../src/model/service-report.ts';
import { createWorkspace } from '../../../src/workspace.ts';
import { sampleFacts, type Changes, type SampleName } from '../../sample-facts.ts';
import { serviceSchemaErrors } from '../../schema/service-schema.ts';
import { pageOf, reportOf } from './report.ts';

const ALL: ServiceInput = {
  name: null,
  namespace: null,
  node: null,
  rules: false,
  onlyDrift: false,
  onlyLedger: false,
};
const MODES = ['kube-proxy-iptables', 'kube-proxy-legacy', 'kube-proxy-nftables'] as const;

async function ipvs(change: (name: string, text: string) => string = (_, text) => text): Promise<Facts> {
  const source = await collectSnapshots([fileURLToPath(new URL('../../fixtures/ipvs/sh', import.meta.url))]);
  return createWorkspace({
    names: () => source.names(),
    gaps: () => source.gaps(),
    artefact: (name) => {
      const found = source.artefact(name);
      return found && { ...found, bytes: Buffer.from(change(name, found.bytes.toString())) };
    },
  });
}

function one(facts: Facts, name: string, more: Partial<ServiceInput> = {}): ServiceAccount {
  const [account] = reportOf(facts, { ...ALL, name, ...more }).report.services;
  if (account === undefined) throw new Error(`no account of ${name}`);
  return account;
}

/** What the nodes do with a Service's addresses from one source, in a notation without names of rules. */
function notation(account: ServiceAccount): readonly string[] {
  const ways = account.nodes.flatMap(({ nodes, entries }) =>
    nodes.flatMap((node) =>
      entries.flatMap((entry) =>
        entry.ways.flatMap((way) =>
          way.from.map(
            (from) => `${node} ${entry.kind} ${entry.address}:${entry.port}/${entry.protocol} ${from}: ${told(way)}`,
          ),
        ),
      ),
    ),
  );
  return ways.toSorted((a, b) => (a < b ? -1 : 1));
}

function told({ action, backends, masquerade, affinity }: ServiceWay): string {
  const to = backends.map(({ ip, port, probability }) => `${ip}:${port} ${probability?.toFixed(3) ?? '?'}`);
  return [action, ...to, masquerade, affinity ? 'sticky' : ''].join(' ');
}

describe('every Service of a cluster with a real kube-proxy', () => {
  it.each(MODES)('%s: nothing differs, and everything is known', async (mode) => {
    const { report, status } = reportOf(await sampleFacts(mode), ALL);
    expect(serviceSchemaErrors(report)).toEqual([]);
    expect(report.services.filter((account) => account.drift !== false).map((account) => account.name)).toEqual([]);
    expect(status).toBe('ok');
  });

  it('is the same for both back ends of iptables, in one notation', async () => {
    const [one_, other] = await Promise.all(
      (['kube-proxy-iptables', 'kube-proxy-legacy'] as const).map(async (mode) =>
        reportOf(await sampleFacts(mode), ALL).report.services.map(notation),
      ),
    );
    expect(other).toEqual(one_);
  });

  it('tells a ClusterIP of every mode alike', async () => {
    const accounts = await Promise.all(
      MODES.map(async (mode) => one(await sampleFacts(mode), 'web', { namespace: 'shop' })),
    );
    const cluster = accounts.map((account) => notation(account).filter((line) => line.includes(' clusterIP ')));
    expect(cluster[0]?.length).toBeGreaterThan(0);
    expect(cluster[1]).toEqual(cluster[0]);
    expect(cluster[2]).toEqual(cluster[0]);
  });

  it('shares of every way add up to 1, or something decides', async () => {
    for (const mode of MODES) {
      const ways = reportOf(await sampleFacts(mode), ALL).report.services.flatMap(({ nodes }) =>
        nodes.flatMap(({ entries }) => entries.flatMap((entry) => entry.ways)),
      );
      const sums = ways
        .filter((way) => way.backends.length > 0 && way.backends.every((backend) => backend.probability !== null))
        .map((way) => way.backends.reduce((sum, backend) => sum + (backend.probability ?? 0), 0));
      expect(sums.length).toBeGreaterThan(20);
      for (const sum of sums) expect(sum).toBeCloseTo(1, 9);
    }
  });
});

const SAVE = 'nodes/node1/iptables-save.txt';

async function changed(sample: SampleName, changes: Changes, name: string): Promise<ServiceAccount> {
  return one(await sampleFacts(sample, changes), name, { namespace: 'shop', node: 'node1' });
}

/** Address of the first endpoint of shop/web. */
async function webEndpoint(): Promise<string> {
  const account = one(await sampleFacts('kube-proxy-iptables'), 'web', { namespace: 'shop' });
  const [row] = account.ledger.rows;
  if (row === undefined) throw new Error('web has no endpoint');
  return row.endpoint;
}

describe('drift', () => {
  it('an endpoint that the rules have and no slice: extra', async () => {
    const endpoint = await webEndpoint();
    const ghost = endpoint.replace(/\d+:/, '199:');
    const account = await changed(
      'kube-proxy-iptables',
      { [SAVE]: (text) => text.replaceAll(`to-destination ${endpoint}`, `to-destination ${ghost}`) },
      'web',
    );
    expect(account.drift).toBe(true);
    const rows = new Map(account.ledger.rows.map((row) => [row.endpoint, row.cells.map((cell) => cell.state)]));
    expect(rows.get(ghost)?.slice(0, 2)).toEqual(['absent', 'extra']);
    expect(rows.get(endpoint)?.slice(0, 2)).toEqual(['present', 'missing']);
    const codes = new Set(
      account.nodes.flatMap(({ entries }) => entries.flatMap((entry) => entry.ways.map((way) => way.drift?.code))),
    );
    expect(codes).toContain('KR202');
  });

  it('no rule at all: KR201', async () => {
    const { nodes } = one(await sampleFacts('kube-proxy-iptables'), 'web', { namespace: 'shop' });
    const address = nodes[0]?.entries.find((entry) => entry.kind === 'clusterIP')?.address ?? '';
    const without = (text: string): string =>
      text.replaceAll(new RegExp(`^.*-A KUBE-SERVICES -d ${address}/32.*\n`, 'gm'), '');
    const account = await changed('kube-proxy-iptables', { [SAVE]: without }, 'web');
    expect(
      account.nodes.flatMap(({ entries }) => entries.flatMap((entry) => entry.ways.map((way) => way.drift?.code))),
    ).toContain('KR201');
  });

  it('nodes with equal rows stand in one column, others apart', async () => {
    const endpoint = await webEndpoint();
    const whole = one(await sampleFacts('kube-proxy-iptables'), 'web', { namespace: 'shop' });
    const edited = one(
      await sampleFacts('kube-proxy-iptables', {
        [SAVE]: (text) => text.replaceAll(`to-destination ${endpoint}`, 'to-destination 10.9.9.9:1'),
      }),
      'web',
      { namespace: 'shop' },
    );
    const nodes = ({ ledger }: ServiceAccount) =>
      ledger.columns.filter((column) => column.kind === 'node').map((column) => column.names);
    expect(nodes(whole)).toEqual([['node1', 'node2']]);
    expect(nodes(edited)).toEqual([['node1'], ['node2']]);
  });

  it('--only-drift keeps what somebody disagrees about', async () => {
    const endpoint = await webEndpoint();
    const facts = await sampleFacts('kube-proxy-iptables', {
      [SAVE]: (text) => text.replaceAll(`to-destination ${endpoint}`, 'to-destination 10.9.9.9:1'),
    });
    const { report, status } = reportOf(facts, { ...ALL, onlyDrift: true });
    expect(report.looked).toBeGreaterThan(report.services.length);
    expect(report.services.length).toBeGreaterThan(0);
    for (const { ledger } of report.services) for (const row of ledger.rows) expect(row.odd).toBe(true);
    expect(status).toBe('unreachable');
  });

  it('a real server that IPVS lacks, and one that it should not have', async () => {
    const edit = (name: string, text: string): string =>
      name.endsWith('ipvsadm-save.txt') || name.endsWith('ip_vs.txt')
        ? text
            .replaceAll('10.96.0.10:80 -r 10.244.0.11:8080', '10.96.0.10:80 -r 10.244.0.99:8080')
            .replaceAll('0AF4000B:1F90', '0AF40063:1F90')
        : text;
    const before = one(await ipvs(), 'web', { node: 'lab-node' });
    const after = one(await ipvs(edit), 'web', { node: 'lab-node' });
    const odd = ({ ledger }: ServiceAccount) =>
      ledger.rows.filter((row) => row.odd).map((row) => [row.endpoint, row.cells[1]?.state]);
    expect(odd(before)).toEqual([]);
    expect(odd(after)).toContainEqual(['10.244.0.99:8080', 'extra']);
  });

  it('a node whose rules were not captured is not judged', async () => {
    const account = one(await ipvs(), 'web', { node: 'lab-node2' });
    expect(account.drift).toBeNull();
    expect(account.nodes.map((node) => node.basis)).toEqual(['intended']);
  });
});

describe('the ledger', () => {
  it('has a column for proxies and one for tracked connections', async () => {
    const account = one(await sampleFacts('one-node-bookinfo'), 'reviews', { namespace: 'bookinfo' });
    expect(account.ledger.columns.map((column) => column.kind)).toEqual(['slice', 'node', 'proxy', 'conntrack']);
    expect(account.ledger.rows.every((row) => !row.odd)).toBe(true);
  });

  it('marks connections to endpoints that no slice has', async () => {
    const slices = 'resources/discovery.k8s.io/v1/endpointslices.json';
    const facts = await sampleFacts('one-node-bookinfo', {
      [slices]: (text) => text.replaceAll('10.244.1.11', '10.244.1.111'),
    });
    const row = one(facts, 'reviews', { namespace: 'bookinfo' }).ledger.rows.find(
      (each) => each.endpoint === '10.244.1.11:9080',
    );
    expect(row?.odd).toBe(true);
    expect(row?.cells.map((cell) => cell.state)).toEqual(['absent', 'extra', 'extra', 'stale']);
  });
});

describe('the page', () => {
  it('tells spec, endpoints and nodes, and rules on demand', async () => {
    const facts = await sampleFacts('kube-proxy-nftables');
    const plain = pageOf(facts, { ...ALL, name: 'web', namespace: 'shop' });
    const ruled = pageOf(facts, { ...ALL, name: 'web', namespace: 'shop', rules: true });
    expect(plain).toMatch(/^Service shop\/web {2}/);
    expect(plain).toContain('web.shop.svc.cluster.local');
    expect(plain).toMatch(/nodes? node1.*\(nftables\)/);
    expect(plain).not.toContain('dnat');
    expect(ruled).toContain('dnat');
  });

  it('a Service without addresses says so', async () => {
    const { report } = reportOf(await sampleFacts('kube-proxy-iptables'), ALL);
    const external = report.services.find((account) => account.type === 'ExternalName');
    expect(external?.nodes).toEqual([]);
    expect(external?.drift).toBe(false);
  });

  it('an unknown name is told with those that are close', async () => {
    const facts = await sampleFacts('kube-proxy-iptables');
    expect(() => reportServices(facts, { ...ALL, name: 'wbe', namespace: 'shop' })).toThrow(/there is no Service wbe/);
    expect(() => reportServices(facts, { ...ALL, node: 'nowhere' })).toThrow(/there is no node nowhere/);
  });
});
