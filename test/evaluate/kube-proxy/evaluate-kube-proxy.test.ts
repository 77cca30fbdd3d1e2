import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateKubeProxy } from '../../../src/evaluate/kube-proxy/evaluate-kube-proxy.ts';
import type { KubeProxyInput } from '../../../src/evaluate/kube-proxy/kube-proxy-input.ts';
import type { ProxyNode } from '../../../src/evaluate/kube-proxy/node.ts';
import { usableEndpoints } from '../../../src/evaluate/kube-proxy/service-addresses.ts';
import { indexServices } from '../../../src/evaluate/kube-proxy/service-index.ts';
import { formatEndpoint } from '../../../src/model/address.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import type { Flow } from '../../../src/model/flow.ts';
import type { IntendedOutcome, KubeProxyConfig } from '../../../src/model/kube-proxy.ts';
import type { KubernetesObjects } from '../../../src/model/kubernetes.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';
import { LAB_CONFIG, openLab, packet } from './lab.ts';

const NODE: ProxyNode = {
  name: 'n1',
  zone: 'a',
  podCIDRs: ['10.1.0.0/24'],
  clusterPodCIDRs: ['10.1.0.0/24'],
  nodeIPs: ['192.168.0.1', 'fd00::1'],
  localAddresses: ['127.0.0.1', '192.168.0.1', 'fd00::1', '10.1.0.254'],
};
const CONFIG: KubeProxyConfig = { ...LAB_CONFIG, clusterCIDRs: ['10.1.0.0/16'] };

function read(services: unknown[], slices: unknown[]): KubernetesObjects {
  const list = (name: string, items: unknown[]) => [
    { name, capturedAt: null, bytes: Buffer.from(JSON.stringify(items)) },
  ];
  return kubernetesObjects(
    new Map([
      ['services', list('services', services)],
      ['endpointslices', list('slices', slices)],
    ]),
  ).objects;
}

function service(spec: object, status: object = {}, metadata: object = {}): unknown {
  const ports = [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080 }];
  return {
    metadata: { namespace: 'shop', name: 'web', ...metadata },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ports, ...spec },
    status,
  };
}

function slice(
  endpoints: object[],
  more: { name?: string; labels?: object; ports?: unknown; addressType?: string } = {},
): unknown {
  return {
    metadata: {
      namespace: 'shop',
      name: more.name ?? 'web-1',
      labels: { 'kubernetes.io/service-name': 'web', ...more.labels },
    },
    addressType: more.addressType ?? 'IPv4',
    ports: more.ports ?? [{ name: 'http', port: 8080 }],
    endpoints,
  };
}

const HERE = { addresses: ['10.1.0.10'], nodeName: 'n1', conditions: { ready: true } };
const THERE = { addresses: ['10.1.1.10'], nodeName: 'n2', conditions: { ready: true } };
const POD = '10.1.0.5';

function input(services: unknown[], slices: unknown[], more: Partial<KubeProxyInput> = {}): KubeProxyInput {
  const objects = read(services, slices);
  return {
    index: indexServices(objects),
    node: NODE,
    config: CONFIG,
    mode: 'iptables',
    serviceCIDRs: ['10.96.0.0/16'],
    ...more,
  };
}

function tell(outcomes: readonly IntendedOutcome[]): string[] {
  return outcomes.map((one) => {
    const to = one.destination === null ? '' : ` ${formatEndpoint(one.destination.ip, one.destination.port)}`;
    const masquerade = one.masquerade === null ? ' masquerade?' : one.masquerade ? ' masqueraded' : '';
    const given = one.conditions.map((condition) => ` if ${condition.value}`).join('');
    return `${one.action}${to}${masquerade} ${one.probability}${given}`;
  });
}

const web = (source: string, inInterface: string | null = 'veth'): Flow =>
  packet('tcp', source, '10.96.0.1', 80, inInterface);

