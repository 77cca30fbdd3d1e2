/**
 * From a cluster's name to the hosts that a request or connection goes to.
 *
 * In: the connection, the cluster's name, and what differs between HTTP and TCP (how an error is answered, what is sent on).
 * Out: one branch for each host, or the error. It must not know routes or filters.
 */
import { parseAddress } from '../../../../model/address.ts';
import type { EnvoyEnd, EnvoyOutcome, EnvoyResource, EnvoyStep } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ApplicationRequest } from '../../../../model/request.ts';
import type { ConnectionContext } from '../context.ts';
import { configReference, serviceReferences } from '../istio-reference.ts';
import type { HeaderView } from '../match/header-match.ts';
import { field, fields, seconds, unknown, unknownField } from '../proto-json.ts';
import { fractionProbability, readFraction } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { clusterGate } from './gates.ts';
import { discoveryType, readHostSet } from './host-set.ts';
import type { Host, HostSet } from './host-set.ts';
import { KNOWN_CLUSTER } from './known-fields.ts';
import { originalDestination } from './original-destination.ts';
import { pickHosts } from './pick.ts';
import { subsetHosts } from './subset.ts';
import type { SubsetCriteria } from './subset.ts';
import { upstreamTransport } from './transport-socket.ts';
import type { UpstreamTransport } from './transport-socket.ts';

/** What ends a forward without a host. */
export type ForwardFailure = 'no-cluster' | 'no-host' | 'overload-all' | 'overload-some';

/** What is particular to the protocol that forwards. */
export interface Forwarding {
  readonly headers: HeaderView | null;
  readonly criteria: SubsetCriteria;
  readonly retries: number;
  /** Answers or closes. */
  readonly fail: (walk: Walk, failure: ForwardFailure) => EnvoyOutcome[];
  /** What is sent to a host of the cluster. */
  readonly send: (cluster: Cursor, transport: UpstreamTransport, host: Host | null) => ApplicationRequest;
}

/** Forwards to a cluster by name. */
export function forwardTo(context: ConnectionContext, name: string, walk: Walk, how: Forwarding): EnvoyOutcome[] {
  const { config } = context;
  const cluster = config.cluster(name);
  if (cluster === undefined || cluster.state !== 'active') return absentCluster(context, name, cluster, walk, how);
  if (!cluster.config.exists) return undetermined(walk, unknown(`cluster ${name} cannot be read`, cluster.config));
  const chosen = withStep(walk, clusterStep(cluster));
  const stopped = unknownField(cluster.config, KNOWN_CLUSTER) ?? clusterGate(cluster.config, context.runtime);
  if (stopped !== null) return undetermined(chosen, stopped);
  switch (discoveryType(cluster.config)) {
    case 'ORIGINAL_DST':
      return toOriginalDestination(context, cluster, chosen, how);
    case 'STATIC':
    case 'EDS':
    case 'STRICT_DNS':
    case 'LOGICAL_DNS':
      return toHosts(context, cluster, chosen, how);
    default: {
      const type = field(cluster.config, 'cluster_type');
      return undetermined(
        chosen,
        unknown(`clusters of type ${discoveryType(cluster.config)} are not evaluated`, field(type, 'name')),
      );
    }
  }
}

function absentCluster(
  { config }: ConnectionContext,
  name: string,
  cluster: EnvoyResource | undefined,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  if (!config.complete) return undetermined(walk, unknown(`cluster ${name} is not in this part of a config_dump`));
  const state = cluster === undefined ? 'the proxy has no such cluster' : `the cluster is ${cluster.state}`;
  const cites = cluster === undefined ? [] : [field(cluster.config, 'name')];
  return how.fail(withStep(walk, step('cluster', 'missing', name, { reasons: [state], cites })), 'no-cluster');
}

function clusterStep(cluster: EnvoyResource): EnvoyStep {
  const metadata = field(cluster.config, 'metadata');
  const origin = configReference(metadata);
  const references = [...(origin === undefined ? [] : [origin]), ...serviceReferences(metadata)];
  const details = cluster.rejected === null ? undefined : field(cluster.rejected, 'details');
  return step('cluster', 'selected', cluster.name, {
    reasons: [
      `type ${discoveryType(cluster.config)}`,
      ...(details?.string() === undefined ? [] : [`its last update was rejected: ${details.string()}`]),
    ],
    objects: references.map(({ reference }) => reference),
    cites: [
      ...references.map(({ cursor }) => cursor),
      field(cluster.config, 'name'),
      ...(details === undefined ? [] : [details]),
    ],
  });
}

function toOriginalDestination(
  context: ConnectionContext,
  cluster: EnvoyResource,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  const destination = originalDestination(cluster.config, context, how.headers);
  if (isUnknown(destination)) return undetermined(walk, destination);
  if (destination === null) return how.fail(walk, 'no-host');
  const { address, port, reason } = destination;
  const name = `${address}:${port}`;
  const selected = withStep(
    walk,
    step('endpoint', 'selected', name, { reasons: [reason], cites: [field(cluster.config, 'type')] }),
  );
  return toAddress(context, cluster.config, null, { address, port }, selected, how);
}

