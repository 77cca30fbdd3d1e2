/** Cilium in kube-proxy's place, by its own tables: texts made after its source, Services and pods of a bundled sample. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { packetReport } from '../../../src/explain/packet/packet-report.ts';
import { openPacketMachine } from '../../../src/packet-machine.ts';
import { backendJson, serviceJson, SLOTS } from '../../parse/cilium/cilium-texts.ts';
import { ask, sampleFacts, type Changes } from '../../sample-facts.ts';
import { serviceSchemaErrors } from '../../schema/service-schema.ts';
import { reportOf } from './report.ts';

const NODES = ['node1', 'node2'];
const NO_RULES = '*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
const WEB = { ip: '10.96.10.1', port: 80 };
const ENDPOINTS = ['10.244.1.10', '10.244.1.11', '10.244.2.10'];

/** The agent of Cilium on each node, and no rules of kube-proxy. */
const AGENTS: Changes = {
  'resources/core/v1/pods.json': (text) => {
    const list = JSON.parse(text) as { items: object[] };
    for (const nodeName of NODES) {
      const metadata = { name: `cilium-${nodeName}`, namespace: 'kube-system', labels: { 'k8s-app': 'cilium' } };
      const spec = { nodeName, hostNetwork: true, containers: [{ name: 'cilium-agent' }] };
      list.items.push({ kind: 'Pod', apiVersion: 'v1', metadata, spec, status: { phase: 'Running' } });
    }
    return JSON.stringify(list);
  },
  ...Object.fromEntries(
    NODES.flatMap((node) => [
      [`nodes/${node}/iptables-save.txt`, () => NO_RULES],
      [`nodes/${node}/nft-ruleset.json`, () => null],
    ]),
  ),
};

const onNodes = (file: string, text: string): Changes =>
  Object.fromEntries(NODES.map((node) => [`nodes/${node}/${file}`, () => text]));
const listOf = (...services: readonly object[]): Changes => onNodes('cilium-services.json', JSON.stringify(services));
/** Both ports of the Service; only the first one's backends are of interest. */
const web = (backends: readonly string[]) => [port80(backends.map((ip) => backendJson(ip, 8080))), METRICS];
const port80 = (backends: readonly object[]) => serviceJson(WEB, backends);
const METRICS = serviceJson(
  { ip: '10.96.10.1', port: 9090 },
  ENDPOINTS.map((ip) => backendJson(ip, 9090)),
);

async function report(tables: Changes, rules = false) {
  const facts = await sampleFacts('kube-proxy-iptables', { ...AGENTS, ...tables });
  const { report: made, status } = reportOf(facts, {
    name: 'web',
    namespace: 'shop',
    node: 'node1',
    rules,
    onlyDrift: false,
    onlyLedger: false,
  });
  expect(serviceSchemaErrors(made)).toEqual([]);
  const [account] = made.services;
  const ways = account?.nodes.flatMap(({ entries }) => entries.find(({ port }) => port === 80)?.ways ?? []) ?? [];
  return { account, ways, status };
}

async function verdict(tables: Changes) {
  const facts = await sampleFacts('kube-proxy-iptables', { ...AGENTS, ...tables });
  const { verdict: said, branches } = explain(facts, ask('cli-a', 'web', { namespace: 'shop' }));
  return `${said}: ${branches.map(({ reason }) => reason).join(' ')}`;
}

