import type { KubernetesObject } from '../control-plane/objects.ts';
import type { PodSpec, Topology } from './topology.ts';

const NAMESPACE = 'shop';
const HTTP = { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' };
const WEB_PORTS: PodSpec['ports'] = [
  { name: 'http', port: 8080, protocol: 'TCP' },
  { name: 'metrics', port: 9090, protocol: 'TCP', speaks: 'text' },
];

/**
 * Two nodes and Services of every kind. Addresses are fixed, so that dumps of two starts differ in little: ClusterIPs are 10.96.10.N and
 * fd00:96::10N, external ones 198.51.100.N and 2001:db8:100::N, where N is the Service's own number.
 */
export const SERVICES: Topology = {
  nodes: ['node1', 'node2'],
  pods: [
    pod('cli-a', 'node1'),
    pod('cli-b', 'node2'),
    pod('web-a', 'node1', { labels: { app: 'web' }, ports: WEB_PORTS }),
    pod('web-b', 'node2', { labels: { app: 'web' }, ports: WEB_PORTS }),
    pod('web-c', 'node2', { labels: { app: 'web' }, ports: WEB_PORTS }),
    pod('api-a', 'node1', { labels: { app: 'api' }, ports: [{ name: 'https', port: 8443, protocol: 'TCP' }] }),
    pod('api-b', 'node2', {
      labels: { app: 'api' },
      ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
      ready: false,
    }),
    pod('db-0', 'node2', {
      labels: { app: 'db' },
      ports: [{ name: 'pg', port: 5432, protocol: 'TCP', speaks: 'text' }],
    }),
    ...['a', 'b'].map((suffix, at) =>
      pod(`dns-${suffix}`, `node${at + 1}`, {
        labels: { app: 'dns' },
        ports: [
          { name: 'dns', port: 5353, protocol: 'UDP' },
          { name: 'dns-tcp', port: 5353, protocol: 'TCP', speaks: 'text' },
        ],
      }),
    ),
    pod('drain-a', 'node1', {
      labels: { app: 'drain' },
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      terminating: true,
    }),
    pod('solo-a', 'node1', { labels: { app: 'solo' }, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }),
    pod('host-a', 'node2', {
      labels: { app: 'host' },
      ports: [{ name: 'http', port: 8088, protocol: 'TCP' }],
      hostNetwork: true,
    }),
  ],
  objects: [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    service('web', 1, {
      ports: [HTTP, { name: 'metrics', protocol: 'TCP', port: 9090, targetPort: 9090 }],
    }),
    service('web-nodeport', 2, { type: 'NodePort', ports: [{ ...HTTP, nodePort: 30080 }] }),
    service('web-lb', 3, {
      type: 'LoadBalancer',
      ports: [{ ...HTTP, nodePort: 30081 }],
      loadBalancerSourceRanges: ['10.10.0.0/24', '203.0.113.0/25'],
    }),
    service('web-lb-local', 4, {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 32000,
      ports: [{ ...HTTP, nodePort: 30082 }],
    }),
    service('web-affinity', 5, {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 300 } },
    }),
    service('db-internal-local', 6, {
      selector: { app: 'db' },
      internalTrafficPolicy: 'Local',
      ports: [{ name: 'pg', protocol: 'TCP', port: 5432, targetPort: 'pg' }],
    }),
    service('db-nodeport-local', 7, {
      selector: { app: 'db' },
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'pg', protocol: 'TCP', port: 5432, targetPort: 'pg', nodePort: 30083 }],
    }),
    service('web-dual', 8, {
      type: 'NodePort',
      ports: [{ ...HTTP, nodePort: 30088 }],
      clusterIPs: ['10.96.10.8', 'fd00:96::108'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    }),
    service('web-v6', 9, { clusterIP: 'fd00:96::109', clusterIPs: ['fd00:96::109'], ipFamilies: ['IPv6'] }),
    service('web-extip', 10, { externalIPs: ['198.51.100.10'] }),
    service('empty', 11, { selector: { app: 'nobody' } }),
    service('empty-lb', 12, {
      selector: { app: 'nobody' },
      type: 'LoadBalancer',
      ports: [{ ...HTTP, nodePort: 30084 }],
    }),
    service('dns', 13, {
      selector: { app: 'dns' },
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 'dns' },
        { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 'dns-tcp' },
      ],
    }),
    service('host', 14, { selector: { app: 'host' } }),
    service('web-samenode', 18, { trafficDistribution: 'PreferSameNode' }),
    service('manual', 19, { selector: undefined, ports: [{ ...HTTP, targetPort: 8080 }] }),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'manual-1', namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': 'manual' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8090 }],
      // The client outside of the cluster.
      endpoints: [{ addresses: ['203.0.113.10'], conditions: { ready: true } }],
    },
    service('drain', 20, { selector: { app: 'drain' } }),
    service('api-wrongport', 21, {
      selector: { app: 'api' },
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 'htps' }],
    }),
    service('api', 22, {
      selector: { app: 'api' },
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 'https' }],
    }),
    service('api-not-ready', 23, {
      selector: { app: 'api' },
      publishNotReadyAddresses: true,
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 'https' }],
    }),
    service('web-lb-proxy', 24, { type: 'LoadBalancer', ports: [{ ...HTTP, nodePort: 30085 }] }, 'Proxy'),
    service('web-lb-nonp', 25, { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }),
    service('mirrored', 26, { selector: undefined, ports: [{ ...HTTP, targetPort: 8090 }] }),
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'mirrored', namespace: NAMESPACE },
      subsets: [{ addresses: [{ ip: '203.0.113.10' }], ports: [{ name: 'http', port: 8090, protocol: 'TCP' }] }],
    },
    service('solo', 27, { selector: { app: 'solo' } }),
    service('web-all', 28, {
      type: 'LoadBalancer',
      ports: [{ ...HTTP, nodePort: 30086 }],
      clusterIPs: ['10.96.10.28', 'fd00:96::128'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
      externalIPs: ['198.51.100.29', '2001:db8:100::29'],
      loadBalancerSourceRanges: ['203.0.113.0/24', '2001:db8:113::/64'],
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 32001,
      sessionAffinity: 'ClientIP',
    }),
    service('db-outside', undefined, {
      selector: undefined,
      ports: undefined,
      type: 'ExternalName',
      externalName: 'db.example.test',
    }),
    service('web-headless', undefined, { clusterIP: 'None' }),
    service('api-headless', undefined, {
      selector: { app: 'api' },
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 'https' }],
    }),
    service('elsewhere', undefined, {
      selector: undefined,
      ports: undefined,
      type: 'ExternalName',
      externalName: 'web.shop.svc.cluster.local',
    }),
    service('twice', undefined, {
      selector: undefined,
      ports: undefined,
      type: 'ExternalName',
      externalName: 'elsewhere.shop.svc.cluster.local',
    }),
  ],
  externalVia: { '198.51.100.4': 'node2', '198.51.100.28': 'node2', '2001:db8:100::28': 'node2' },
};

function pod(name: string, node: string, rest: Partial<PodSpec> = {}): PodSpec {
  return { name, namespace: NAMESPACE, node, ...rest };
}

/** A Service in front of `web` unless told. @param number gives its addresses; undefined: it has none */
function service(
  name: string,
  number: number | undefined,
  spec: Readonly<Record<string, unknown>>,
  ipMode: 'VIP' | 'Proxy' = 'VIP',
): KubernetesObject {
  const isBalanced = spec['type'] === 'LoadBalancer' && number !== undefined;
  const isDual = JSON.stringify(spec['ipFamilies']) === '["IPv4","IPv6"]';
  const ingress = [`198.51.100.${number}`, ...(isDual ? [`2001:db8:100::${number}`] : [])].map((ip) => ({
    ip,
    ipMode,
  }));
  const clusterIp = number === undefined ? {} : { clusterIP: `10.96.10.${number}` };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { app: 'web' }, ports: [HTTP], ...clusterIp, ...spec },
    ...(isBalanced ? { status: { loadBalancer: { ingress } } } : {}),
  };
}
