import { describe, expect, it } from 'vitest';
import { parseConfigMaps } from '../../../src/parse/kubernetes/config-maps.ts';
import { parseEndpointSlices } from '../../../src/parse/kubernetes/endpoint-slices.ts';
import { parseEndpoints } from '../../../src/parse/kubernetes/endpoints.ts';
import { parseNetworkPolicies } from '../../../src/parse/kubernetes/network-policies.ts';
import { parseNodes } from '../../../src/parse/kubernetes/nodes.ts';
import { parsePods } from '../../../src/parse/kubernetes/pods.ts';
import { parseServiceCIDRs } from '../../../src/parse/kubernetes/service-cidrs.ts';
import { parseServices } from '../../../src/parse/kubernetes/services.ts';
import { parseWorkloads } from '../../../src/parse/kubernetes/workloads.ts';
import { artefact, list, named } from './list.ts';

function only<T>(parsed: { readonly value: readonly T[]; readonly gaps: readonly unknown[] }): T {
  const [one, ...others] = parsed.value;
  if (one === undefined || others.length > 0) throw new Error(`expected one object, got ${parsed.value.length}`);
  return one;
}

const service = (spec: object, status: object = {}) =>
  parseServices(artefact(list('Service', [named('web', { spec, status })])));

describe('Services', () => {
  it("take the API server's defaults", () => {
    expect(only(service({ clusterIP: '10.96.0.1', ports: [{ port: 80 }] }))).toMatchObject({
      type: 'ClusterIP',
      clusterIPs: ['10.96.0.1'],
      headless: false,
      ports: [{ name: null, protocol: 'TCP', port: 80, targetPort: null, nodePort: null, appProtocol: null }],
      selector: null,
      externalName: null,
      affinitySeconds: null,
      internalTrafficPolicy: 'Cluster',
      externalTrafficPolicy: 'Cluster',
      trafficDistribution: null,
      publishNotReadyAddresses: false,
      allocateLoadBalancerNodePorts: true,
      healthCheckNodePort: null,
      notUnderstood: [],
    });
  });

  it.each([
    ['headless', { clusterIP: 'None', clusterIPs: ['None'] }, {}, { headless: true, clusterIPs: [] }],
    [
      'two families',
      { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1', 'FD00::0:1'] },
      {},
      { clusterIPs: ['10.96.0.1', 'fd00::1'] },
    ],
    ['affinity without a time', { sessionAffinity: 'ClientIP' }, {}, { affinitySeconds: 10800 }],
    [
      'affinity',
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } },
      {},
      { affinitySeconds: 5 },
    ],
    ['a port by name', { ports: [{ port: 80, targetPort: 'http' }] }, {}, { ports: [{ targetPort: 'http' }] }],
    ['an empty selector', { selector: {} }, {}, { selector: {} }],
    [
      'a host name from the balancer',
      {},
      { loadBalancer: { ingress: [{ hostname: 'lb.test' }] } },
      { loadBalancerIngress: [{ ip: null, hostname: 'lb.test', ipMode: 'VIP' }] },
    ],
    [
      'ipMode Proxy',
      {},
      { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'Proxy' }] } },
      { loadBalancerIngress: [{ ip: '203.0.113.1', ipMode: 'Proxy' }] },
    ],
  ])('%s', (_, spec, status, expected) => {
    const parsed = service(spec, status);
    expect(parsed.gaps).toEqual([]);
    expect(only(parsed)).toMatchObject(expected);
  });

  it.each([
    [
      'an impossible address',
      { clusterIP: '10.96.0.300' },
      '/items/0/spec/clusterIP',
      'spec.clusterIP is no IP address',
      { clusterIPs: [] },
    ],
    [
      'an impossible port',
      { ports: [{ port: 70000 }, { port: 80 }] },
      '/items/0/spec/ports/0/port',
      'spec.ports.0.port is no whole number from 1 to 65535',
      { ports: [{ port: 80 }] },
    ],
    [
      'a port without number',
      { ports: [{ name: 'x' }] },
      '/items/0/spec/ports/0',
      'spec.ports.0 has no port',
      { ports: [] },
    ],
    [
      'an unknown protocol',
      { ports: [{ port: 80, protocol: 'QUIC' }] },
      '/items/0/spec/ports/0/protocol',
      'spec.ports.0.protocol is none of TCP, UDP, SCTP',
      { ports: [] },
    ],
    [
      'an unknown policy',
      { externalTrafficPolicy: 'Nearest' },
      '/items/0/spec/externalTrafficPolicy',
      'spec.externalTrafficPolicy is none of Cluster, Local',
      { externalTrafficPolicy: 'Cluster' },
    ],
    [
      'a field of another type',
      { publishNotReadyAddresses: 'yes' },
      '/items/0/spec/publishNotReadyAddresses',
      'spec.publishNotReadyAddresses is no boolean',
      { publishNotReadyAddresses: false },
    ],
    [
      'a map that is none',
      { selector: ['a'] },
      '/items/0/spec/selector',
      'spec.selector is no object',
      { selector: {} },
    ],
    ['a list that is none', { ports: 'http' }, '/items/0/spec/ports', 'spec.ports is no list', { ports: [] }],
  ])('%s: a gap at its place, and what depends on it knows', (_, spec, pointer, problem, expected) => {
    const parsed = service(spec);
    expect(parsed.gaps).toMatchObject([{ pointer, problem }]);
    expect(only(parsed)).toMatchObject({ ...expected, notUnderstood: [problem] });
  });
});

