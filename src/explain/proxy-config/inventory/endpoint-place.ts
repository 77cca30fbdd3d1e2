import { canonical } from '../../../model/address.ts';
import type { SliceEndpoint } from '../../../model/kubernetes.ts';
import type { ClusterView } from '../../world/cluster-view.ts';
import { parseAnyClusterName } from '../cluster-name.ts';

/** What the objects of a cluster tell of an endpoint. */
export interface EndpointPlace {
  readonly pod: string | null;
  readonly node: string | null;
  readonly zone: string | null;
  readonly sliceCondition: string | null;
}

interface Host {
  readonly cluster: string;
  readonly address: string;
}

/** A lookup of endpoints among the pods and EndpointSlices of a cluster. */
export function placeOfAddress(view: ClusterView): (host: Host) => EndpointPlace {
  const byService = new Map<string, SliceEndpoint>();
  const byAddress = new Map<string, SliceEndpoint>();
  for (const slice of view.objects?.endpointSlices ?? []) {
    for (const endpoint of slice.endpoints) {
      for (const address of endpoint.addresses) {
        byService.set(`${slice.serviceName ?? ''}.${slice.namespace} ${address}`, endpoint);
        byAddress.set(address, endpoint);
      }
    }
  }
  return ({ cluster, address: written }) => {
    const address = canonical(written);
    const host = parseAnyClusterName(cluster)?.host ?? '';
    const service = host.split('.').slice(0, 2).join('.');
    const slice = byService.get(`${service} ${address}`);
    const any = slice ?? byAddress.get(address);
    const running = view.podAt(address);
    const pod = running === undefined ? podOf(any) : `${running.name}.${running.namespace}`;
    const node = running?.nodeName ?? any?.nodeName ?? view.nodeAt(address) ?? null;
    const zone = any?.zone ?? (node === null ? null : (view.nodeNamed(node)?.zone ?? null));
    return { pod, node, zone, sliceCondition: slice === undefined ? null : conditionOf(slice) };
  };
}

function podOf(endpoint: SliceEndpoint | undefined): string | null {
  if (endpoint === undefined || endpoint.podName === null) return null;
  return `${endpoint.podName}.${endpoint.podNamespace ?? ''}`;
}

/** The conditions of discovery.k8s.io/v1 as one word, or two. */
function conditionOf({ ready, serving, terminating }: SliceEndpoint): string {
  if (terminating) return serving ? 'serving,terminating' : 'terminating';
  return ready ? 'ready' : 'not-ready';
}
