/**
 * Random Services and EndpointSlices, programmed by a real kube-proxy in each mode that works by rules: every address and port is asked,
 * from every class of clients, of the nodes' rules, of the API objects alone, and of the kernel by real connections. All three must agree.
 * KUBECTL_REACH_CASES: how many large cases in place of a small one; KUBECTL_REACH_SEED: the first.
 */
import { beforeAll, expect, it } from 'vitest';
import { defaultName } from '../../lab/lab.ts';
import requireLab from '../../lab/requirements.ts';
import { NamespaceCluster } from '../../lab/namespace-cluster.ts';
import { holdCases } from './hold-cases.ts';
import { MODES, RANDOM_SERVICES } from './pods.ts';

let cluster: NamespaceCluster;
beforeAll(async () => {
  requireLab();
  cluster = await NamespaceCluster.start(defaultName(), RANDOM_SERVICES, MODES);
  return () => cluster.stop();
});

it('rules, objects and kernel agree', { timeout: 7_200_000 }, async () => {
  const isLong = process.env['KUBECTL_REACH_CASES'] !== undefined;
  const extent = { cases: 1, services: isLong ? 12 : 3, requests: 12 };
  const failures = await holdCases('kube-proxy', cluster, extent);
  expect(failures.join('\n')).toBe('');
});
