import { formatEndpoint } from '../../model/address.ts';
import type { ServicePort } from '../../model/kubernetes.ts';
import type { Owner } from '../../model/trace.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/** `pod bookinfo/reviews-v1`, `node node1`. */
export function ownerText(owner: Owner): string {
  return owner.kind === 'pod' ? `pod ${owner.pod.namespace}/${owner.pod.name}` : `node ${owner.node}`;
}

/** Name of the owner as a hop carries it. */
export function ownerName(owner: Owner): string {
  return owner.kind === 'pod' ? `${owner.pod.namespace}/${owner.pod.name}` : owner.node;
}

/** `10.244.1.11:9080 (pod bookinfo/reviews-v1)`: an address with whose it is, when the snapshot knows. */
export function addressText(view: ClusterView | undefined, ip: string, port?: number | null): string {
  const endpoint = formatEndpoint(ip, port);
  const whose = view === undefined ? null : addressOwner(view, ip, port ?? null);
  return whose === null ? endpoint : `${endpoint} (${whose})`;
}

/** Whose address this is: a Service, a pod, or a node; null when nobody's that the snapshot knows. */
export function addressOwner(view: ClusterView, ip: string, port: number | null): string | null {
  const services = view.servicesAt(ip);
  const exact = services.find((one) => port !== null && one.service.ports.some((its) => its.port === port));
  const service = exact ?? services[0];
  if (service !== undefined) return `Service ${service.service.namespace}/${service.service.name}`;
  const pod = view.podAt(ip);
  if (pod !== undefined) return `pod ${pod.namespace}/${pod.name}`;
  const node = view.nodeAt(ip);
  return node === undefined ? null : `node ${node}`;
}

/** `http 80/TCP`, or `80/TCP` for a port without a name. */
export function portText(port: ServicePort): string {
  return `${port.name === null ? '' : `${port.name} `}${port.port}/${port.protocol}`;
}
