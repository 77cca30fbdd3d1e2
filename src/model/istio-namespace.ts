/** Where istiod and the ztunnels are, unless told otherwise. */
export const DEFAULT_ISTIO_NAMESPACE = 'istio-system';
