import type { KubernetesObject } from '../control-plane/objects.ts';
import { BOOKINFO } from './bookinfo.ts';
import {
  aborted,
  BYTES,
  destinationRule,
  HTTP,
  inNamespace,
  istio,
  of,
  peerAuthentication,
  pod,
  port,
  service,
  serviceEntry,
  subsets,
  TCP,
  to,
  virtualService,
} from './mesh-objects.ts';
import { SIGNED_TOKENS, TOKEN_ISSUER } from './signed-tokens.ts';
import type { Topology } from './topology.ts';

const PRODUCTPAGE = 'cluster.local/ns/bookinfo/sa/bookinfo-productpage';
/** Pods of Bookinfo that no fault needs. */
const LEFT_OUT = new Set(['asked', 'by-revision', 'cli-b', 'opted-out', 'on-host', 'ratings-v1']);
/** Name of the Secret with a certificate for `signed.example.test`, which the suite makes. */
export const GATEWAY_SECRET = 'signed';
/** Issuer of tokens whose keys nobody can fetch. */
export const KEYLESS_ISSUER = 'keyless@example.test';
/** An external authorization whose Service has no endpoint. */
const PROVIDER = 'absent';
const TO_REVIEWS = { ports: [{ ...port('http', 8080), targetPort: 9080 }] };

/** Bookinfo with everything in it that usually breaks a mesh, each at a Service, port, path or pod of its own. ClusterIPs: 10.96.20.N. */
export const MESH_FAULTS: Topology = {
  nodes: ['node1', 'node2'],
  istio: {
    set: [
      `meshConfig.extensionProviders[0].name=${PROVIDER}`,
      'meshConfig.extensionProviders[0].envoyExtAuthzHttp.service=gone.bookinfo.svc.cluster.local',
      'meshConfig.extensionProviders[0].envoyExtAuthzHttp.port=8080',
    ],
  },
  pods: [
    ...BOOKINFO.pods.filter(({ name }) => !LEFT_OUT.has(name)),
    pod('store', 'node2', [HTTP, TCP, BYTES]),
    pod('vault', 'node1', [HTTP, TCP, BYTES]),
    pod('ports', 'node2', [HTTP, BYTES]),
    pod('open', 'node2', [HTTP]),
    pod('guarded', 'node2', [HTTP, BYTES]),
    pod('locked', 'node1', [HTTP]),
    pod('tokens', 'node2', [HTTP]),
    pod('keyless', 'node1', [HTTP]),
    pod('asking', 'node2', [HTTP]),
    pod('asking-nobody', 'node1', [HTTP]),
    pod('loopback', 'node1', [{ ...HTTP, address: '127.0.0.1' }]),
    pod('patched', 'node2', []),
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
    ...routing(),
    ...endpoints(),
    ...mutualTls(),
    ...policies(),
    ...outside(),
    ...gateways(),
  ],
};

/** What is applied when all pods run: a proxy that begins with a configuration that it rejects never becomes ready. */
export const LATE_FAULTS: readonly KubernetesObject[] = [
  istio('networking', 'EnvoyFilter', 'broken', {
    workloadSelector: { labels: { app: 'patched' } },
    configPatches: [
      {
        applyTo: 'HTTP_FILTER',
        match: {
          context: 'SIDECAR_OUTBOUND',
          listener: {
            portNumber: 8077,
            filterChain: { filter: { name: 'envoy.filters.network.http_connection_manager' } },
          },
        },
        patch: {
          operation: 'INSERT_BEFORE',
          value: {
            name: 'envoy.filters.http.lua',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
              default_source_code: { inline_string: 'this is no program' },
            },
          },
        },
      },
    ],
  }),
  service('newcomer', 90, 'vault', { ports: [{ ...port('http', 8077), targetPort: 8080 }] }),
];

