import type { ServiceFact, ServicePort } from '../../model/kubernetes.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { QuestionError, type QuestionInput } from './question-input.ts';

/** Where a client that cannot ask the cluster's DNS finds a Service. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
  readonly notes: readonly string[];
}

/**
 * The address at which a Service answers clients outside: its load balancer, an external IP, a node port; else its cluster IP,
 * which needs a route to a node that such a client seldom has.
 * @throws QuestionError for a Service without any address
 */
export function outsideAddress(
  view: ClusterView,
  input: QuestionInput,
  service: ServiceFact,
  servicePort: ServicePort | null,
  port: number,
): ServiceAddress {
  const name = `Service ${service.namespace}/${service.name}`;
  const balancer = service.loadBalancerIngress.find((ingress) => ingress.ip !== null)?.ip ?? null;
  if (balancer !== null)
    return {
      host: balancer,
      port,
      notes: [`From outside, ${name} is asked at its load balancer address ${balancer}.`],
    };
  const external = service.externalIPs[0];
  if (external !== undefined)
    return { host: external, port, notes: [`From outside, ${name} is asked at its external IP ${external}.`] };
  const node = input.node ?? view.nodes[0];
  const nodePort = servicePort?.nodePort ?? null;
  const address = node === undefined ? undefined : view.nodeNamed(node)?.addresses[0]?.address;
  if (nodePort !== null && address !== undefined) {
    return {
      host: address,
      port: nodePort,
      notes: [`From outside, ${name} is asked at node port ${nodePort} of node ${node ?? ''}.`],
    };
  }
  const clusterIP = service.clusterIPs[0];
  if (clusterIP === undefined) {
    throw new QuestionError(`${name} has no address that a client outside could use`, [
      'Ask for a pod address or a node instead.',
    ]);
  }
  const note = `${name} has no address for clients outside; its cluster IP ${clusterIP} is asked, as if the client had a route to it by a node.`;
  return { host: clusterIP, port, notes: [note] };
}

/** The address that a process on a node has to use: nodes ask name servers of their own, not the cluster's. */
export function addressOnNode(service: ServiceFact, port: number): ServiceAddress | null {
  const clusterIP = service.clusterIPs[0];
  if (clusterIP === undefined) return null;
  const name = `Service ${service.namespace}/${service.name}`;
  return { host: clusterIP, port, notes: [`Nodes do not ask the cluster's DNS, so ${name} is asked at ${clusterIP}.`] };
}
