import { BOOKINFO } from './bookinfo.ts';
import { CLUSTER } from '../network.ts';
import {
  BYTES,
  HTTP,
  NAMESPACE,
  TCP,
  aborted,
  destinationRule,
  inNamespace,
  istio,
  of,
  peerAuthentication,
  pod,
  port,
  service,
  serviceEntry,
  subsets,
  to,
  virtualService,
} from './mesh-objects.ts';
import type { Topology } from './topology.ts';

const PRODUCTPAGE = 'cluster.local/ns/bookinfo/sa/bookinfo-productpage';

/**
 * Bookinfo with what Istio's resources can do to a request, each at a Service of its own, so that all of it is there from the start:
 * proxies begin with their whole configuration, and none has to be waited for. ClusterIPs are fixed: 10.96.20.N.
 */
export const MESH: Topology = {
  nodes: ['node1', 'node2'],
  istio: {},
  pods: [
    ...BOOKINFO.pods,
    pod('store', 'node2', [HTTP, TCP, BYTES, { name: 'udp', port: 5300, protocol: 'UDP' }]),
    pod('vault', 'node1', [HTTP, TCP, BYTES]),
    {
      ...pod('open', 'node2', [HTTP, { ...HTTP, name: 'aside', port: 8081 }]),
      annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '8081' },
    },
    pod('guarded', 'node2', [HTTP, BYTES]),
    {
      ...pod('bypass', 'node1', []),
      annotations: { 'traffic.sidecar.istio.io/excludeOutboundPorts': '8080' },
    },
    { ...pod('raw', 'node1', [HTTP, TCP]), namespace: 'plain' },
    { ...pod('cli', 'node1', []), namespace: 'limited' },
  ],
  objects: [
    ...BOOKINFO.objects,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'limited', labels: { 'istio-injection': 'enabled' } } },
    service('store', 1, 'store', {
      ports: [
        port('http', 8080),
        port('tcp', 9000),
        port('tcp-bytes', 8082),
        { ...port('udp', 5300), protocol: 'UDP' },
      ],
    }),
    service('store-headless', 0, 'store', { clusterIP: 'None', ports: [port('http', 8080), port('tcp', 9000)] }),
    service('store-v6', 0, 'store', { clusterIP: 'fd00:96::2003', ipFamilies: ['IPv6'] }),
    service('vault', 4, 'vault', { ports: [port('http', 8080), port('tcp', 9000), port('tcp-bytes', 8082)] }),
    service('vault-plaintext', 5, 'vault'),
    service('open', 6, 'open', { ports: [port('http', 8080), port('aside', 8081)] }),
    service('open-mutual', 7, 'open'),
    service('guarded', 8, 'guarded', { ports: [port('http', 8080), port('tcp-bytes', 8082)] }),
    service('tls-to-http', 9, 'store'),
    service('shut', 10, 'store', { ports: [{ ...port('http', 8080), targetPort: 8099 }] }),
    service('untyped', 11, 'store', { ports: [{ ...port('what', 8080) }] }),
    service('gone', 12, 'nobody', { ports: [port('http', 8080), port('tcp', 9000)] }),
    ...[
      'weighted',
      'matched',
      'moved',
      'rewritten',
      'faulty',
      'half-faulty',
      'late',
      'direct',
      'narrow',
      'empty-subset',
      'no-subset',
      'affine',
      'sent-away',
      'mirrored',
    ].map((name, at) => service(name, 20 + at, 'reviews', { ports: [{ ...port('http', 8080), targetPort: 9080 }] })),
    service('tcp-sent-away', 40, 'store', { ports: [port('tcp', 9000)] }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'elsewhere', namespace: NAMESPACE },
      spec: {
        type: 'ExternalName',
        externalName: `store.${NAMESPACE}.svc.cluster.local`,
        ports: [{ name: 'http', port: 8080 }],
      },
    },
    inNamespace('plain', service('raw', 41, 'raw', { ports: [port('http', 8080), port('tcp', 9000)] })),
    virtualService('weighted', [
      {
        route: [
          { destination: { host: 'weighted', subset: 'v1' }, weight: 30 },
          { destination: { host: 'weighted', subset: 'v3' }, weight: 70 },
        ],
      },
    ]),
    subsets('weighted', ['v1', 'v3']),
    virtualService('matched', [
      { match: [{ headers: { 'end-user': { exact: 'jason' } } }], route: [{ destination: of('matched', 'v2') }] },
      { match: [{ method: { exact: 'PUT' } }], directResponse: { status: 405 } },
      { match: [{ queryParams: { beta: { exact: 'yes' } } }], route: [{ destination: of('matched', 'v3') }] },
      {
        match: [{ uri: { regex: '/r[0-9]+/.*' } }],
        fault: aborted(503),
        route: [{ destination: of('matched', 'v1') }],
      },
      {
        match: [{ uri: { prefix: '/plain' }, withoutHeaders: { 'x-trace': {} } }],
        route: [{ destination: of('matched', 'v1') }],
      },
      { match: [{ uri: { prefix: '/plain' } }], route: [{ destination: of('matched', 'v3') }] },
    ]),
    subsets('matched', ['v1', 'v2', 'v3']),
    virtualService('moved', [{ redirect: { uri: '/new', authority: 'new.example.test', redirectCode: 302 } }]),
    virtualService('rewritten', [
      {
        match: [{ uri: { prefix: '/old' } }],
        rewrite: { uri: '/status/207', authority: 'renamed.example.test' },
        route: [{ destination: { host: 'rewritten' } }],
      },
    ]),
    virtualService('faulty', [{ fault: aborted(418), route: [{ destination: { host: 'faulty' } }] }]),
    virtualService('half-faulty', [{ fault: aborted(500, 50), route: [{ destination: { host: 'half-faulty' } }] }]),
    virtualService('late', [
      {
        fault: { delay: { fixedDelay: '0.2s', percentage: { value: 100 } } },
        route: [{ destination: { host: 'late' } }],
      },
    ]),
    virtualService('direct', [{ directResponse: { status: 299, body: { string: 'said by the proxy' } } }]),
    virtualService('narrow', [{ match: [{ uri: { exact: '/only' } }], route: [{ destination: { host: 'narrow' } }] }]),
    virtualService('empty-subset', [{ route: [{ destination: of('empty-subset', 'v9') }] }]),
    subsets('empty-subset', ['v9']),
    virtualService('no-subset', [{ route: [{ destination: of('no-subset', 'v1') }] }]),
    virtualService('sent-away', [
      { route: [{ destination: { host: 'raw.plain.svc.cluster.local', port: { number: 8080 } } }] },
    ]),
    virtualService('mirrored', [
      {
        route: [{ destination: of('mirrored', 'v1') }],
        mirror: of('mirrored', 'v2'),
        mirrorPercentage: { value: 100 },
      },
    ]),
    subsets('mirrored', ['v1', 'v2']),
    istio('networking', 'VirtualService', 'tcp-sent-away', {
      hosts: ['tcp-sent-away'],
      tcp: [{ route: [{ destination: { host: 'vault', port: { number: 9000 } } }] }],
    }),
    destinationRule('affine', { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } }),
    destinationRule('vault-plaintext', { tls: { mode: 'DISABLE' } }),
    destinationRule('open-mutual', { tls: { mode: 'ISTIO_MUTUAL' } }),
    destinationRule('tls-to-http', { tls: { mode: 'SIMPLE' } }),
    peerAuthentication('vault', 'STRICT'),
    peerAuthentication('open', 'DISABLE'),
    istio('security', 'AuthorizationPolicy', 'guarded', {
      selector: { matchLabels: { app: 'guarded' } },
      rules: [
        {
          from: [{ source: { principals: [PRODUCTPAGE] } }],
          to: [{ operation: { methods: ['GET'], paths: ['/open/*'] } }, { operation: { ports: ['8082'] } }],
        },
        {
          to: [{ operation: { paths: ['/everybody'] } }],
          when: [{ key: 'request.headers[x-token]', values: ['yes'] }],
        },
      ],
    }),
    istio('security', 'AuthorizationPolicy', 'guarded-secrets', {
      selector: { matchLabels: { app: 'guarded' } },
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/open/secret*'] } }] }],
    }),
    serviceEntry('billing', {
      hosts: ['billing.internal.test'],
      addresses: ['240.240.1.1'],
      ports: [{ number: 8080, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      workloadSelector: { labels: { app: 'store' } },
    }),
    serviceEntry('ledger', {
      hosts: ['ledger.internal.test'],
      addresses: ['240.240.1.2'],
      ports: [{ number: 9000, name: 'tcp', protocol: 'TCP' }],
      resolution: 'STATIC',
      workloadSelector: { labels: { app: 'store' } },
    }),
    serviceEntry('archive', {
      hosts: ['archive.example.test'],
      addresses: ['240.240.1.3'],
      location: 'MESH_EXTERNAL',
      ports: [{ number: 8090, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      endpoints: [{ address: CLUSTER.outside.v4 }],
    }),
    serviceEntry('database', {
      hosts: ['db.example.test'],
      location: 'MESH_EXTERNAL',
      ports: [{ number: 8090, name: 'http', protocol: 'HTTP' }],
      resolution: 'DNS',
    }),
    inNamespace(
      'limited',
      istio('networking', 'Sidecar', 'default', {
        outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
        egress: [{ hosts: ['./*', `${NAMESPACE}/store.${NAMESPACE}.svc.cluster.local`] }],
      }),
    ),
    istio('networking', 'Gateway', 'shop', {
      selector: { istio: 'ingressgateway' },
      servers: [
        { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['shop.example.test', '*.wild.example.test'] },
        {
          port: { number: 80, name: 'http-moved', protocol: 'HTTP' },
          hosts: ['secure.example.test'],
          tls: { httpsRedirect: true },
        },
        { port: { number: 80, name: 'http-idle', protocol: 'HTTP' }, hosts: ['idle.example.test'] },
      ],
    }),
    istio('networking', 'VirtualService', 'shop', {
      hosts: ['shop.example.test', 'secure.example.test'],
      gateways: ['shop'],
      http: [
        { match: [{ uri: { prefix: '/store' } }], rewrite: { uri: '/' }, route: [{ destination: to('store', 8080) }] },
        {
          match: [{ uri: { prefix: '/reviews' }, headers: { 'end-user': { prefix: 'ja' } } }],
          route: [{ destination: { ...to('reviews', 9080), subset: 'v2' } }],
        },
        { match: [{ uri: { prefix: '/reviews' } }], route: [{ destination: to('reviews', 9080) }] },
        { match: [{ uri: { prefix: '/vault' } }], route: [{ destination: to('vault', 8080) }] },
        { match: [{ uri: { prefix: '/guarded' } }], route: [{ destination: to('guarded', 8080) }] },
        { match: [{ uri: { prefix: '/plain' } }], route: [{ destination: to('raw.plain.svc.cluster.local', 8080) }] },
        { match: [{ uri: { prefix: '/gone' } }], route: [{ destination: to('gone', 8080) }] },
        { match: [{ uri: { prefix: '/nowhere' } }], route: [{ destination: to('nowhere', 8080) }] },
      ],
    }),
    istio('networking', 'VirtualService', 'wild', {
      hosts: ['*.wild.example.test'],
      gateways: ['shop'],
      http: [{ route: [{ destination: to('store', 8080) }] }],
    }),
  ],
};
