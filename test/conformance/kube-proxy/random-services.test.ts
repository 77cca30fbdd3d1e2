/**
 * Random Services and EndpointSlices, programmed by a real kube-proxy in each mode that works by rules: every address and port is asked,
 * from every class of clients, of the nodes' rules, of the API objects alone, and of the kernel by real connections. All three must agree.
 * KUBECTL_REACH_CASES: how many large cases in place of a small one; KUBECTL_REACH_SEED: the first.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultName } from '../../lab/lab.ts';
import type { ProxySettings } from '../../lab/node/kube-proxy.ts';
import { NamespaceCluster } from '../../lab/namespace-cluster.ts';
import { holdCases } from './hold-cases.ts';
import { MODES, RANDOM_SERVICES } from './pods.ts';

/** What administrators set: who counts as local decides who is masqueraded. */
const SETTINGS: Readonly<Record<string, ProxySettings>> = {
  'as a cluster has it by default': {},
  'everything masqueraded': { iptables: { masqueradeAll: true }, nftables: { masqueradeAll: true } },
  'local by the range of the node, node ports at some addresses': {
    detectLocalMode: 'NodeCIDR',
    clusterCIDR: '',
    nodePortAddresses: ['10.10.0.8/30', 'fd00:10::/64'],
  },
  'local by the prefix of the interface, node ports at the primary address': {
    detectLocalMode: 'InterfaceNamePrefix',
    detectLocal: { interfaceNamePrefix: 'veth' },
    clusterCIDR: '',
    nodePortAddresses: ['primary'],
  },
};

describe.each(Object.entries(SETTINGS))('%s', (what, settings) => {
  let cluster: NamespaceCluster;
  beforeAll(async () => {
    cluster = await NamespaceCluster.start(defaultName(), RANDOM_SERVICES, MODES, settings);
    return () => cluster.stop();
  });

  it('rules, objects and kernel agree', { timeout: 7_200_000 }, async () => {
    const isLong = process.env['KUBECTL_REACH_CASES'] !== undefined;
    const extent = { cases: 1, services: isLong ? 12 : 3, requests: 12 };
    const failures = await holdCases(`kube-proxy, ${what}`, cluster, extent);
    expect(failures.join('\n')).toBe('');
  });
});
