import { upstreamTransport } from '../../evaluate/proxies/envoy/cluster/transport-socket.ts';
import { httpProtocolOptions, upstreamHttpVersion } from '../../evaluate/proxies/envoy/cluster/upstream-http.ts';
import { enumName, field, fields } from '../../evaluate/proxies/envoy/proto-json.ts';
import { readCertificates } from '../../evaluate/proxies/envoy/tls/data-source.ts';
import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import type { Cursor } from '../../model/json.ts';
import type { Cause, Finding } from './cause.ts';
import type { ProxyView } from './proxy-view.ts';

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

/** Clusters of routes whose hosts are spoken to so. */
function clustersSpeaking(protocol: string, view: ProxyView, speaks: (cluster: Cursor) => boolean): Finding[] {
  return view.usedClusters
    .filter(({ config }) => speaks(config))
    .map(({ name, config }) => ({
      text: `cluster ${name} speaks ${protocol}`,
      cites: [field(config, 'name')],
      certain: false,
    }));
}

const LIMITS = ['max_connections', 'max_pending_requests', 'max_requests', 'max_retries'];
/** Envoy's own limits where none is set, and Istio's "no limit". */
const USUAL: Readonly<Record<string, number>> = {
  max_connections: 1024,
  max_pending_requests: 1024,
  max_requests: 1024,
  max_retries: 3,
};

/** Causes that lie with the connections to hosts: how they are made, secured and limited. */
export const CONNECTION_CAUSES: readonly Cause[] = [
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
      view.usedClusters.flatMap((cluster): Finding[] => {
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
      view.usedClusters.flatMap((cluster): Finding[] => {
        const set = view.hosts(cluster);
        if (isUnknown(set)) return [];
        const plain = set.hosts.filter((host) => {
          const labels = (host.metadata?.() ?? []).map((metadata) =>
            fields(metadata, 'filter_metadata').at('envoy.transport_socket_match', 'tlsMode').string(),
          );
          if (!labels.includes('istio')) return false;
          const transport = upstreamTransport(view.facts, view.config, cluster.config, host);
          return !isUnknown(transport) && transport.tls === 'none';
        });
        const [first] = plain;
        if (first === undefined) return [];
        const text = `${plain.length} hosts of cluster ${cluster.name} have the label tlsMode: istio, and the cluster no TLS`;
        return [{ text, cites: first.cites().slice(0, 1), certain: false }];
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
      clustersSpeaking('HTTP/2', view, (config) => {
        const own = fields(httpProtocolOptions(config), 'explicit_http_config', 'http2_protocol_options');
        return own.exists || field(config, 'http2_protocol_options').exists;
      }),
  },
  {
    id: 'upstream-protocol-http1',
    flags: ['UPE', 'UC'],
    title: 'The proxy speaks HTTP/1.1 to hosts, and one of them speaks HTTP/2 alone, or wants TLS.',
    remedy: 'Name the protocol of the port as what the application speaks, or originate TLS (DestinationRule).',
    details: /protocol_error|connection_termination/,
    decided: true,
    look: (view) =>
      clustersSpeaking('HTTP/1.1', view, (config) => upstreamHttpVersion(config, 'http/1.1') === 'http/1.1'),
  },
];
