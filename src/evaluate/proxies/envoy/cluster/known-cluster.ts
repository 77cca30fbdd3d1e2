import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyFacts, EnvoyResource, EnvoyStep } from '../../../../model/envoy.ts';
import type { ConnectionContext } from '../context.ts';
import { configReference, serviceReferences } from '../istio-reference.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { step } from '../walk.ts';
import type { Overflow } from './circuit-breaker.ts';
import { clusterGate } from './gates.ts';
import type { HostChoice } from './host-choice.ts';
import { discoveryType } from './host-set.ts';
import { KNOWN_CLUSTER } from './known-fields.ts';

/** What was read of a cluster, so that ten thousand requests read it once. */
export interface KnownCluster {
  readonly resource: EnvoyResource | undefined;
  readonly type: string;
  readonly step: EnvoyStep;
  /** What stops every request before its hosts are looked at. */
  readonly stopped: Unknown | null;
  /** Hosts by the metadata that a route asks for. */
  readonly picks: Map<string, HostChoice | Unknown>;
  /** Limits that are reached, by protocol and priority. */
  readonly limits: Map<string, Overflow | null>;
}

const CLUSTERS = new WeakMap<EnvoyFacts, Map<string, KnownCluster>>();

/** The cluster of a name, which may not exist. */
export function clusterOf(context: ConnectionContext, name: string): KnownCluster {
  const clusters = CLUSTERS.get(context.facts) ?? new Map<string, KnownCluster>();
  CLUSTERS.set(context.facts, clusters);
  let cluster = clusters.get(name);
  if (cluster === undefined) {
    cluster = readCluster(context, name);
    clusters.set(name, cluster);
  }
  return cluster;
}

function readCluster({ config, runtime }: ConnectionContext, name: string): KnownCluster {
  const resource = config.cluster(name);
  const picks = new Map<string, HostChoice | Unknown>();
  const limits = new Map<string, Overflow | null>();
  if (resource === undefined || resource.state !== 'active')
    return { resource, type: '', step: step('cluster', 'missing', name), stopped: null, picks, limits };
  const stopped = resource.config.exists
    ? (unknownField(resource.config, KNOWN_CLUSTER) ?? clusterGate(resource.config, runtime))
    : unknown(`cluster ${name} cannot be read`, resource.config);
  return { resource, type: discoveryType(resource.config), step: clusterStep(resource), stopped, picks, limits };
}

function clusterStep(cluster: EnvoyResource): EnvoyStep {
  return step('cluster', 'selected', cluster.name, () => {
    const metadata = field(cluster.config, 'metadata');
    const origin = configReference(metadata);
    const references = [...(origin === undefined ? [] : [origin]), ...serviceReferences(metadata)];
    const details = cluster.rejected === null ? undefined : field(cluster.rejected, 'details');
    return {
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
    };
  });
}