/** Routes that lead nowhere. */
function routing(): KubernetesObject[] {
  const reviews = [
    'no-subset',
    'empty-subset',
    'no-host',
    'no-port',
    'short-host',
    'narrow',
    'faulty',
    'late',
    'twice',
  ];
  return [
    ...reviews.map((name, at) => service(name, 1 + at, 'reviews', TO_REVIEWS)),
    virtualService('no-subset', [{ route: [{ destination: of('no-subset', 'v1') }] }]),
    virtualService('empty-subset', [{ route: [{ destination: of('empty-subset', 'v9') }] }]),
    subsets('empty-subset', ['v9']),
    virtualService('no-host', [{ route: [{ destination: { host: 'nowhere' } }] }]),
    virtualService('no-port', [{ route: [{ destination: to('no-port', 8099) }] }]),
    inNamespace(
      'plain',
      istio('networking', 'VirtualService', 'short-host', {
        hosts: ['short-host.bookinfo.svc.cluster.local'],
        http: [{ route: [{ destination: { host: 'reviews', port: { number: 9080 } } }] }],
      }),
    ),
    virtualService('narrow', [{ match: [{ uri: { exact: '/only' } }], route: [{ destination: { host: 'narrow' } }] }]),
    virtualService('twice', [{ match: [{ uri: { exact: '/first' } }], route: [{ destination: { host: 'twice' } }] }]),
    // Of two for one host the older one counts, or of one age that whose name comes first.
    istio('networking', 'VirtualService', 'twice-again', {
      hosts: ['twice'],
      http: [{ route: [{ destination: { host: 'twice' } }] }],
    }),
    service('renamed', 10, 'store'),
    virtualService('renamed', [
      {
        rewrite: { authority: 'nobody.example.test' },
        route: [{ destination: to('istio-ingressgateway.istio-system.svc.cluster.local', 80) }],
      },
    ]),
    virtualService('faulty', [{ fault: aborted(418), route: [{ destination: { host: 'faulty' } }] }]),
    virtualService('late', [
      {
        fault: { delay: { fixedDelay: '0.2s', percentage: { value: 100 } }, ...aborted(503) },
        route: [{ destination: { host: 'late' } }],
      },
    ]),
  ];
}

/** Services without anybody behind them. */
function endpoints(): KubernetesObject[] {
  return [
    service('store', 20, 'store', { ports: [port('http', 8080), port('tcp', 9000), port('tcp-bytes', 8082)] }),
    service('gone', 21, 'nobody', { ports: [port('http', 8080), port('tcp', 9000)] }),
    service('shut', 22, 'store', { ports: [{ ...port('http', 8080), targetPort: 8099 }] }),
    service('loopback', 23, 'loopback'),
    service('ejected', 24, 'store'),
    service('far', 25, 'store'),
    destinationRule('far', {
      loadBalancer: { localityLbSetting: { distribute: [{ from: '*', to: { 'elsewhere/*': 100 } }] } },
    }),
    destinationRule('ejected', {
      outlierDetection: { consecutive5xxErrors: 1, interval: '1s', baseEjectionTime: '900s', maxEjectionPercent: 100 },
    }),
  ];
}

/** One side speaks TLS and the other does not, or they do not believe each other. */
function mutualTls(): KubernetesObject[] {
  return [
    service('vault', 30, 'vault', { ports: [port('http', 8080), port('tcp', 9000), port('tcp-bytes', 8082)] }),
    service('vault-plaintext', 31, 'vault'),
    service('ports', 32, 'ports', { ports: [port('http', 8080), port('tcp-bytes', 8082)] }),
    service('open-mutual', 33, 'open'),
    service('tls-to-http', 34, 'store'),
    service('other-name', 35, 'vault'),
    inNamespace('plain', service('raw', 37, 'raw', { ports: [port('http', 8080), port('tcp', 9000)] })),
    peerAuthentication('vault', 'STRICT'),
    peerAuthentication('open', 'DISABLE'),
    istio('security', 'PeerAuthentication', 'ports', {
      selector: { matchLabels: { app: 'ports' } },
      mtls: { mode: 'PERMISSIVE' },
      portLevelMtls: { 8082: { mode: 'STRICT' } },
    }),
    destinationRule('vault-plaintext', { tls: { mode: 'DISABLE' } }),
    destinationRule('open-mutual', { tls: { mode: 'ISTIO_MUTUAL' } }),
    destinationRule('tls-to-http', { tls: { mode: 'SIMPLE' } }),
    destinationRule('other-name', {
      tls: { mode: 'ISTIO_MUTUAL', subjectAltNames: ['spiffe://cluster.local/ns/bookinfo/sa/somebody-else'] },
    }),
    istio('networking', 'DestinationRule', 'raw', {
      host: 'raw.plain.svc.cluster.local',
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } },
    }),
  ];
}