describe('EndpointSlices', () => {
  const slice = (value: object) => {
    const metadata = { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } };
    return parseEndpointSlices(
      artefact(list('EndpointSlice', [{ metadata, addressType: 'IPv4', ...value }], 'discovery.k8s.io/v1')),
    );
  };

  it('read absent conditions as kube-proxy does', () => {
    const endpoints = [
      { addresses: ['10.0.0.1'] },
      { addresses: ['10.0.0.2'], conditions: { ready: false, serving: true, terminating: true } },
    ];
    expect(only(slice({ endpoints, ports: [{ port: 80 }] }))).toMatchObject({
      serviceName: 'web',
      ports: [{ name: null, protocol: 'TCP', port: 80 }],
      endpoints: [
        { ready: true, serving: true, terminating: false, hintZones: null, hintNodes: null, podName: null },
        { ready: false, serving: true, terminating: true },
      ],
    });
  });

  it('keep hints and the pod behind', () => {
    const targetRef = { kind: 'Pod', name: 'p', namespace: 'shop', uid: 'u' };
    const hints = { forZones: [{ name: 'a' }], forNodes: [] };
    expect(only(slice({ endpoints: [{ addresses: ['10.0.0.1'], targetRef, hints }] })).endpoints).toMatchObject([
      { hintZones: ['a'], hintNodes: null, podName: 'p', podNamespace: 'shop', podUid: 'u' },
    ]);
  });

  it('no ports at all, and names instead of addresses', () => {
    expect(only(slice({ ports: null, endpoints: null }))).toMatchObject({ ports: [], endpoints: [] });
    expect(
      only(slice({ addressType: 'FQDN', endpoints: [{ addresses: ['a.test'] }] })).endpoints[0]?.addresses,
    ).toEqual(['a.test']);
  });

  it.each([
    ['an endpoint without address', { endpoints: [{ addresses: [] }] }, '/items/0/endpoints/0'],
    ['an impossible address', { endpoints: [{ addresses: ['x', '10.0.0.1'] }] }, '/items/0/endpoints/0/addresses/0'],
    ['an impossible port', { ports: [{ port: -1 }] }, '/items/0/ports/0/port'],
    ['an unknown address type', { addressType: 'IPv5' }, '/items/0/addressType'],
  ])('%s is a gap', (_, value, pointer) => {
    expect(slice(value).gaps).toMatchObject([{ pointer }]);
  });
});

