import type { KubernetesObject } from '../control-plane/objects.ts';
import { CLUSTER } from '../network.ts';
import { BOOKINFO } from './bookinfo.ts';
import type { Topology } from './topology.ts';

const NAMESPACE = 'bookinfo';
/** Other namespaces show ways to get a sidecar; the sample would only grow by them. */
const belongs = ({ metadata }: KubernetesObject): boolean =>
  metadata.name === NAMESPACE || metadata.namespace === NAMESPACE;

/**
 * Bookinfo with routing worth explaining: weights, a header that picks a version, a fault on demand, a subset that nothing has, a
 * policy that denies, and a host outside of the mesh. The bundled sample is a snapshot of it.
 */
export const SAMPLE: Topology = {
  ...BOOKINFO,
  pods: BOOKINFO.pods.filter(({ namespace }) => namespace === NAMESPACE),
  objects: [
    ...BOOKINFO.objects.filter(belongs),
    istio('networking', 'DestinationRule', 'reviews', {
      host: 'reviews',
      subsets: ['v1', 'v2', 'v3', 'v9'].map((version) => ({
        name: version === 'v9' ? 'v9-empty' : version,
        labels: { version },
      })),
      trafficPolicy: {
        connectionPool: { http: { http1MaxPendingRequests: 10 } },
        outlierDetection: { consecutive5xxErrors: 7, interval: '30s', baseEjectionTime: '30s' },
      },
    }),
    istio('networking', 'VirtualService', 'reviews', {
      hosts: ['reviews'],
      http: [
        { name: 'jason', match: [{ headers: { 'end-user': { exact: 'jason' } } }], route: [to('v2')] },
        {
          name: 'faulty',
          match: [{ uri: { prefix: '/reviews' }, headers: { 'x-fault': { exact: 'abort' } } }],
          fault: { abort: { httpStatus: 555, percentage: { value: 100 } } },
          route: [to('v1')],
        },
        { name: 'dangling', match: [{ uri: { prefix: '/dangling' } }], route: [to('v9-empty')] },
        {
          name: 'weighted',
          route: [
            { ...to('v1'), weight: 50 },
            { ...to('v2'), weight: 30 },
            { ...to('v3'), weight: 20 },
          ],
          timeout: '3s',
          retries: { attempts: 3, perTryTimeout: '1s', retryOn: '5xx,connect-failure' },
        },
      ],
    }),
    istio('security', 'AuthorizationPolicy', 'reviews-no-delete', {
      selector: { matchLabels: { app: 'reviews' } },
      action: 'DENY',
      rules: [{ to: [{ operation: { methods: ['DELETE'], paths: ['/reviews*'] } }] }],
    }),
    istio('networking', 'ServiceEntry', 'payments', {
      hosts: ['payments.example.test'],
      addresses: ['240.240.1.1'],
      location: 'MESH_EXTERNAL',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      endpoints: [{ address: CLUSTER.outside.v4 }],
    }),
  ],
};

function istio(group: string, kind: string, name: string, spec: object): KubernetesObject {
  return { apiVersion: `${group}.istio.io/v1`, kind, metadata: { name, namespace: NAMESPACE }, spec };
}

function to(subset: string): { readonly destination: object } {
  return { destination: { host: 'reviews', subset } };
}
