import type { PodSpec, ProxyMode, Topology } from '../../lab/topology/topology.ts';

/** Namespace of pods and Services. */
export const NAMESPACE = 'shop';

/** One node for each mode of kube-proxy. */
export const MODES: Readonly<Record<string, ProxyMode>> = {
  node1: 'iptables',
  node2: 'iptables-legacy',
  node3: 'nftables',
};

/** Values of the label `app`, with the names that a targetPort may have there; `nobody` has no pod. */
export const APPS: Readonly<Record<string, { readonly TCP: readonly string[]; readonly UDP: readonly string[] }>> = {
  web: { TCP: ['http', 'alt'], UDP: ['dns'] },
  api: { TCP: ['http'], UDP: ['dns'] },
  mix: { TCP: ['http'], UDP: ['dns'] },
  drain: { TCP: ['http'], UDP: ['dns'] },
  host: { TCP: ['http'], UDP: ['dns'] },
  nobody: { TCP: ['http'], UDP: ['dns'] },
};

/** Pods that endpoints are made of, over three nodes: ready, not ready, terminating, on the node's own network. */
export const RANDOM_SERVICES: Topology = {
  nodes: Object.keys(MODES),
  pods: [
    pod('cli-1', 1, undefined),
    pod('cli-2', 2, undefined),
    pod('cli-3', 3, undefined),
    pod('web-1', 1, 'web', { alt: 8081 }),
    pod('web-1b', 1, 'web', { alt: 8082 }),
    pod('web-2', 2, 'web', { alt: 8081 }),
    pod('web-3', 3, 'web', { alt: 8082 }),
    pod('api-1', 1, 'api', { http: 8091 }),
    pod('api-2', 2, 'api', { http: 8092 }, { ready: false }),
    pod('api-3', 3, 'api', { http: 8093 }),
    pod('mix-1', 1, 'mix', {}, { terminating: true }),
    pod('mix-2', 2, 'mix', {}, { terminating: true, ready: false }),
    pod('mix-3', 3, 'mix'),
    pod('drain-1', 1, 'drain', {}, { terminating: true }),
    pod('drain-3', 3, 'drain', {}, { terminating: true }),
    // A datagram is answered from whichever address of the node its route back prefers: no answer may call that reachable.
    pod('host-3', 3, 'host', {}, { hostNetwork: true }),
  ],
  objects: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }],
};

function tcp(name: string, port: number) {
  return { name, port, protocol: 'TCP', speaks: 'text' } as const;
}

/** A pod that answers on 8080 and 5353, or where told. @param app without one it is a client alone */
function pod(
  name: string,
  node: number,
  app: string | undefined,
  { http = 8080, alt }: { readonly http?: number; readonly alt?: number } = {},
  rest: Partial<PodSpec> = {},
): PodSpec {
  const ports: PodSpec['ports'] = [
    tcp('http', http),
    ...(alt === undefined ? [] : [tcp('alt', alt)]),
    { name: 'dns', port: 5353, protocol: 'UDP' },
  ];
  const ofApp = app === undefined ? {} : { labels: { app }, ports };
  return { name, namespace: NAMESPACE, node: `node${node}`, ...ofApp, ...rest };
}
