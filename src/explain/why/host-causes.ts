import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import { enumName, field, fields } from '../../evaluate/proxies/envoy/proto-json.ts';
import { panicThreshold } from '../../evaluate/proxies/envoy/cluster/policy.ts';
import { readCertificates } from '../../evaluate/proxies/envoy/tls/data-source.ts';
import { upstreamTransport } from '../../evaluate/proxies/envoy/cluster/transport-socket.ts';
import type { EnvoyResource } from '../../model/envoy.ts';
import type { Cursor } from '../../model/json.ts';
import { listText } from '../../model/wording.ts';
import type { Cause, Finding } from './cause.ts';
import { clusterType, type ProxyView } from './proxy-view.ts';

const name = (cluster: EnvoyResource): Cursor => field(cluster.config, 'name');

/** What holds of clusters that requests or connections may go to. */
function hostFindings(view: ProxyView, judge: (cluster: EnvoyResource) => readonly Finding[]): readonly Finding[] {
  return view.usedClusters.flatMap(judge);
}

/** Hosts of a cluster of which /clusters counts something. */
function counted(view: ProxyView, statistic: string, text: (host: string, count: number) => string): Finding[] {
  return view.clusters.flatMap((cluster) =>
    view.hostStatistics(cluster.name).flatMap(({ host, counts }) => {
      const count = counts.get(statistic) ?? 0;
      if (count === 0) return [];
      const socket = fields(host, 'address', 'socket_address');
      const address = `${field(socket, 'address').string() ?? ''}:${field(socket, 'port_value').number() ?? ''}`;
      return [{ text: `${text(address, count)} (cluster ${cluster.name})`, cites: [socket], certain: false }];
    }),
  );
}

/** Istio's cluster for what may not leave the mesh. */
const BLACK_HOLE = 'BlackHoleCluster';
/** Kinds of clusters that have hosts without listing them. */
const WITHOUT_LIST: ReadonlySet<string> = new Set([
  'ORIGINAL_DST',
  'envoy.clusters.aggregate',
  'envoy.clusters.dynamic_forward_proxy',
]);

const LIMITS = ['max_connections', 'max_pending_requests', 'max_requests', 'max_retries'];
/** Envoy's own limits where none is set, and Istio's "no limit". */
const USUAL: Readonly<Record<string, number>> = {
  max_connections: 1024,
  max_pending_requests: 1024,
  max_requests: 1024,
  max_retries: 3,
};

