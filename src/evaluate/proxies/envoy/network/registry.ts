import { step, undetermined, withStep } from '../walk.ts';
import { unknown } from '../proto-json.ts';
import type { NetworkFilter, RunNetworkFilter } from './filter.ts';
import { runExtAuthz } from './ext-authz.ts';
import { runHttpConnectionManager } from './http-connection-manager.ts';
import { runLocalRateLimit } from './local-ratelimit.ts';
import { runRbac } from './rbac.ts';
import { nameClusterBySni, resolveSni } from './server-name.ts';
import { runTcpProxy } from './tcp-proxy.ts';

const TYPE = 'envoy.extensions.filters.network.';

/** Lets every connection pass: the filter only observes. */
const pass: RunNetworkFilter = (_context, _filter, walk, next) => next(walk);

/** Network filters with a rule, by the type of their configuration. Any other filter may end the connection. */
const NETWORK_FILTERS: Readonly<Record<string, RunNetworkFilter>> = {
  [`${TYPE}http_connection_manager.v3.HttpConnectionManager`]: runHttpConnectionManager,
  [`${TYPE}tcp_proxy.v3.TcpProxy`]: runTcpProxy,
  [`${TYPE}rbac.v3.RBAC`]: runRbac,
  [`${TYPE}local_ratelimit.v3.LocalRateLimit`]: runLocalRateLimit,
  [`${TYPE}sni_cluster.v3.SniCluster`]: nameClusterBySni,
  [`${TYPE}sni_dynamic_forward_proxy.v3.FilterConfig`]: resolveSni,
  [`${TYPE}ext_authz.v3.ExtAuthz`]: runExtAuthz,
  // Istio's metrics; always continue (istio/proxy, source/extensions/filters/http/istio_stats/istio_stats.cc).
  'stats.PluginConfig': pass,
  // Exchanges metadata with peers that speak its ALPN protocol and continues in every case
  // (istio/proxy, source/extensions/filters/network/metadata_exchange/metadata_exchange.cc).
  'envoy.tcp.metadataexchange.config.MetadataExchange': pass,
  // Decodes commands for statistics; faults and delays that it can inject have fields of their own, checked below.
  [`${TYPE}mongo_proxy.v3.MongoProxy`]: (_context, filter, walk, next) =>
    filter.config.at('delay').exists ? opaque(_context, filter, walk, next) : next(walk),
};

/** The rule of a filter. */
export function networkFilterRule(filter: NetworkFilter): RunNetworkFilter {
  return NETWORK_FILTERS[filter.type] ?? opaque;
}

/** Filters whose decisions lie in what the client says or in a service, by type. */
const NAMED: Readonly<Record<string, string>> = {
  [`${TYPE}redis_proxy.v3.RedisProxy`]: 'the Redis proxy chooses the host by the commands that the client sends',
  [`${TYPE}ratelimit.v3.RateLimit`]: 'a rate limit service decides',
};

const opaque: RunNetworkFilter = (_context, filter, walk) => {
  const cite = filter.entry.at('name');
  const known = NAMED[filter.type];
  const reason =
    known === undefined
      ? `network filter ${filter.name} is not understood: it may end the connection`
      : `network filter ${filter.name}: ${known}`;
  return undetermined(
    withStep(walk, step('network-filter', 'unknown', filter.name, { cites: [cite] })),
    unknown(reason, cite),
  );
};
