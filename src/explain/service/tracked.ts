import { formatEndpoint } from '../../model/address.ts';
import type { ConntrackEntry } from '../../model/network-namespace.ts';
import type { ServiceFact } from '../../model/kubernetes.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/** Connections that nodes track to endpoints, by the Service address that was asked for. */
export type TrackedConnections = ReadonlyMap<string, readonly ConntrackEntry[]>;

/** Indexes the connection tables of all nodes once, for any number of Services; undefined: no node's was captured. */
export function trackedConnections(view: ClusterView): TrackedConnections | undefined {
  const tracked = new Map<string, ConntrackEntry[]>();
  let captured = false;
  for (const node of view.nodes) {
    const entries = view.facts.node(node).netns.conntrack().value;
    captured ||= entries !== undefined;
    for (const entry of entries ?? []) {
      if (entry.original.destination === entry.reply.source) continue;
      const key = addressKey(entry.protocol, entry.original.destination, entry.original.destinationPort);
      const list = tracked.get(key);
      if (list === undefined) tracked.set(key, [entry]);
      else list.push(entry);
    }
  }
  return captured ? tracked : undefined;
}

/** How many connections lead to each endpoint (`ip:port`) of a Service, by any of its own addresses. */
export function connectionsTo(service: ServiceFact, tracked: TrackedConnections): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const balancers = service.loadBalancerIngress.flatMap(({ ip }) => ip ?? []);
  for (const { port, protocol } of service.ports) {
    for (const address of new Set([...service.clusterIPs, ...service.externalIPs, ...balancers])) {
      for (const entry of tracked.get(addressKey(protocol.toLowerCase(), address, port)) ?? []) {
        const endpoint = formatEndpoint(entry.reply.source, entry.reply.sourcePort);
        counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function addressKey(protocol: string, address: string, port: number | null): string {
  return `${protocol} ${formatEndpoint(address, port)}`;
}
