import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { field, fields, typeName, unknown } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { httpProtocolOptions } from './upstream-http.ts';

/** Network filters towards hosts that only observe (as in network/registry.ts). */
const OBSERVERS = new Set(['envoy.tcp.metadataexchange.config.MetadataExchange', 'stats.PluginConfig']);
/** The HTTP filter that every upstream chain ends in. */
const UPSTREAM_CODEC = 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec';

/**
 * What may stop a request between the choice of a cluster and its hosts: filters of the cluster, limits that are not counted
 * (ResourceManagerImpl, source/common/upstream/resource_manager_impl.h) and maintenance mode (Router::Filter::decodeHeaders).
 */
export function clusterGate(cluster: Cursor, runtime: Runtime): Unknown | null {
  const network = field(cluster, 'filters')
    .items()
    .find((filter) => !OBSERVERS.has(typeName(field(filter, 'typed_config')) ?? ''));
  if (network !== undefined) return unknown('a network filter of the cluster is not understood', network.at('name'));
  const filter = unknownUpstreamFilter(field(httpProtocolOptions(cluster), 'http_filters'));
  if (filter !== null) return filter;
  const pools = fields(cluster, 'circuit_breakers', 'thresholds')
    .items()
    .map((threshold) => field(threshold, 'max_connection_pools'))
    .find((most) => most.number() === 0);
  if (pools !== undefined) return unknown('the circuit breaker allows no pool of connections', pools);
  const name = field(cluster, 'name').string() ?? '';
  return runtime.showsBelow(`circuit_breakers.${name}`)
    ? unknown(`the runtime has limits of its own for cluster ${name}`, field(cluster, 'name'))
    : runtime.shown(`upstream.maintenance_mode.${name}`);
}

/** A filter among upstream HTTP filters that may end a request; null: there is none. */
export function unknownUpstreamFilter(filters: Cursor): Unknown | null {
  const found = filters.items().find((filter) => typeName(field(filter, 'typed_config')) !== UPSTREAM_CODEC);
  return found === undefined ? null : unknown('an upstream HTTP filter is not understood', found.at('name'));
}