function toHosts(context: ConnectionContext, cluster: EnvoyResource, walk: Walk, how: Forwarding): EnvoyOutcome[] {
  const set = readHostSet(context.facts, context.config, cluster);
  if (isUnknown(set)) return undetermined(walk, set);
  const hosts = subsetHosts(cluster.config, set.hosts, how.criteria);
  if (isUnknown(hosts)) return undetermined(walk, hosts);
  const picks = pickHosts(cluster.config, { ...set, hosts }, context.config, context.runtime);
  if (isUnknown(picks)) return undetermined(walk, picks);
  context.budget.left -= picks.length;
  if (context.budget.left < 0) return undetermined(walk, unknown('the configuration has too many branches to follow'));
  return dropOverload(set, walk, how, (kept) =>
    picks.flatMap(({ host, probability, condition, reasons }) => {
      const taken = branch(kept, probability, condition ?? undefined);
      if (host === null) {
        const cites =
          set.hosts.length === 0 ? [emptyCite(set, cluster)] : set.hosts.slice(0, 5).flatMap((one) => one.cites);
        return how.fail(withStep(taken, step('endpoint', 'missing', cluster.name, { reasons, cites })), 'no-host');
      }
      const selected = step('endpoint', 'selected', host.name, {
        reasons: [...reasons, ...host.reasons],
        cites: host.cites,
      });
      return toAddress(context, cluster.config, host, host, withStep(taken, selected), how);
    }),
  );
}

/** An assignment without endpoints is small and proves itself; anything else is cited by the cluster's name. */
function emptyCite(set: HostSet, cluster: EnvoyResource): Cursor {
  return field(set.cite, 'endpoints').exists ? field(cluster.config, 'name') : set.cite;
}

/** `drop_overloads` refuse a part of the requests before a host is picked (Router::Filter::decodeHeaders, checkDropOverload). */
function dropOverload(set: HostSet, walk: Walk, how: Forwarding, next: (walk: Walk) => EnvoyOutcome[]): EnvoyOutcome[] {
  if (set.dropOverload === null) return next(walk);
  const share = fractionProbability(readFraction(field(set.dropOverload, 'drop_percentage')));
  if (share <= 0) return next(walk);
  const reasons = [`${share * 100} % of requests are dropped`];
  const dropped = withStep(walk, step('cluster', 'dropped', '', { reasons, cites: [set.dropOverload] }));
  if (share >= 1) return how.fail(dropped, 'overload-all');
  return [...how.fail(branch(dropped, share), 'overload-some'), ...next(branch(walk, 1 - share))];
}

function toAddress(
  context: ConnectionContext,
  cluster: Cursor,
  host: Host | null,
  to: { readonly address: string; readonly port: number },
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  if (parseAddress(to.address) === undefined) {
    return undetermined(walk, unknown('the host has no IP address', ...(host?.cites.slice(0, 1) ?? [])));
  }
  const transport = upstreamTransport(cluster, host);
  if (isUnknown(transport)) return undetermined(walk, transport);
  const reached: EnvoyEnd = {
    kind: 'upstream',
    cluster: field(cluster, 'name').string() ?? '',
    address: to.address,
    port: to.port,
    bindAddress: bindAddress(context, cluster, to.address),
    request: how.send(cluster, transport, host),
    tls: transport.tls,
    retries: how.retries,
    connectTimeoutSeconds: seconds(field(cluster, 'connect_timeout')) ?? 5,
  };
  if (transport.cite === null) return end(walk, reached);
  const reasons = transport.reason === null ? [] : [transport.reason];
  return end(withStep(walk, step('endpoint', 'secured', transport.tls, { reasons, cites: [transport.cite] })), reached);
}

/**
 * The source address that is bound: the client's own with original_src, else upstream_bind_config of the cluster or of the
 * bootstrap, whose extra addresses serve the other family (source/common/upstream/upstream_impl.cc, UpstreamLocalAddressSelector).
 */
function bindAddress(context: ConnectionContext, cluster: Cursor, to: string): string | null {
  if (context.socket.keepsSource) return context.socket.remoteAddress;
  const own = field(cluster, 'upstream_bind_config');
  const bind = own.exists ? own : fields(context.config.bootstrap, 'cluster_manager', 'upstream_bind_config');
  const first = field(field(bind, 'source_address'), 'address').string() ?? null;
  const extra = field(bind, 'extra_source_addresses')
    .items()
    .map((item) => fields(item, 'address', 'address').string());
  const v6 = to.includes(':');
  return [first, ...extra].find((address) => address?.includes(':') === v6) ?? first;
}
