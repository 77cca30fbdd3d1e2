import { panicThreshold } from '../../evaluate/proxies/envoy/cluster/policy.ts';
import { field, fields } from '../../evaluate/proxies/envoy/proto-json.ts';
import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import { listText } from '../../model/wording.ts';
import type { Cause, Finding } from './cause.ts';
import { clusterType } from './proxy-view.ts';

/** Istio's cluster for what may not leave the mesh. */
const BLACK_HOLE = 'BlackHoleCluster';
/** Kinds of clusters that have hosts without listing them. */
const WITHOUT_LIST: ReadonlySet<string> = new Set([
  'ORIGINAL_DST',
  'envoy.clusters.aggregate',
  'envoy.clusters.dynamic_forward_proxy',
]);

/** Causes that lie with the hosts of a cluster. */
export const HOST_CAUSES: readonly Cause[] = [
  {
    id: 'cluster-empty',
    flags: ['UH'],
    title: 'A cluster has no hosts.',
    remedy: 'See whether the Service selects pods, whether they are ready, and whether the subset has their labels.',
    details: /no_healthy_upstream/,
    decided: true,
    needs: 'hosts',
    look: (view) =>
      view.usedClusters.flatMap((cluster): Finding[] => {
        const set = view.hosts(cluster);
        const apart = cluster.name === BLACK_HOLE || WITHOUT_LIST.has(clusterType(cluster));
        if (apart || isUnknown(set) || set.hosts.length > 0) return [];
        return [
          {
            text: `cluster ${cluster.name} has no hosts`,
            cites: [field(cluster.config, 'name'), set.cite],
            certain: true,
          },
        ];
      }),
  },
  {
    id: 'hosts-unhealthy',
    flags: ['UH'],
    title: 'No host of a cluster is healthy.',
    remedy: 'See why the hosts fail: readiness, health checks, or outlier detection that ejected them.',
    details: /no_healthy_upstream/,
    decided: true,
    needs: 'hosts',
    look: (view) =>
      view.usedClusters.flatMap((cluster): Finding[] => {
        const set = view.hosts(cluster);
        if (isUnknown(set) || set.hosts.length === 0) return [];
        const sick = set.hosts.filter((host) => host.health === 'unhealthy');
        if (sick.length < set.hosts.length) return [];
        const reasons = [...new Set(sick.flatMap((host) => host.reasons))];
        const text = `all ${sick.length} hosts of cluster ${cluster.name} are unhealthy: ${listText(reasons, 3)}`;
        const panics = panicThreshold(cluster.config) > 0;
        return [{ text, cites: sick.slice(0, 3).flatMap((host) => host.cites()), certain: !panics }];
      }),
  },
  {
    id: 'hosts-partly-unhealthy',
    flags: ['UH', 'UF'],
    title: 'Some hosts of a cluster are unhealthy or ejected, so that a part of requests or a subset meets none.',
    remedy: 'See why these hosts fail.',
    details: null,
    decided: true,
    needs: 'hosts',
    look: (view) =>
      view.usedClusters.flatMap((cluster): Finding[] => {
        const set = view.hosts(cluster);
        if (isUnknown(set)) return [];
        const sick = set.hosts.filter((host) => host.health !== 'healthy');
        if (sick.length === 0 || sick.length === set.hosts.length) return [];
        const which = listText(
          sick.map((host) => `${host.name} (${host.reasons.join(', ')})`),
          3,
        );
        const text = `${sick.length} of ${set.hosts.length} hosts of cluster ${cluster.name} are not healthy: ${which}`;
        return [{ text, cites: sick.slice(0, 3).flatMap((host) => host.cites()), certain: false }];
      }),
  },
  {
    id: 'subset-without-hosts',
    flags: ['UH'],
    title: 'A route asks a cluster for hosts of a subset that may have none.',
    remedy: 'Give the endpoints the metadata that the route asks for, or the subsets a fallback.',
    details: /no_healthy_upstream/,
    decided: true,
    look: (view) =>
      view.routes.flatMap(({ route, virtualHost }) => {
        const match = fields(route, 'route', 'metadata_match');
        if (!match.exists) return [];
        const text = `a route of virtual host ${field(virtualHost, 'name').string() ?? ''} asks for hosts by metadata`;
        return [{ text, cites: [match], certain: false }];
      }),
  },
  {
    id: 'black-hole',
    flags: ['UH', 'NR'],
    title:
      'Traffic to what the mesh does not know goes to a cluster without hosts (outboundTrafficPolicy REGISTRY_ONLY).',
    remedy: 'Define a ServiceEntry for the host, or let the Sidecar of the namespace show it.',
    details: null,
    decided: true,
    look: (view) =>
      view.uses
        .filter(({ cluster }) => cluster === BLACK_HOLE)
        .map(({ by, cursor }) => ({ text: `${by} goes to ${BLACK_HOLE}`, cites: [cursor], certain: false })),
  },
  {
    id: 'drop-overload',
    flags: ['DO', 'UDO'],
    title: 'The control plane asks the proxy to drop requests to a cluster.',
    remedy: 'See why the control plane sheds load (drop_overloads of the assignment).',
    details: /drop_overload/,
    decided: true,
    look: (view) =>
      view.clusters.flatMap((cluster) => {
        const set = view.hosts(cluster);
        const drop = isUnknown(set) ? null : set.dropOverload;
        return drop === null
          ? []
          : [{ text: `requests to cluster ${cluster.name} are dropped`, cites: [drop], certain: true }];
      }),
  },
  {
    id: 'dns',
    flags: ['DF', 'UH'],
    title: 'Hosts of a cluster are found by DNS, whose answer may have failed or been empty.',
    remedy: 'Resolve the name from the pod of the proxy.',
    details: /dns_resolution_failure|no_healthy_upstream/,
    decided: true,
    look: (view) =>
      view.clusters.flatMap((cluster) => {
        const type = clusterType(cluster);
        const dynamic = type.includes('dynamic_forward_proxy');
        if (!dynamic && type !== 'STRICT_DNS' && type !== 'LOGICAL_DNS') return [];
        const set = view.hosts(cluster);
        if (!dynamic && !isUnknown(set) && set.hosts.length > 0) return [];
        return [
          {
            text: `cluster ${cluster.name} is of type ${type}`,
            cites: [field(cluster.config, 'name')],
            certain: false,
          },
        ];
      }),
  },
];
