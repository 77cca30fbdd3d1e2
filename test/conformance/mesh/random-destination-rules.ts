/** DestinationRules of Services at random: TLS, subsets, load balancers, pools and outliers. */
import type { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio } from '../../lab/topology/mesh-objects.ts';
import { fullName, portOf, SERVICES, VERSIONS } from './random-names.ts';

/** One of `reviews`, whose subsets routes name, and of some others. */
export function randomDestinationRules(random: Random): readonly KubernetesObject[] {
  return SERVICES.filter((name) => name === 'reviews' || random.chance(0.4)).map((name) =>
    destinationRule(random, name),
  );
}

/** @param name of a Service */
export function destinationRule(random: Random, name: string): KubernetesObject {
  const policy = (): object => ({
    connectionPool: pool(random, name),
    ...random.maybe(0.5, () => tls(random, name)),
    ...random.maybe(0.5, () => ({ loadBalancer: loadBalancer(random) })),
    // So many failures in a row that nothing is ever ejected; where outliers are looked for, failover has priorities.
    ...random.maybe(0.3, () => ({ outlierDetection: { consecutive5xxErrors: 100_000, interval: '3600s' } })),
  });
  const versions = [...VERSIONS, 'v9'].filter((version) => random.chance(version === 'v9' ? 0.3 : 0.8));
  const subset = (version: string): object => ({
    name: version,
    ...random.maybe(0.9, () => ({ labels: { version } })),
    ...random.maybe(0.15, () => ({ trafficPolicy: policy() })),
  });
  return istio('networking', 'DestinationRule', name.replace('.', '-'), {
    host: fullName(name),
    trafficPolicy: {
      ...policy(),
      ...random.maybe(0.15, () => ({
        portLevelSettings: (name === 'store' ? [portOf(name), 9000] : [portOf(name)]).map((number) => ({
          port: { number },
          connectionPool: pool(random, name),
          ...random.maybe(0.3, () => ({ loadBalancer: loadBalancer(random) })),
          ...tls(random, name),
        })),
      })),
    },
    ...(name === 'reviews' ? { subsets: versions.map(subset) } : {}),
    ...random.maybe(0.1, () => ({ exportTo: ['.'] })),
    ...random.maybe(0.1, () => ({ workloadSelector: { matchLabels: { app: 'cli' } } })),
  });
}

function tls(random: Random, name: string): object {
  // No configuration tells whether an application without sidecar speaks TLS itself.
  const mode = random.pick(['', 'ISTIO_MUTUAL', 'DISABLE', name === 'raw.plain' ? '' : 'SIMPLE']);
  if (mode === '') return {};
  const account = random.pick([`bookinfo-${name}`, 'default', 'nobody']);
  const known = { subjectAltNames: [`spiffe://cluster.local/ns/bookinfo/sa/${account}`] };
  return {
    tls: {
      mode,
      ...random.maybe(mode === 'ISTIO_MUTUAL' ? 0.3 : 0, () => known),
      ...random.maybe(mode === 'DISABLE' ? 0 : 0.2, () => ({ sni: 'renamed.example.test' })),
    },
  };
}

/** Each connection carries one request: none is used again that was made under an older configuration. */
function pool(random: Random, name: string): object {
  return {
    http: {
      maxRequestsPerConnection: 1,
      // An application without sidecar speaks HTTP/1.1 alone.
      ...random.maybe(name === 'raw.plain' ? 0 : 0.15, () => ({ h2UpgradePolicy: 'UPGRADE' })),
      ...random.maybe(0.1, () => ({ http1MaxPendingRequests: 1000, maxRetries: 100 })),
      ...random.maybe(0.1, () => ({ idleTimeout: '30s', maxConcurrentStreams: 10 })),
    },
    ...random.maybe(0.2, () => ({ tcp: { maxConnections: 1000, connectTimeout: '3s' } })),
  };
}

function loadBalancer(random: Random): object {
  return random.pick([
    { simple: 'ROUND_ROBIN' },
    { simple: 'RANDOM' },
    { simple: 'LEAST_REQUEST' },
    { simple: 'PASSTHROUGH' },
    { consistentHash: { httpHeaderName: 'x-user' } },
    { consistentHash: { useSourceIp: true, maglev: { tableSize: 101 } } },
    { consistentHash: { httpCookie: { name: 'token', ttl: '0s' } } },
    { consistentHash: { httpQueryParameterName: 'x', ringHash: { minimumRingSize: 64 } } },
    { simple: 'ROUND_ROBIN', warmup: { duration: '300s' } },
    { localityLbSetting: { enabled: true, failoverPriority: ['version'] } },
  ]);
}
