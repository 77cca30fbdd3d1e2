import type { KubernetesObject } from '../control-plane/objects.ts';
import type { PodSpec, Topology } from './topology.ts';

const NAMESPACE = 'bookinfo';
const PORTS: PodSpec['ports'] = [{ name: 'http', port: 9080, protocol: 'TCP' }];
/** Subsets and nodes of Bookinfo's applications. */
const APPLICATIONS: readonly (readonly [app: string, version: string, node: string])[] = [
  ['productpage', 'v1', 'node1'],
  ['details', 'v1', 'node2'],
  ['ratings', 'v1', 'node1'],
  ['reviews', 'v1', 'node1'],
  ['reviews', 'v2', 'node2'],
  ['reviews', 'v3', 'node2'],
];
const INJECTED = { 'istio-injection': 'enabled' };
const NEVER = { 'sidecar.istio.io/inject': 'false' };
const ALWAYS = { 'sidecar.istio.io/inject': 'true' };

/**
 * Istio's Bookinfo on two nodes, behind the ingress gateway, and pods that show each way to get a sidecar and to get none. Its
 * applications are the lab's agent on Bookinfo's ports.
 */
export const BOOKINFO: Topology = {
  nodes: ['node1', 'node2'],
  istio: {},
  pods: [
    ...APPLICATIONS.map(([app, version, node]): PodSpec => ({
      name: `${app}-${version}`,
      namespace: NAMESPACE,
      node,
      labels: { app, version },
      serviceAccount: `bookinfo-${app}`,
      ports: PORTS,
    })),
    { name: 'cli-a', namespace: NAMESPACE, node: 'node1', labels: { app: 'cli' } },
    { name: 'cli-b', namespace: NAMESPACE, node: 'node2', labels: { app: 'cli' } },
    { name: 'opted-out', namespace: NAMESPACE, node: 'node1', labels: NEVER },
    { name: 'on-host', namespace: NAMESPACE, node: 'node2', hostNetwork: true },
    { name: 'plain', namespace: 'plain', node: 'node2', labels: { app: 'plain' }, ports: PORTS },
    { name: 'asked', namespace: 'plain', node: 'node2', labels: { app: 'asked', ...ALWAYS } },
    { name: 'by-revision', namespace: 'revision', node: 'node1', labels: { app: 'by-revision' } },
  ],
  objects: [
    namespace(NAMESPACE, INJECTED),
    namespace('plain', {}),
    namespace('revision', { 'istio.io/rev': 'default' }),
    ...['productpage', 'details', 'ratings', 'reviews'].flatMap((app) => [
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: `bookinfo-${app}`, namespace: NAMESPACE, labels: { account: app } },
      },
      service(app, NAMESPACE),
    ]),
    service('plain', 'plain'),
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'bookinfo', namespace: NAMESPACE },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['bookinfo.example.test'] }],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'bookinfo', namespace: NAMESPACE },
      spec: {
        hosts: ['bookinfo.example.test'],
        gateways: ['bookinfo'],
        http: [
          {
            match: [{ uri: { exact: '/productpage' } }, { uri: { prefix: '/api/v1/products' } }],
            route: [{ destination: { host: 'productpage', port: { number: 9080 } } }],
          },
        ],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'reviews', namespace: NAMESPACE },
      spec: {
        host: 'reviews',
        subsets: ['v1', 'v2', 'v3'].map((version) => ({ name: version, labels: { version } })),
      },
    },
  ],
};

function namespace(name: string, labels: Readonly<Record<string, string>>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function service(app: string, of: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace: of, labels: { app, service: app } },
    spec: { selector: { app }, ports: [{ name: 'http', port: 9080, targetPort: 9080 }] },
  };
}