describe('which endpoints count', () => {
  it.each([
    ['an endpoint in two slices counts once', [slice([HERE]), slice([HERE], { name: 'web-2' })], ['10.1.0.10:8080']],
    [
      'a running pod that took the address of a terminating one',
      [
        slice([HERE], { name: 'web-a' }),
        slice([THERE, { ...HERE, conditions: { ready: false, serving: true, terminating: true } }], { name: 'web-b' }),
      ],
      ['10.1.0.10:8080', '10.1.1.10:8080'],
    ],
    [
      'only the first address of an endpoint',
      [slice([{ ...HERE, addresses: ['10.1.0.10', '10.1.0.11'] }])],
      ['10.1.0.10:8080'],
    ],
    ['ports of another name do not', [slice([HERE], { ports: [{ name: 'web', port: 8080 }] })], []],
    [
      'ports of another protocol do not',
      [slice([HERE], { ports: [{ name: 'http', port: 8080, protocol: 'UDP' }] })],
      [],
    ],
    ['a port without number does not', [slice([HERE], { ports: [{ name: 'http' }] })], []],
    ['slices of headless Services do not', [slice([HERE], { labels: { 'service.kubernetes.io/headless': '' } })], []],
    ['slices of the other family do not', [slice([{ ...HERE, addresses: ['fd00::10'] }], { addressType: 'IPv6' })], []],
    ['absent conditions count as ready', [slice([{ addresses: ['10.1.0.10'] }])], ['10.1.0.10:8080']],
    ['no slices', [], []],
  ])('%s', (_, slices, expected) => {
    const given = input([service({})], slices);
    const [first] = read([service({})], []).services;
    const port = first?.ports[0];
    if (first === undefined || port === undefined) throw new Error('no Service');
    const outcomes = evaluateKubeProxy(given, web(POD));
    expect(tell(outcomes)).toEqual(
      expected.length > 0 ? expected.map((to) => `dnat ${to} ${1 / expected.length}`) : ['reject 1'],
    );
    expect(usableEndpoints(given, first, port).flatMap((one) => one.cluster.map((endpoint) => endpoint.text))).toEqual(
      expected,
    );
  });

  it('joins unnamed ports', () => {
    const given = input([service({ ports: [{ port: 80 }] })], [slice([HERE], { ports: [{ name: '', port: 9 }] })]);
    expect(tell(evaluateKubeProxy(given, web(POD)))).toEqual(['dnat 10.1.0.10:9 1']);
  });
});

describe('which Services kube-proxy handles', () => {
  it.each([
    ['headless', { clusterIP: 'None', clusterIPs: ['None'] }, {}],
    ['ExternalName', { type: 'ExternalName', externalName: 'x.test' }, {}],
    ['handed to another proxy', {}, { labels: { 'service.kubernetes.io/service-proxy-name': 'mine' } }],
  ])('not: %s', (_, spec, metadata) => {
    expect(tell(evaluateKubeProxy(input([service(spec, {}, metadata)], [slice([HERE])]), web(POD)))).toEqual([
      'pass 1',
    ]);
  });
});

describe('masquerade by detectLocalMode', () => {
  const local = { ...CONFIG, clusterCIDRs: [] };
  it.each([
    ['ClusterCIDR: a pod', CONFIG, POD, 'veth', ''],
    ['ClusterCIDR: somebody else', CONFIG, '172.16.0.1', 'eth0', ' masqueraded'],
    ['ClusterCIDR: the node', CONFIG, '192.168.0.1', null, ' masqueraded'],
    ['ClusterCIDR of the other family alone', { ...CONFIG, clusterCIDRs: ['fd00::/64'] }, '172.16.0.1', 'eth0', ''],
    ['no CIDR: no detector', local, '172.16.0.1', 'eth0', ''],
    ['NodeCIDR: a pod of this node', { ...local, detectLocalMode: 'NodeCIDR' }, POD, 'veth', ''],
    ['NodeCIDR: a pod of another node', { ...local, detectLocalMode: 'NodeCIDR' }, '10.1.1.5', 'eth0', ' masqueraded'],
    [
      'BridgeInterface: over the bridge',
      { ...local, detectLocalMode: 'BridgeInterface', bridgeInterface: 'cni0' },
      POD,
      'cni0',
      '',
    ],
    [
      'BridgeInterface: elsewhere',
      { ...local, detectLocalMode: 'BridgeInterface', bridgeInterface: 'cni0' },
      POD,
      'eth0',
      ' masqueraded',
    ],
    [
      'BridgeInterface: the node',
      { ...local, detectLocalMode: 'BridgeInterface', bridgeInterface: 'cni0' },
      POD,
      null,
      ' masqueraded',
    ],
    [
      'InterfaceNamePrefix',
      { ...local, detectLocalMode: 'InterfaceNamePrefix', interfaceNamePrefix: 'veth' },
      POD,
      'veth9',
      '',
    ],
    ['masqueradeAll', { ...CONFIG, masqueradeAll: true }, POD, 'veth', ' masqueraded'],
  ])('%s', (_, config, source, inInterface, expected) => {
    const given = input([service({})], [slice([HERE])], { config });
    expect(tell(evaluateKubeProxy(given, web(source, inInterface)))).toEqual([`dnat 10.1.0.10:8080${expected} 1`]);
  });

  const byInterface = { ...CONFIG, detectLocalMode: 'BridgeInterface', bridgeInterface: 'cni0' };
  it('is not known when the incoming interface is not', () => {
    const flow = { ...web('172.16.0.1'), inInterface: undefined };
    const plain = input([service({})], [slice([HERE])], { config: byInterface });
    expect(tell(evaluateKubeProxy(plain, flow))).toEqual(['dnat 10.1.0.10:8080 masquerade? 1']);
    const nodePort = { ...flow, destination: '192.168.0.1', destinationPort: 30080 };
    const policy = input([service({ type: 'NodePort', externalTrafficPolicy: 'Local' })], [slice([THERE])], {
      config: byInterface,
    });
    const [outcome] = evaluateKubeProxy(policy, nodePort);
    expect(outcome?.action).toBe('undetermined');
    expect(outcome?.unknown?.reason).toContain('incoming interface');
  });
});

