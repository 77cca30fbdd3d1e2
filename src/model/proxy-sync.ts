/** Under what name this tool asks a control plane over its discovery service; no pod can have it. */
export const OWN_PROXY = 'kubectl_reach';

/** What a control plane says of one proxy that is connected to it. */
export interface ProxySync {
  /** `POD.NAMESPACE` */
  readonly proxy: string;
  readonly cluster: string;
  readonly namespace: string;
  /** The istiod that holds the connection. */
  readonly istiod: string;
  /** Of the proxy. */
  readonly version: string;
  readonly types: readonly TypeSync[];
}

/** How far one kind of resource is. */
export interface TypeSync {
  readonly typeUrl: string;
  /** envoy.service.status.v3.ConfigStatus: `SYNCED`, `NOT_SENT`, `STALE`, `ERROR`, `UNKNOWN`. */
  readonly status: string;
  /** RFC 3339; null: it does not say. */
  readonly at: string | null;
  /** Why the proxy rejected it; null: it did not. */
  readonly rejected: string | null;
}
