import { formatEndpoint } from '../../model/address.ts';
import type { Cursor } from '../../model/json.ts';
import type { ServiceFact } from '../../model/kubernetes.ts';
import { compareText } from '../../model/order.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/** What one proxy knows of a Service's endpoints: health by `ip:port`. */
export interface ProxyAccount {
  /** `namespace/pod` */
  readonly name: string;
  readonly hosts: ReadonlyMap<string, string>;
}

const HEALTHY: ReadonlySet<string> = new Set(['HEALTHY', 'UNKNOWN', '']);

/** The pods whose proxy answered, in the order of their names. */
export function proxiesOf(view: ClusterView): readonly { readonly namespace: string; readonly name: string }[] {
  return view.facts.dumpedProxies
    .map(({ namespace, pod }) => ({ namespace, name: pod }))
    .toSorted((a, b) => compareText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`));
}

/**
 * The endpoints that a proxy has for a Service, over its ports: istiod names their clusters `outbound|PORT||NAME.NAMESPACE.svc.DOMAIN`.
 * @returns undefined when it has no such cluster
 */
export function proxyEndpoints(
  view: ClusterView,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  service: ServiceFact,
): ProxyAccount | undefined {
  const envoy = view.facts.pod(namespace, name).envoy().value;
  const domain = view.nameIndex()?.dns.domain ?? 'cluster.local';
  const hosts = new Map<string, string>();
  let seen = false;
  for (const port of service.ports) {
    const cluster = `outbound|${port.port}||${service.name}.${service.namespace}.svc.${domain}`;
    const assignments = envoy?.config?.endpoints(cluster) ?? [];
    seen ||= assignments.length > 0;
    for (const { config } of assignments) for (const host of hostsOf(config)) hosts.set(host.address, host.health);
    for (const status of envoy?.clusters?.cluster(cluster)?.at('host_statuses').items() ?? []) {
      const health = healthOf(status);
      if (health !== '') hosts.set(socketText(status.at('address', 'socket_address')), health);
    }
  }
  return seen ? { name: `${namespace}/${name}`, hosts } : undefined;
}

/** Whether the proxy would send to a host of this health. */
export function isHealthy(health: string): boolean {
  return HEALTHY.has(health);
}

function hostsOf(assignment: Cursor) {
  return assignment
    .at('endpoints')
    .items()
    .flatMap((locality) => locality.at('lb_endpoints').items())
    .map((host) => ({
      address: socketText(host.at('endpoint', 'address', 'socket_address')),
      health: host.at('health_status').string() ?? '',
    }));
}

function socketText(socket: Cursor): string {
  return formatEndpoint(socket.at('address').string() ?? '', socket.at('port_value').number() ?? null);
}

/** A failed check of the proxy's own, before what istiod told it. */
function healthOf(status: Cursor): string {
  const health = status.at('health_status');
  if (health.at('failed_outlier_check').boolean() === true) return 'ejected by outlier detection';
  if (health.at('failed_active_health_check').boolean() === true) return 'fails active health checks';
  return health.at('eds_health_status').string() ?? '';
}