describe('a Service', () => {
  it('is told in the one notation, without what stands in no table', async () => {
    const { account, ways } = await report(listOf(...web(ENDPOINTS)));
    expect(account?.nodes.map(({ mode, basis }) => `${mode} ${basis}`)).toEqual(['cilium programmed']);
    expect(ways).toMatchObject([{ from: ['pod', 'outside', 'node'], action: 'translated', masquerade: 'unknown' }]);
    expect(ways[0]?.backends.map(({ ip, port, pod, probability }) => `${pod} ${ip}:${port} ${probability}`)).toEqual([
      'shop/web-a 10.244.1.10:8080 null',
      'shop/web-b 10.244.1.11:8080 null',
      'shop/web-c 10.244.2.10:8080 null',
    ]);
  });

  it('has rows of a ledger that differ where the tables do', async () => {
    const { account, status } = await report(listOf(...web([...ENDPOINTS.slice(1), '10.244.2.99'])));
    const states = account?.ledger.rows.map(({ endpoint, cells }) => [
      endpoint,
      ...cells.slice(0, 2).map(({ state }) => state),
    ]);
    expect(states?.filter(([endpoint]) => endpoint?.endsWith(':8080'))).toEqual([
      ['10.244.1.10:8080', 'present', 'missing'],
      ['10.244.1.11:8080', 'present', 'present'],
      ['10.244.2.10:8080', 'present', 'present'],
      ['10.244.2.99:8080', 'absent', 'extra'],
    ]);
    expect(status).toBe('unreachable');
  });

  it('cites the maps rather than the agent, where both are there', async () => {
    const maps = `10.96.10.1:80/TCP (0)  0.0.0.0:0 (3) (0) [ClusterIP, sessionAffinity]\n10.96.10.1:80/TCP (1)  10.244.1.10:8080/TCP (3) (1)\n`;
    const { ways } = await report(
      { ...listOf(...web(ENDPOINTS)), ...onNodes('cilium-load-balancer.json', maps) },
      true,
    );
    expect(ways).toMatchObject([{ affinity: true, backends: [{ ip: '10.244.1.10' }] }]);
    expect(ways[0]?.rules.map(({ line }) => line)).toEqual([1, 2]);
  });

  it.each([
    ['no backend', listOf(port80([])), 'no backend for 10.96.10.1:80'],
    ['none that is in use', listOf(port80([backendJson('10.244.1.10', 8080, 'quarantined')])), 'no backend'],
    [
      'a flag that decides',
      onNodes(
        'cilium-load-balancer.json',
        '10.96.10.1:80/TCP (0)  0.0.0.0:0 (3) (0) [LoadBalancer, check source-range]\n',
      ),
      'check source-range',
    ],
    ['no frontend', listOf(), 'no frontend 10.96.10.1:80/tcp'],
  ])('of %s is not known', async (_what, tables, reason) => {
    const { ways, status } = await report(tables);
    expect(ways).toMatchObject([{ action: 'undetermined', reason: expect.stringContaining(reason) as string }]);
    expect(status).toBe('undetermined');
  });

  it('goes to those that terminate where no other is left', async () => {
    const { ways } = await report(listOf(port80([backendJson('10.244.1.10', 8080, 'terminating')])));
    expect(ways).toMatchObject([{ action: 'translated', backends: [{ ip: '10.244.1.10' }] }]);
  });
});

describe('a walk', () => {
  it('is open, and names the backends of the tables', async () => {
    const said = await verdict(listOf(...web(ENDPOINTS)));
    expect(said).toMatch(/^undetermined: .*10\.244\.1\.10:8080, 10\.244\.1\.11:8080.*policies/);
  });

  it('is open without tables, and names the command that lists them', async () => {
    expect(await verdict({})).toMatch(/^undetermined: .*`cilium-dbg service list -o json`/);
  });
});

describe('packet', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-reach-cilium-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['services.json', JSON.stringify(web(ENDPOINTS), null, 2), '10.96.10.1', 80, 'to one of 10.244.1.10:8080'],
    ['lb.txt', SLOTS, '10.15.1.8', 443, 'no backend for 10.15.1.8:443'],
    [
      'lb.json',
      JSON.stringify({ '10.96.10.1:80/TCP (1)': ['10.244.1.10:8080/TCP (3) (1)'] }),
      '10.96.10.1',
      80,
      'to one of 10.244.1.10',
    ],
  ])('takes %s for a ruleset', async (file, text, dst, dport, reason) => {
    const [rules, tables] = [join(folder, 'iptables-save.txt'), join(folder, file)];
    writeFileSync(rules, NO_RULES);
    writeFileSync(tables, text);
    const machine = await openPacketMachine({
      rulesets: [rules, tables],
      rulesets6: [],
      nodeAddresses: ['10.10.0.11'],
    });
    const actions = [dst, '10.244.9.9'].map((to) => {
      const answer = packetReport(machine.answer({ src: '10.244.1.20', dst: to, dport }));
      return 'error' in answer
        ? answer.error
        : answer.outcomes.map((one) => `${one.action} ${one.undetermined ?? ''}`).join();
    });
    expect(actions).toEqual([expect.stringContaining(`undetermined Cilium`), 'accept ']);
    expect(actions[0]).toContain(reason);
  });
});