/** Causes that lie with the hosts of a cluster and the connections to them. */
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
      hostFindings(view, (cluster) => {
        const set = view.hosts(cluster);
        const apart = cluster.name === BLACK_HOLE || WITHOUT_LIST.has(clusterType(cluster));
        if (apart || isUnknown(set) || set.hosts.length > 0) return [];
        return [{ text: `cluster ${cluster.name} has no hosts`, cites: [name(cluster), set.cite], certain: true }];
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
      hostFindings(view, (cluster) => {
        const set = view.hosts(cluster);
        if (isUnknown(set) || set.hosts.length === 0) return [];
        const sick = set.hosts.filter((host) => host.health === 'unhealthy');
        if (sick.length < set.hosts.length) return [];
        const reasons = [...new Set(sick.flatMap((host) => host.reasons))];
        const text = `all ${sick.length} hosts of cluster ${cluster.name} are unhealthy: ${listText(reasons, 3)}`;
        const panics = panicThreshold(cluster.config) > 0;
        return [{ text, cites: sick.slice(0, 3).flatMap((host) => host.cites), certain: !panics }];
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
      hostFindings(view, (cluster) => {
        const set = view.hosts(cluster);
        if (isUnknown(set)) return [];
        const sick = set.hosts.filter((host) => host.health !== 'healthy');
        if (sick.length === 0 || sick.length === set.hosts.length) return [];
        const which = listText(
          sick.map((host) => `${host.name} (${host.reasons.join(', ')})`),
          3,
        );
        const text = `${sick.length} of ${set.hosts.length} hosts of cluster ${cluster.name} are not healthy: ${which}`;
        return [{ text, cites: sick.slice(0, 3).flatMap((host) => host.cites), certain: false }];
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
    id: 'connections-failed',
    flags: ['UF', 'URX'],
    title: 'Connections to hosts have failed: refused, timed out, or their TLS handshake did.',
    remedy:
      'See whether the application listens on that address and port, whether policies let the proxy through, and whether both speak TLS.',
    details: /connection_failure|connection_timeout|delayed_connect_error/,
    decided: false,
    needs: 'hosts',
    look: (view) => counted(view, 'cx_connect_fail', (host, count) => `failed connections to ${host}: ${count}`),
  },
  {
    id: 'upstream-tls',
    flags: ['UF'],
    title:
      'The proxy speaks TLS to hosts, which fails where they do not speak it or one side does not accept the other.',
    remedy:
      'Compare the PeerAuthentication of the server with the DestinationRule of the client, their root certificates and the names they accept.',
    details: /TLS_error/,
    decided: true,
    look: (view) =>
      hostFindings(view, (cluster) => {
        const sockets = [
          field(cluster.config, 'transport_socket'),
          ...field(cluster.config, 'transport_socket_matches')
            .items()
            .map((entry) => field(entry, 'transport_socket')),
        ];
        const tls = sockets.find((socket) => fields(socket, 'typed_config', 'common_tls_context').exists);
        if (tls === undefined) return [];
        return [{ text: `cluster ${cluster.name} speaks TLS`, cites: [field(tls, 'name')], certain: false }];
      }),
  },
  {
    id: 'secret-missing',
    flags: ['UF', 'UH'],
    title: 'SDS has not delivered a certificate that the proxy needs.',
    remedy: 'See whether the proxy reaches its certificate authority, and whether its secret exists.',
    details: /TLS_error.*Secret_is_not_supplied/,
    decided: true,
    look: (view) =>
      view.config
        .secrets()
        .filter(({ state }) => state === 'warming')
        .map((secret) => ({
          text: `secret ${secret.name} is awaited`,
          cites: [field(secret.config, 'name')],
          certain: true,
        })),
  },
  {
    id: 'certificate-out-of-date',
    flags: ['UF', 'UC'],
    title: 'A certificate of the proxy is out of date.',
    remedy: 'See whether the proxy reaches its certificate authority, and whether clocks agree.',
    details: /TLS_error|connection_termination/,
    decided: true,
    look: (view) =>
      view.config.secrets().flatMap((secret) => {
        const source = fields(secret.config, 'tls_certificate', 'certificate_chain');
        const chain = source.exists ? readCertificates(view.facts, source) : [];
        const now = Date.parse(view.config.seenAt ?? '');
        if (isUnknown(chain) || Number.isNaN(now)) return [];
        const old = chain.find(({ notBefore, notAfter }) => notAfter.getTime() < now || notBefore.getTime() > now);
        if (old === undefined) return [];
        const text = `the certificate of secret ${secret.name} is valid from ${old.notBefore.toISOString()} to ${old.notAfter.toISOString()}`;
        return [{ text, cites: [field(secret.config, 'name')], certain: true }];
      }),
  },
  {
    id: 'plaintext-to-labelled-host',
    flags: ['UC', 'UF'],
    title: 'Hosts that carry the label of mutual TLS are spoken to in plain text, which a STRICT server closes.',
    remedy: 'Remove the DestinationRule that disables TLS for these hosts, or let the server take plain text.',
    details: /connection_termination|connection_failure/,
    decided: true,
    look: (view) =>
      hostFindings(view, (cluster) => {
        const set = view.hosts(cluster);
        if (isUnknown(set)) return [];
        const plain = set.hosts.filter((host) => {
          const labels = (host.metadata ?? []).map((metadata) =>
            fields(metadata, 'filter_metadata').at('envoy.transport_socket_match', 'tlsMode').string(),
          );
          if (!labels.includes('istio')) return false;
          const transport = upstreamTransport(view.facts, view.config, cluster.config, host);
          return !isUnknown(transport) && transport.tls === 'none';
        });
        const [first] = plain;
        if (first === undefined) return [];
        const text = `${plain.length} hosts of cluster ${cluster.name} have the label tlsMode: istio, and the cluster no TLS`;
        return [{ text, cites: first.cites.slice(0, 1), certain: false }];
      }),
  },
  {
    id: 'upstream-closes',
    flags: ['UC', 'UR'],
    title: 'Hosts closed or reset connections before they answered.',
    remedy:
      'Let the idle timeout of the proxy be shorter than that of the application, and see whether the application crashes or is being stopped.',
    details: /connection_termination|remote_reset|reset_before_response_started/,
    decided: false,
    needs: 'hosts',
    look: (view) => counted(view, 'rq_error', (host, count) => `failed requests to ${host}: ${count}`),
  },
  {
    id: 'circuit-breaker',
    flags: ['UO'],
    title: 'A circuit breaker allows fewer connections or requests than are wanted.',
    remedy: 'Raise the connectionPool limits of the DestinationRule, or add replicas.',
    details: /overflow/,
    decided: false,
    look: (view) =>
      view.clusters.flatMap((cluster) =>
        fields(cluster.config, 'circuit_breakers', 'thresholds')
          .items()
          .flatMap((threshold) => {
            const low = LIMITS.map((limit) => [limit, field(threshold, limit)] as const).filter(
              ([limit, value]) => value.exists && (value.number() ?? 0) < (USUAL[limit] ?? 0),
            );
            if (low.length === 0) return [];
            const limits = low.map(([limit, value]) => `${limit} ${value.number() ?? 0}`).join(', ');
            const high =
              enumName(field(threshold, 'priority'), ['DEFAULT', 'HIGH']) === 'HIGH' ? ' for high priority' : '';
            const certain = low.some(([limit, value]) => limit !== 'max_retries' && value.number() === 0);
            const text = `cluster ${cluster.name} allows ${limits}${high}`;
            return [{ text, cites: low.map(([, value]) => value), certain }];
          }),
      ),
  },
  {
    id: 'upstream-protocol',
    flags: ['UPE', 'UC'],
    title: 'The proxy speaks HTTP/2 to hosts, and one of them may speak HTTP/1.1 alone.',
    remedy: 'Name the protocol of the port as what the application speaks (appProtocol, or a prefix of its name).',
    details: /protocol_error|connection_termination/,
    decided: true,
    look: (view) =>
      hostFindings(view, (cluster) => {
        const options = fields(cluster.config, 'typed_extension_protocol_options').at(
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        );
        const own = fields(options, 'explicit_http_config', 'http2_protocol_options');
        const old = field(cluster.config, 'http2_protocol_options');
        if (!own.exists && !old.exists) return [];
        return [{ text: `cluster ${cluster.name} speaks HTTP/2`, cites: [name(cluster)], certain: false }];
      }),
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
        return [{ text: `cluster ${cluster.name} is of type ${type}`, cites: [name(cluster)], certain: false }];
      }),
  },
];
