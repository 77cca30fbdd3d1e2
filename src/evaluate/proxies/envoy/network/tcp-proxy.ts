import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { forwardTo } from '../cluster/forward.ts';
import type { ForwardFailure } from '../cluster/overload.ts';
import { subsetCriteria } from '../cluster/subset.ts';
import { xxHash64 } from '../cluster/xxhash64.ts';
import type { UpstreamTransport } from '../cluster/transport-socket.ts';
import type { ConnectionContext } from '../context.ts';
import type { ApplicationRequest } from '../../../../model/request.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { closed } from './closed.ts';
import type { RunNetworkFilter } from './filter.ts';

const KNOWN = new Set([
  '@type',
  'stat_prefix',
  'cluster',
  'weighted_clusters',
  'metadata_match',
  'idle_timeout',
  'downstream_idle_timeout',
  'upstream_idle_timeout',
  'access_log',
  'max_connect_attempts',
  'backoff_options',
  'hash_policy',
  'max_downstream_connection_duration',
  'max_downstream_connection_duration_jitter_percentage',
  'access_log_flush_interval',
  'flush_access_log_on_connected',
  'access_log_options',
  'check_drain_close',
]);

/** Flags of a connection that tcp_proxy gives up (source/common/tcp_proxy/tcp_proxy.cc, establishUpstreamConnection). */
const FLAGS: Readonly<Record<ForwardFailure, string>> = {
  'no-cluster': 'NC',
  'no-host': 'UH',
  'overload-all': 'UH',
  'overload-some': 'UH',
  overflow: 'UO',
  'pool-overflow': 'URX',
};

/** envoy.filters.network.tcp_proxy: forwards bytes to a cluster, or to one of several by weight. */
export const runTcpProxy: RunNetworkFilter = (context, filter, walk) => {
  const { config } = filter;
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const cluster = field(config, 'cluster');
  if (context.clusterOverride !== null || cluster.exists) {
    const name = context.clusterOverride ?? cluster.string() ?? '';
    return toCluster(
      context,
      config,
      name,
      [field(config, 'metadata_match')],
      chosen(walk, filter.name, name, cluster),
    );
  }
  const entries = field(field(config, 'weighted_clusters'), 'clusters').items();
  const weights = entries.map((entry) => field(entry, 'weight').number() ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0)
    return undetermined(walk, unknown('no cluster of the TCP proxy has a weight', filter.entry.at('name')));
  return entries.flatMap((entry, index) => {
    const weight = weights[index] ?? 0;
    if (weight === 0) return [];
    const name = field(entry, 'name').string() ?? '';
    const taken = chosen(branch(walk, weight / total), filter.name, name, entry, `weight ${weight} of ${total}`);
    return toCluster(context, config, name, [field(config, 'metadata_match'), field(entry, 'metadata_match')], taken);
  });
};

function chosen(walk: Walk, filter: string, cluster: string, cite: Cursor, reason = `to cluster ${cluster}`): Walk {
  return withStep(walk, step('network-filter', 'selected', filter, { reasons: [reason], cites: [cite] }));
}

function toCluster(
  context: ConnectionContext,
  config: Cursor,
  name: string,
  metadata: readonly Cursor[],
  walk: Walk,
): EnvoyOutcome[] {
  return forwardTo(context, name, walk, {
    headers: null,
    authority: walk.resolvedHost,
    priority: 'DEFAULT',
    criteria: subsetCriteria(...metadata),
    hash: () => connectionHash(context, config),
    retries: {
      count: Math.max(1, field(config, 'max_connect_attempts').number() ?? 1) - 1,
      spent: 'URX',
      hostRedraws: 0,
      onConnectFailure: true,
      onReset: false,
      onAnswer: () => false,
    },
    grpc: false,
    mapAnswer: (status) => status,
    limits: null,
    fail: (failed, failure) => end(failed, closed(context, { flag: FLAGS[failure], detail: null, denied: false })),
    send: (_cluster, transport) => forwardedBytes(context, transport),
  });
}

/** The hash of a connection: of its source address, or none (source/common/network/hash_policy.cc). */
function connectionHash({ socket }: ConnectionContext, config: Cursor): bigint | null | Unknown {
  const [policy, ...others] = field(config, 'hash_policy').items();
  if (policy === undefined) return null;
  const bySource = others.length === 0 && field(policy, 'source_ip').exists;
  return bySource ? xxHash64(socket.remoteAddress) : unknown('the hash policy is not understood', policy);
}

/** The bytes go on as they came; TLS that was terminated is gone, and TLS towards the host is the proxy's own. */
function forwardedBytes(context: ConnectionContext, transport: UpstreamTransport): ApplicationRequest {
  const { request } = context.connection;
  const { protocol, http } = request;
  if (transport.hello !== null) return { protocol, http, tls: transport.hello };
  return context.tls === null ? request : { protocol, http, tls: null };
}