it.each([
  ['somebody else', '172.16.0.1', 'eth0', ''],
  ['a pod', POD, 'veth', ''],
  ['the node itself, whose packets visit postrouting', '192.168.0.1', null, ' masqueraded'],
])('an endpoint on the own network of the node sees the client as it is: %s', (_, source, inInterface, expected) => {
  const own = { addresses: ['192.168.0.1'], nodeName: 'n1', conditions: { ready: true } };
  const given = input([service({ type: 'NodePort' })], [slice([own, THERE])]);
  expect(tell(evaluateKubeProxy(given, packet('tcp', source, '192.168.0.1', 30080, inInterface)))).toEqual([
    'dnat 10.1.1.10:8080 masqueraded 0.5',
    `dnat 192.168.0.1:8080${expected} 0.5`,
  ]);
});

describe('node ports', () => {
  const at = (address: string, source = '172.16.0.1', inInterface: string | null = 'eth0'): Flow =>
    packet('tcp', source, address, 30080, inInterface);
  const nodePort = [service({ type: 'NodePort' })];
  it.each([
    ['every address of the node', 'iptables', [], '10.1.0.254', 'dnat'],
    ['nodePortAddresses with the address', 'iptables', ['192.168.0.0/24'], '192.168.0.1', 'dnat'],
    ['nodePortAddresses without it', 'iptables', ['192.168.0.0/24'], '10.1.0.254', 'pass'],
    ['nodePortAddresses of the other family alone', 'iptables', ['fd00::/64'], '10.1.0.254', 'dnat'],
    ['nftables without nodePortAddresses: the node IP', 'nftables', [], '192.168.0.1', 'dnat'],
    ['nftables without nodePortAddresses: another address', 'nftables', [], '10.1.0.254', 'pass'],
    ['primary', 'iptables', ['primary'], '10.1.0.254', 'pass'],
    ['an address of another machine', 'iptables', [], '192.168.0.2', 'pass'],
  ] as const)('%s', (_, mode, nodePortAddresses, address, action) => {
    const given = input(nodePort, [slice([HERE])], { mode, config: { ...CONFIG, nodePortAddresses } });
    expect(evaluateKubeProxy(given, at(address)).map((one) => one.action)).toEqual([action]);
  });

  it.each([
    ['iptables', [], true, 'dnat'],
    ['iptables', [], false, 'pass'],
    ['iptables', ['127.0.0.0/8'], true, 'dnat'],
    ['iptables', ['192.168.0.0/24'], true, 'pass'],
    ['nftables', [], true, 'pass'],
    ['ipvs', [], true, 'pass'],
  ] as const)(
    'on 127.0.0.1 in %s mode, nodePortAddresses %j, localhostNodePorts %s: %s',
    (mode, nodePortAddresses, localhostNodePorts, action) => {
      const given = input(nodePort, [slice([HERE])], {
        mode,
        config: { ...CONFIG, nodePortAddresses, localhostNodePorts },
      });
      expect(evaluateKubeProxy(given, at('127.0.0.1', '127.0.0.1', null)).map((one) => one.action)).toEqual([action]);
    },
  );

  it('on other loopback addresses when nodePortAddresses are all, not when they are listed', () => {
    const action = (nodePortAddresses: string[]) =>
      evaluateKubeProxy(
        input(nodePort, [slice([HERE])], { config: { ...CONFIG, nodePortAddresses } }),
        at('127.0.0.2', '127.0.0.1', null),
      )[0]?.action;
    expect([action([]), action(['127.0.0.0/8'])]).toEqual(['dnat', 'pass']);
  });

  it('refuses one without endpoints at addresses where node ports do not answer either (iptables)', () => {
    const given = input(nodePort, [], { config: { ...CONFIG, nodePortAddresses: ['192.168.0.0/24'] } });
    expect(evaluateKubeProxy(given, at('10.1.0.254')).map((one) => one.action)).toEqual(['reject']);
  });
});

