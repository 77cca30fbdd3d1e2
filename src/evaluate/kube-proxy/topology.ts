import type { EndpointSliceFact } from '../../model/kubernetes.ts';
import { collectEndpoints, type ProxiedEndpoint } from './endpoints.ts';
import type { ProxyNode } from './node.ts';
import type { ProxiedPort } from './service-port.ts';

/** Which endpoints a node uses for a Service port, by traffic policy, and why (pkg/proxy/topology.go of Kubernetes 1.36). */
export interface CategorizedEndpoints {
  /** For traffic policy Cluster. */
  readonly cluster: readonly ProxiedEndpoint[];
  /** For traffic policy Local. */
  readonly local: readonly ProxiedEndpoint[];
  /** Whether any node has a usable endpoint. */
  readonly any: boolean;
  /** Clauses about the choice of `cluster`, and of `local`. */
  readonly clusterReasons: readonly string[];
  readonly localReasons: readonly string[];
}

/** A Service port's endpoints on a node, and those that it uses. */
export interface NodeEndpoints {
  readonly all: readonly ProxiedEndpoint[];
  readonly chosen: CategorizedEndpoints;
}

/** What was chosen last on a node: each class of clients asks for the same Service port again. */
const chosenLast = new WeakMap<
  ProxyNode,
  NodeEndpoints & { readonly proxied: ProxiedPort; readonly slices: readonly EndpointSliceFact[] }
>();

/** The endpoints of a Service port on a node, by all slices of its Service. */
export function endpointsOn(
  node: ProxyNode,
  proxied: ProxiedPort,
  slices: readonly EndpointSliceFact[],
): NodeEndpoints {
  const last = chosenLast.get(node);
  if (last?.proxied === proxied && last.slices === slices) return last;
  const all = collectEndpoints(proxied, slices, node.name);
  const made = { all, chosen: categorizeEndpoints(all, proxied, node.name, node.zone), proxied, slices };
  chosenLast.set(node, made);
  return made;
}

/**
 * Chooses the usable endpoints: ready ones, narrowed by hints to this node or zone; terminating ones that still serve when no
 * endpoint is ready, separately for Cluster and Local (CategorizeEndpoints, feature PreferSameTrafficDistribution on).
 */
export function categorizeEndpoints(
  endpoints: readonly ProxiedEndpoint[],
  proxied: ProxiedPort,
  nodeName: string,
  zone: string | null,
): CategorizedEndpoints {
  const cluster = proxied.usesClusterEndpoints ? forCluster(endpoints, nodeName, zone) : NONE;
  const local = proxied.usesLocalEndpoints ? forLocal(endpoints) : NONE;
  const usable = proxied.usesLocalEndpoints && endpoints.some((one) => one.endpoint.ready || drains(one));
  return {
    cluster: cluster.endpoints,
    local: local.endpoints,
    any: cluster.endpoints.length > 0 || usable,
    clusterReasons: cluster.reasons,
    localReasons: local.reasons,
  };
}

interface Chosen {
  readonly endpoints: readonly ProxiedEndpoint[];
  readonly reasons: readonly string[];
}

const NONE: Chosen = { endpoints: [], reasons: [] };
const TERMINATING = 'no endpoint is ready: those that terminate but still serve are used';

function forCluster(endpoints: readonly ProxiedEndpoint[], nodeName: string, zone: string | null): Chosen {
  const ready = endpoints.filter((one) => one.endpoint.ready);
  if (ready.length === 0) {
    const draining = endpoints.filter(drains);
    return { endpoints: draining, reasons: draining.length > 0 ? [TERMINATING] : [] };
  }
  const onNode = ready.filter((one) => one.endpoint.hintNodes?.includes(nodeName));
  if (onNode.length > 0 && ready.every((one) => one.endpoint.hintNodes !== null)) {
    return {
      endpoints: onNode,
      reasons: [`hints keep the traffic of node ${nodeName} on ${onNode.length} of ${ready.length}`],
    };
  }
  // kube-proxy compares the empty zone of a node without label too; no hint carries it
  const inZone = ready.filter((one) => one.endpoint.hintZones?.includes(zone ?? ''));
  if (inZone.length > 0 && ready.every((one) => one.endpoint.hintZones !== null)) {
    return {
      endpoints: inZone,
      reasons: [`hints keep the traffic of zone ${zone ?? ''} on ${inZone.length} of ${ready.length}`],
    };
  }
  return { endpoints: ready, reasons: [] };
}

function forLocal(endpoints: readonly ProxiedEndpoint[]): Chosen {
  const here = endpoints.filter((one) => one.local);
  const ready = here.filter((one) => one.endpoint.ready);
  if (ready.length > 0) return { endpoints: ready, reasons: [] };
  const draining = here.filter(drains);
  return {
    endpoints: draining,
    reasons:
      draining.length > 0 ? ['no endpoint of this node is ready: those that terminate but still serve are used'] : [],
  };
}

function drains({ endpoint }: ProxiedEndpoint): boolean {
  return endpoint.serving && endpoint.terminating;
}
