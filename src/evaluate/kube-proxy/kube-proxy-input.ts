import type { KubeProxyConfig, KubeProxyMode } from '../../model/kube-proxy.ts';
import type { ProxyNode } from './node.ts';
import type { ServiceIndex } from './service-index.ts';

/** What kube-proxy on one node works from. */
export interface KubeProxyInput {
  readonly index: ServiceIndex;
  readonly node: ProxyNode;
  readonly config: KubeProxyConfig;
  /** The caller says which, also where the configuration does not. */
  readonly mode: KubeProxyMode;
  /** Ranges of the ServiceCIDR objects; kube-proxy in nftables mode drops what goes to their unused addresses. */
  readonly serviceCIDRs: readonly string[];
}
