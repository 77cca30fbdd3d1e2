/** How nodes are read. `auto` never changes the cluster. */
type NodeAccessMode = 'auto' | 'exec' | 'debug-pod' | 'local' | 'none';

/** How places beside the API server are read: nodes, pods, proxies, istiods. */
export interface CollectionOptions {
  readonly nodeAccess: NodeAccessMode;
  /** Image of a pod that is made to read a node; null: a small one that leads to the node's own tools. */
  readonly debugImage: string | null;
  /** Namespace of such a pod; null: `default`. */
  readonly debugNamespace: string | null;
  /** Port of the Envoys' admin interfaces; null: Istio's. */
  readonly proxyAdminPort: number | null;
  /** Whether a proxy is asked for its configuration while it is still starting and does not serve it. */
  readonly startingProxies: boolean;
  /** Namespace of istiod; null: `istio-system`. */
  readonly istioNamespace: string | null;
  /** Tells the person something at once, before the cluster is changed. */
  readonly say: (sentence: string) => void;
}

export const DEFAULT_COLLECTION: CollectionOptions = {
  nodeAccess: 'auto',
  debugImage: null,
  debugNamespace: null,
  proxyAdminPort: null,
  startingProxies: false,
  istioNamespace: null,
  say: () => {},
};