describe('load balancer addresses', () => {
  const ingress = (one: object) => ({ loadBalancer: { ingress: [one] } });
  const flow = (source: string): Flow => packet('tcp', source, '203.0.113.1', 80, 'eth0');
  const guarded = (ranges: string[], more: object = {}) =>
    service({ type: 'LoadBalancer', loadBalancerSourceRanges: ranges, ...more }, ingress({ ip: '203.0.113.1' }));
  it.each([
    ['in a range', ['10.0.0.0/8'], '10.9.9.9', 'dnat'],
    ['in none', ['10.0.0.0/8'], '172.16.0.1', 'drop'],
    ['white space is cut off', [' 172.16.0.0/12 '], '172.16.0.1', 'dnat'],
    ['a range of everything is none', ['10.0.0.0/8', '0.0.0.0/0'], '172.16.0.1', 'dnat'],
    ['ranges of the other family alone are none', ['fd00::/8'], '172.16.0.1', 'dnat'],
    ['texts that are no CIDR are ignored', ['nonsense'], '172.16.0.1', 'dnat'],
    ['the balancer itself, when the node is in a range', ['192.168.0.0/24'], '203.0.113.1', 'dnat'],
    ['the balancer itself, when the node is in none', ['10.0.0.0/8'], '203.0.113.1', 'drop'],
  ])('source ranges: %s', (_, ranges, source, action) => {
    const outcomes = evaluateKubeProxy(input([guarded(ranges)], [slice([HERE])]), flow(source));
    expect(outcomes.map((one) => one.action)).toEqual([action]);
  });

  it('without endpoints iptables refuses before it looks at the ranges, nftables drops', () => {
    const outcome = (mode: 'iptables' | 'nftables') =>
      evaluateKubeProxy(input([guarded(['10.0.0.0/8'])], [], { mode }), flow('172.16.0.1')).map((one) => one.action);
    expect([outcome('iptables'), outcome('nftables')]).toEqual([['reject'], ['drop']]);
  });

  it('does not touch ipMode Proxy', () => {
    const proxy = service({ type: 'LoadBalancer' }, ingress({ ip: '203.0.113.1', ipMode: 'Proxy' }));
    expect(tell(evaluateKubeProxy(input([proxy], [slice([HERE])]), flow('172.16.0.1')))).toEqual(['pass 1']);
  });

  it('lets the node send to one without endpoints in iptables mode, which has no rule for that in output', () => {
    const made = { ...flow('192.168.0.1'), inInterface: null };
    const outcome = (mode: 'iptables' | 'nftables') =>
      evaluateKubeProxy(input([guarded([])], [], { mode }), made).map((one) => one.action);
    expect([outcome('iptables'), outcome('nftables')]).toEqual([['pass'], ['reject']]);
  });
});

it.each([
  ['iptables', '192.168.0.1', 'pass'],
  ['nftables', '192.168.0.1', 'reject'],
  ['nftables, from the wire to a cluster IP that the node has as its own', '10.96.0.1', 'pass'],
])('an unused port of a cluster IP in %s mode', (mode, local, action) => {
  const node = { ...NODE, localAddresses: [local] };
  const given = input([service({})], [slice([HERE])], { node, mode: mode === 'iptables' ? 'iptables' : 'nftables' });
  expect(evaluateKubeProxy(given, packet('tcp', POD, '10.96.0.1', 81, 'veth')).map((one) => one.action)).toEqual([
    action,
  ]);
});