/** Access control that says no. */
function policies(): KubernetesObject[] {
  return [
    service('guarded', 40, 'guarded', { ports: [port('http', 8080), port('tcp-bytes', 8082)] }),
    service('locked', 41, 'locked'),
    service('tokens', 42, 'tokens'),
    service('keyless', 43, 'keyless'),
    service('asking', 44, 'asking'),
    service('asking-nobody', 45, 'asking-nobody'),
    istio('security', 'RequestAuthentication', 'keyless', {
      selector: { matchLabels: { app: 'keyless' } },
      jwtRules: [{ issuer: KEYLESS_ISSUER, jwksUri: 'https://keys.example.test/keys' }],
    }),
    istio('security', 'AuthorizationPolicy', 'asking', {
      selector: { matchLabels: { app: 'asking' } },
      action: 'CUSTOM',
      provider: { name: PROVIDER },
      rules: [{}],
    }),
    istio('security', 'AuthorizationPolicy', 'asking-nobody', {
      selector: { matchLabels: { app: 'asking-nobody' } },
      action: 'CUSTOM',
      provider: { name: 'nobody' },
      rules: [{}],
    }),
    istio('security', 'AuthorizationPolicy', 'guarded', {
      selector: { matchLabels: { app: 'guarded' } },
      rules: [
        {
          from: [{ source: { principals: [PRODUCTPAGE] } }],
          to: [{ operation: { methods: ['GET'] } }],
        },
      ],
    }),
    istio('security', 'AuthorizationPolicy', 'no-secrets', {
      selector: { matchLabels: { app: 'guarded' } },
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/secret*'] } }] }],
    }),
    istio('security', 'AuthorizationPolicy', 'locked', { selector: { matchLabels: { app: 'locked' } } }),
    istio('security', 'RequestAuthentication', 'tokens', {
      selector: { matchLabels: { app: 'tokens' } },
      jwtRules: [SIGNED_TOKENS],
    }),
    istio('security', 'AuthorizationPolicy', 'tokens', {
      selector: { matchLabels: { app: 'tokens' } },
      rules: [{ from: [{ source: { requestPrincipals: [`${TOKEN_ISSUER}/alice`] } }] }],
    }),
  ];
}

/** Hosts that the mesh does not know, or knows wrongly. */
function outside(): KubernetesObject[] {
  const entry = (name: string, address: string, resolution: string, more: object = {}): KubernetesObject =>
    serviceEntry(name, {
      hosts: [`${name}.example.test`],
      addresses: [address],
      location: 'MESH_EXTERNAL',
      ports: [{ number: 8090, name: 'http', protocol: 'HTTP' }],
      resolution,
      ...more,
    });
  return [
    entry('nobody-static', '240.240.2.1', 'STATIC'),
    entry('shut-static', '240.240.2.4', 'STATIC', { endpoints: [{ address: '10.96.20.26', ports: { http: 8080 } }] }),
    inNamespace('plain', service('shut', 26, 'raw', { ports: [{ ...port('http', 8080), targetPort: 8099 }] })),
    entry('unresolved', '240.240.2.3', 'DNS', { endpoints: [{ address: 'no-such-name.example.test' }] }),
    inNamespace(
      'limited',
      istio('networking', 'Sidecar', 'default', {
        outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
        egress: [{ hosts: ['./*', 'bookinfo/store.bookinfo.svc.cluster.local'] }],
      }),
    ),
  ];
}

/** Gateways and VirtualServices that do not fit together. */
function gateways(): KubernetesObject[] {
  const gateway = (name: string, hosts: readonly string[], more: object = {}, selector = 'ingressgateway') =>
    istio('networking', 'Gateway', name, {
      selector: { istio: selector },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts, ...more }],
    });
  const bound = (name: string, host: string, gatewayName: string, destination: object = to('store', 8080)) =>
    istio('networking', 'VirtualService', name, {
      hosts: [host],
      gateways: [gatewayName],
      http: [{ route: [{ destination }] }],
    });
  return [
    gateway('shop', ['shop.example.test', 'idle.example.test', 'plain.example.test']),
    bound('shop', 'shop.example.test', 'shop'),
    bound('other-host', 'other.example.test', 'shop'),
    bound('wrong-gateway', 'idle.example.test', 'shops'),
    inNamespace('plain', bound('no-namespace', 'plain.example.test', 'shop', to('raw', 8080))),
    gateway('unselected', ['unselected.example.test'], {}, 'nobody'),
    bound('unselected', 'unselected.example.test', 'unselected'),
    gateway('unexposed', ['unexposed.example.test'], { port: { number: 8085, name: 'http-8085', protocol: 'HTTP' } }),
    bound('unexposed', 'unexposed.example.test', 'unexposed'),
    gateway('unsigned', ['unsigned.example.test'], {
      port: { number: 443, name: 'https', protocol: 'HTTPS' },
      tls: { mode: 'SIMPLE', credentialName: 'no-such-secret' },
    }),
    bound('unsigned', 'unsigned.example.test', 'unsigned'),
    gateway('signed', ['signed.example.test'], {
      port: { number: 443, name: 'https-signed', protocol: 'HTTPS' },
      tls: { mode: 'SIMPLE', credentialName: GATEWAY_SECRET },
    }),
    bound('signed', 'signed.example.test', 'signed'),
  ];
}
