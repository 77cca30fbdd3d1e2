import { BOOKINFO } from './bookinfo.ts';
import { BYTES, HTTP, inNamespace, istio, pod, port, service, TCP, TLS } from './mesh-objects.ts';
import type { Topology } from './topology.ts';

/** Pods of Bookinfo that random configurations do not ask. */
const LEFT_OUT = new Set(['asked', 'by-revision', 'opted-out', 'on-host', 'cli-b']);

/** Where each proxy writes its certificate, `cert-chain.pem` and `key.pem`, for DestinationRules that name files. */
export const OUTPUT_CERTIFICATES = '/etc/istio/proxy';

/** An external authorization whose Service has no endpoint. */
export const ABSENT_PROVIDER = 'absent';

/** Its agent answers queries for names. */
const CAPTURING = JSON.stringify({ proxyMetadata: { ISTIO_META_DNS_CAPTURE: 'true' } });

/**
 * Bookinfo, a pod with a port of each kind, one without sidecar and one that Sidecars may limit, without configuration of a mesh but
 * one: each connection carries one request, so that none that was made under an older configuration is used again.
 */
export const MESH_BASE: Topology = {
  nodes: ['node1', 'node2'],
  istio: {
    gatewayApi: true,
    set: [
      `meshConfig.defaultConfig.proxyMetadata.OUTPUT_CERTS=${OUTPUT_CERTIFICATES}`,
      // A listener that is taken away closes what still comes to its address, and writes nothing, until it is drained.
      'meshConfig.defaultConfig.drainDuration=1s',
      // A mirrored request is told from others by its host in access logs.
      'values.pilot.env.DISABLE_SHADOW_HOST_SUFFIX=false',
      `meshConfig.extensionProviders[0].name=${ABSENT_PROVIDER}`,
      'meshConfig.extensionProviders[0].envoyExtAuthzHttp.service=gone.bookinfo.svc.cluster.local',
      'meshConfig.extensionProviders[0].envoyExtAuthzHttp.port=8080',
    ],
  },
  pods: [
    ...BOOKINFO.pods.filter(({ name }) => !LEFT_OUT.has(name)),
    pod('store', 'node2', [HTTP, TCP, BYTES, TLS]),
    { ...pod('raw', 'node1', [HTTP, TCP, TLS]), namespace: 'plain' },
    { ...pod('cli', 'node2', []), namespace: 'limited', annotations: { 'proxy.istio.io/config': CAPTURING } },
  ],
  objects: [
    ...BOOKINFO.objects.filter(({ apiVersion }) => !apiVersion.includes('istio.io')),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'limited', labels: { 'istio-injection': 'enabled' } } },
    service('store', 1, 'store', {
      ports: [port('http', 8080), port('tcp', 9000), port('tcp-bytes', 8082), port('tls', 8443)],
    }),
    service('gone', 3, 'nobody'),
    inNamespace(
      'plain',
      service('raw', 2, 'raw', { ports: [port('http', 8080), port('tcp', 9000), port('tls', 8443)] }),
    ),
    inNamespace(
      'istio-system',
      istio('networking', 'DestinationRule', 'one-request-each', {
        host: '*.svc.cluster.local',
        trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } },
      }),
    ),
  ],
};
