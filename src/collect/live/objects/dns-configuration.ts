/** Where the cluster's DNS server is configured. */
export const DNS_NAMESPACE = 'kube-system';
export const DNS_CONFIG_MAPS: readonly string[] = ['coredns', 'coredns-custom'];
