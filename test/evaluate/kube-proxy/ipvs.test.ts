import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateKubeProxy } from '../../../src/evaluate/kube-proxy/evaluate-kube-proxy.ts';
import type { KubeProxyInput } from '../../../src/evaluate/kube-proxy/kube-proxy-input.ts';
import { proxyNode } from '../../../src/evaluate/kube-proxy/node.ts';
import { serviceAddresses } from '../../../src/evaluate/kube-proxy/service-addresses.ts';
import { indexServices } from '../../../src/evaluate/kube-proxy/service-index.ts';
import { formatEndpoint } from '../../../src/model/address.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';
import { LAB_CONFIG, packet } from './lab.ts';

const folder = new URL('../../fixtures/kube-proxy/ipvs/', import.meta.url);
const list = (plural: string) => [
  { name: plural, capturedAt: null, bytes: readFileSync(new URL(`${plural}.json`, folder)) },
];
const { objects } = kubernetesObjects(
  new Map(['services', 'endpointslices', 'nodes'].map((plural) => [plural, list(plural)])),
);
const node = objects.nodes.find((one) => one.name === 'lab-node');
if (node === undefined) throw new Error('no lab-node');

const input: KubeProxyInput = {
  index: indexServices(objects),
  node: proxyNode(node, ['127.0.0.1', '::1', '10.60.0.1', 'fd60::1', '10.244.0.1', 'fd10:244::1', 'fe80::1'], [node]),
  config: { ...LAB_CONFIG, mode: 'ipvs', clusterCIDRs: ['10.244.0.0/16', 'fd10:244::/56'] },
  mode: 'ipvs',
  serviceCIDRs: [],
};

/** `tcp 10.96.0.10:80` → real servers, from the `-A` and `-a` lines. */
function virtualServers(): Map<string, string[]> {
  const servers = new Map<string, string[]>();
  for (const line of readFileSync(new URL('ipvsadm-save.txt', folder), 'utf8').split('\n')) {
    const match = /^-(A|a) (-t|-u|--sctp-service) (\S+)(?: -s \S+| -r (\S+))/.exec(line);
    if (match === null) continue;
    const protocol = { '-t': 'tcp', '-u': 'udp', '--sctp-service': 'sctp' }[match[2] ?? ''] ?? '';
    const key = `${protocol} ${match[3]}`;
    if (match[1] === 'A') servers.set(key, []);
    else servers.get(key)?.push(match[4] ?? '');
  }
  return servers;
}

describe('IPVS mode, held against ipvsadm of a real kube-proxy', () => {
  const programmed = virtualServers();
  it.each([...programmed])('%s has the real servers that the objects ask for', (key, servers) => {
    const [protocol = '', at = ''] = key.split(' ');
    const colon = at.lastIndexOf(':');
    const address = at.slice(0, colon).replace(/[[\]]/g, '');
    const client = address.includes(':') ? 'fd10:244::99' : '10.244.0.99';
    const outcomes = evaluateKubeProxy(
      input,
      packet(protocol as 'tcp', client, address, Number(at.slice(colon + 1)), 'vethpodc'),
    );
    const asked = new Set(
      outcomes.flatMap(({ destination: to }) => (to === null ? [] : [formatEndpoint(to.ip, to.port)])),
    );
    // lb is guarded by source ranges, which IPVS checks in iptables, not in the virtual server
    const guarded = address === '192.0.2.100';
    expect([...asked].toSorted()).toEqual(guarded ? [] : servers.toSorted());
    const actions = [...new Set(outcomes.map((one) => one.action))];
    expect(actions).toEqual([guarded ? 'drop' : servers.length === 0 ? 'reject' : 'dnat']);
    for (const sum of probabilitySums(outcomes)) expect(sum).toBeCloseTo(1, 12);
  });

  it('has a virtual server for each address that a Service answers at, and no other', () => {
    const listed = objects.services.flatMap((service) =>
      serviceAddresses(input, service).map((one) => `${one.protocol} ${formatEndpoint(one.address, one.port)}`),
    );
    expect([...new Set(listed)].toSorted()).toEqual([...programmed.keys()].toSorted());
  });

  it('lets the allowed range in', () => {
    const outcomes = evaluateKubeProxy(input, packet('tcp', '10.50.0.9', '192.0.2.100', 80, 'eth0'));
    expect(outcomes.map((one) => `${one.action} ${one.destination?.ip} ${one.masquerade}`)).toEqual([
      'dnat 10.244.0.11 true',
      'dnat 10.244.0.12 true',
      'dnat 10.244.1.13 true',
    ]);
  });

  it('leaves to a condition what a scheduler decides by a hash', () => {
    const hashed = { ...input, config: { ...input.config, ipvsScheduler: 'sh' } };
    const outcomes = evaluateKubeProxy(hashed, packet('tcp', '10.244.0.99', '10.96.0.10', 80, 'vethpodc'));
    expect(outcomes.map((one) => [one.probability, one.conditions.map((condition) => condition.value)])).toEqual([
      [1, ['10.244.0.11:8080']],
      [1, ['10.244.0.12:8080']],
      [1, ['10.244.1.13:8080']],
    ]);
    expect(probabilitySums(outcomes)).toEqual([1, 1, 1]);
  });

  it.each([
    ['an unused port of a cluster IP', '10.96.0.10', 81],
    ['an unused port of a load balancer address', '192.0.2.101', 81],
    ['a node port at a cluster IP', '10.96.0.10', 30080],
  ])('refuses %s', (_, address, port) => {
    expect(
      evaluateKubeProxy(input, packet('tcp', '10.244.0.99', address, port, 'eth0')).map((one) => one.action),
    ).toEqual(['reject']);
  });
});
