/**
 * What in Envoy's resources is a mere name: what one is called, or says that it belongs to. No rule of Envoy looks at it to decide what becomes
 * of a request, so that resources which differ in nothing else treat all requests alike, under other names.
 */
import { freeEntries, freeMembers } from './free.ts';

const TLS_NAMES = freeMembers({ typed_config: freeMembers({ sni: 'label' }) });

/** What istiod notes of the objects that something was made of, which no rule looks at. */
const OBJECT_NAMES = freeMembers({
  filter_metadata: freeEntries({
    istio: freeEntries({ services: 'any', config: 'label', subset: 'label', workload: 'label' }),
  }),
});

/** Of a Cluster (envoy/config/cluster/v3/cluster.proto). */
export const CLUSTER_NAMES = freeMembers({
  name: 'text',
  alt_stat_name: 'label',
  metadata: OBJECT_NAMES,
  eds_cluster_config: freeMembers({ service_name: 'text' }),
  transport_socket: TLS_NAMES,
  transport_socket_matches: { each: freeMembers({ transport_socket: TLS_NAMES }) },
});

const ADDRESS = freeMembers({ socket_address: freeMembers({ address: 'text', port_value: 'number' }) });
const HOST_NAMES = freeMembers({ endpoint: freeMembers({ address: ADDRESS }), metadata: OBJECT_NAMES });

/** Of a ClusterLoadAssignment (envoy/config/endpoint/v3/endpoint.proto): addresses, too. */
export const ASSIGNMENT_NAMES = freeMembers({
  cluster_name: 'text',
  endpoints: { each: freeMembers({ lb_endpoints: { each: HOST_NAMES } }) },
});
