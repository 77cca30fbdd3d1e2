/** A cluster of type STATIC whose hosts are ports of 127.0.0.1. @param more fields of the cluster beside its name and its hosts */
export function staticCluster(name: string, ports: readonly (number | undefined)[], more: object = {}): object {
  const lb_endpoints = ports.map((port_value) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value } } },
  }));
  return {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] },
    ...more,
  };
}