describe('what is not known stays undetermined', () => {
  it.each([
    [
      'a member of the Service',
      [service({ internalTrafficPolicy: 'Nearby' })],
      [slice([HERE])],
      'internalTrafficPolicy',
    ],
    ['a member of a slice', [service({})], [slice([HERE, { addresses: ['no address'] }])], 'endpoints.1.addresses.0'],
  ])('%s that could not be read', (_, services, slices, clause) => {
    const [outcome] = evaluateKubeProxy(input(services, slices), web(POD));
    expect(outcome?.action).toBe('undetermined');
    expect(outcome?.unknown?.reason).toContain(clause);
  });

  it('two Services with one external IP and port', () => {
    const twins = ['a', 'b'].map((name, at) =>
      service(
        { externalIPs: ['198.51.100.1'], clusterIP: `10.96.0.${at}`, clusterIPs: [`10.96.0.${at}`] },
        {},
        { name },
      ),
    );
    const [outcome] = evaluateKubeProxy(input(twins, []), packet('tcp', '172.16.0.1', '198.51.100.1', 80, 'eth0'));
    expect(outcome?.action).toBe('undetermined');
    expect(outcome?.unknown?.reason).toContain('shop/a:http, shop/b:http');
  });

  it('userspace mode', () => {
    const [outcome] = evaluateKubeProxy(input([service({})], [slice([HERE])], { mode: 'userspace' }), web(POD));
    expect(outcome?.action).toBe('undetermined');
  });
});

it('an address that external IPs and the load balancer share: source ranges count in nftables mode alone', () => {
  const both = service(
    { type: 'LoadBalancer', externalIPs: ['203.0.113.1'], loadBalancerSourceRanges: ['10.0.0.0/8'] },
    { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  );
  const flow = packet('tcp', '172.16.0.1', '203.0.113.1', 80, 'eth0');
  const outcome = (mode: 'iptables' | 'nftables') =>
    evaluateKubeProxy(input([both], [slice([HERE])], { mode }), flow)[0]?.action;
  expect([outcome('iptables'), outcome('nftables')]).toEqual(['dnat', 'drop']);
});

it('session affinity: a branch for each endpoint that the client may be bound to', () => {
  const sticky = service({ sessionAffinity: 'ClientIP' });
  const outcomes = evaluateKubeProxy(input([sticky], [slice([HERE, THERE])]), web(POD));
  expect(tell(outcomes)).toEqual([
    'dnat 10.1.0.10:8080 1 if 10.1.0.10:8080',
    'dnat 10.1.1.10:8080 1 if 10.1.1.10:8080',
    'dnat 10.1.0.10:8080 0.5 if none',
    'dnat 10.1.1.10:8080 0.5 if none',
  ]);
  expect(probabilitySums(outcomes)).toEqual([1, 1, 1]);
});

describe('laws', () => {
  const lab = openLab('kube-proxy-iptables');
  const ports = [80, 81, 443, 53, 5432, 9090, 30080, 30083, 30084, 32000];
  const addresses = lab.objects.services.flatMap((one) => [
    ...one.clusterIPs,
    ...one.externalIPs,
    ...one.loadBalancerIngress.flatMap(({ ip }) => ip ?? []),
  ]);
  const flows = fc.record({
    source: fc.constantFrom('10.244.1.20', '10.244.2.10', '10.10.0.50', '10.10.0.11', '203.0.113.10', '8.8.8.8'),
    destination: fc.constantFrom(
      ...addresses.filter((one) => !one.includes(':')),
      '10.10.0.11',
      '127.0.0.1',
      '10.96.99.99',
    ),
    port: fc.constantFrom(...ports),
    made: fc.boolean(),
    mode: fc.constantFrom('iptables', 'nftables', 'ipvs'),
  });

  it('branches of one decision add up to 1, every one cites what decided, and nothing is changed', () => {
    const given = lab.input('node1');
    fc.assert(
      fc.property(flows, ({ source, destination, port, made, mode }) => {
        const flow = Object.freeze(packet('tcp', source, destination, port, made ? null : 'eth0'));
        const outcomes = evaluateKubeProxy({ ...given, mode }, flow);
        for (const sum of probabilitySums(outcomes)) expect(sum).toBeCloseTo(1, 12);
        for (const one of outcomes) {
          expect(one.reasons.length).toBeGreaterThan(0);
          expect(one.service === null || one.evidence.length > 0).toBe(true);
        }
        expect(evaluateKubeProxy({ ...given, mode }, flow)).toEqual(outcomes);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('the order of Services and slices changes nothing', () => {
    const given = lab.input('node2');
    const services = lab.objects.services.toReversed();
    const slices = lab.objects.endpointSlices.toReversed();
    const turned = {
      ...given,
      index: indexServices({ services, servicesHaving: () => services, endpointSlicesHaving: () => slices }),
    };
    fc.assert(
      fc.property(flows, ({ source, destination, port, mode }) => {
        const flow = packet('tcp', source, destination, port, 'eth0');
        expect(tell(evaluateKubeProxy({ ...turned, mode }, flow))).toEqual(
          tell(evaluateKubeProxy({ ...given, mode }, flow)),
        );
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});