describe('Pods', () => {
  const pod = (value: object) => parsePods(artefact(list('Pod', [named('p', value)])));

  it("take the API server's defaults", () => {
    const fact = only(pod({ spec: { containers: [{ name: 'app' }] }, status: {} }));
    expect(fact).toMatchObject({
      hostNetwork: false,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      serviceAccount: 'default',
      ips: [],
      ready: false,
    });
    expect(fact.containers).toMatchObject([{ name: 'app', init: false, sidecar: false, running: null, ready: null }]);
  });

  it('read containers and init containers with their state', () => {
    const spec = {
      containers: [
        {
          name: 'app',
          ports: [{ name: 'http', containerPort: 80 }],
          env: [{ name: 'A' }, { name: 'B', valueFrom: {} }],
        },
      ],
      initContainers: [
        { name: 'proxy', restartPolicy: 'Always', securityContext: { runAsUser: 1337 } },
        { name: 'init', args: ['-p', '1'] },
      ],
    };
    const status = {
      podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00::1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'app', ready: true, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
      initContainerStatuses: [{ name: 'init', ready: true, state: { terminated: {} } }],
    };
    const fact = only(pod({ spec, status }));
    expect(fact).toMatchObject({ ips: ['10.0.0.1', 'fd00::1'], ready: true });
    expect(fact.containers).toMatchObject([
      {
        name: 'app',
        init: false,
        ports: [{ name: 'http', containerPort: 80, protocol: 'TCP', hostPort: null }],
        env: [
          { name: 'A', value: '' },
          { name: 'B', value: null },
        ],
        running: true,
        ready: true,
        startedAt: '2026-01-01T00:00:00Z',
      },
      { name: 'proxy', init: true, sidecar: true, runAsUser: 1337, running: null },
      { name: 'init', init: true, sidecar: false, args: ['-p', '1'], running: false },
    ]);
  });

  it('a problem in a container joins the gaps when the containers are read', () => {
    const parsed = pod({ spec: { containers: [{ name: 'app', ports: [{ containerPort: 0 }] }] } });
    expect(parsed.gaps).toEqual([]);
    expect(only(parsed).containers[0]?.ports).toEqual([]);
    expect(parsed.gaps).toMatchObject([{ pointer: '/items/0/spec/containers/0/ports/0/containerPort' }]);
    expect(only(parsed).notUnderstood).toHaveLength(1);
  });
});

it('Nodes: internal addresses before external ones, names left out', () => {
  const addresses = [
    { type: 'Hostname', address: 'n1' },
    { type: 'ExternalIP', address: '198.51.100.1' },
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalIP', address: 'fd00::1' },
  ];
  const metadata = { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'a' } };
  const status = { addresses, conditions: [{ type: 'Ready', status: 'Unknown' }] };
  const parsed = parseNodes(artefact(list('Node', [{ metadata, spec: { podCIDR: '10.1.0.0/24' }, status }])));
  expect(parsed.gaps).toEqual([]);
  expect(only(parsed)).toMatchObject({ namespace: '', zone: 'a', podCIDRs: ['10.1.0.0/24'], ready: null });
  expect(only(parsed).addresses.map((one) => one.address)).toEqual(['10.0.0.1', 'fd00::1', '198.51.100.1']);
});

it('Endpoints: every address with every port', () => {
  const subsets = [
    { addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [{ port: 80 }, { port: 443 }] },
    { addresses: [{ ip: '10.0.0.3' }] },
  ];
  const { addresses } = only(parseEndpoints(artefact(list('Endpoints', [named('web', { subsets })]))));
  expect(addresses.map((one) => `${one.ip}:${one.port} ${one.ready}`)).toEqual([
    '10.0.0.1:80 true',
    '10.0.0.1:443 true',
    '10.0.0.2:80 false',
    '10.0.0.2:443 false',
    '10.0.0.3:null true',
  ]);
});

it.each([
  [{ podSelector: {} }, ['Ingress']],
  [{ podSelector: {}, egress: [] }, ['Ingress']],
  [{ podSelector: {}, egress: [{}] }, ['Ingress', 'Egress']],
  [{ podSelector: {}, egress: [{}], policyTypes: ['Egress'] }, ['Egress']],
])('NetworkPolicies: the types of %j are %j', (spec, types) => {
  const parsed = parseNetworkPolicies(artefact(list('NetworkPolicy', [named('p', { spec })], 'networking.k8s.io/v1')));
  expect(only(parsed).policyTypes).toEqual(types);
});

it('workloads, ConfigMaps and ServiceCIDRs', () => {
  const selector = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] };
  const workload = only(
    parseWorkloads(artefact(list('Deployment', [named('web', { spec: { selector } })], 'apps/v1'))),
  );
  expect([workload.kind, workload.matchLabels, workload.matchExpressions.map((one) => one.pointer)]).toEqual([
    'Deployment',
    { app: 'web' },
    ['/items/0/spec/selector/matchExpressions/0'],
  ]);
  const { data, notUnderstood } = only(
    parseConfigMaps(artefact(list('ConfigMap', [named('c', { data: { a: 'b', c: 1 } })]))),
  );
  expect([data, notUnderstood]).toEqual([{ a: 'b' }, ['data.c is no string']]);
  const spec = { cidrs: ['10.96.0.0/16', 'nonsense'] };
  const ranges = parseServiceCIDRs(
    artefact(list('ServiceCIDR', [{ metadata: { name: 'k' }, spec }], 'networking.k8s.io/v1')),
  );
  expect(ranges.value.map((one) => one.cidr)).toEqual(['10.96.0.0/16']);
  expect(ranges.gaps).toMatchObject([{ pointer: '/items/0/spec/cidrs/1' }]);
});
