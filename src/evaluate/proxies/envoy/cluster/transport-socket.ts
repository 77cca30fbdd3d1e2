import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConfigDump, EnvoyFacts } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { TlsHello } from '../../../../model/request.ts';
import type { TlsSide } from '../../../../model/tls.ts';
import { memoised } from '../memo.ts';
import { field, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { identityOf } from '../tls/handshake.ts';
import { ServerNameSide } from '../tls/server-name-side.ts';
import { tlsSide } from '../tls/tls-side.ts';
import { isUnknown } from '../truth.ts';
import type { Host } from './host-set.ts';

/** How the proxy speaks to a host. */
export interface UpstreamTransport {
  readonly tls: 'none' | 'istio-mutual' | 'tls' | 'unknown';
  /** What it presents in the handshake; null without TLS. */
  readonly hello: TlsHello | null;
  /** Clause that says which socket was chosen. */
  readonly reason: string | null;
  readonly cite: Cursor | null;
}

const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const RAW_BUFFER = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';
const PLAIN: UpstreamTransport = { tls: 'none', hello: null, reason: null, cite: null };

/**
 * The transport socket for a host: the first of `transport_socket_matches` whose `match` the endpoint's metadata under
 * `envoy.transport_socket_match` satisfies, else the cluster's own, else plaintext
 * (source/common/upstream/transport_socket_match_impl.cc).
 */
export function upstreamTransport(
  facts: EnvoyFacts,
  config: EnvoyConfigDump,
  cluster: Cursor,
  host: Host | null,
): UpstreamTransport | Unknown {
  const matcher = field(cluster, 'transport_socket_matcher');
  if (matcher.exists) return unknown('transport_socket_matcher is not understood', matcher.at('@type'));
  for (const { name, wanted, transport } of socketMatches(cluster)) {
    if (wanted.length > 0 && host !== null && host.metadata === null) {
      return unknown('the transport socket depends on endpoint metadata, which config_dump?include_eds shows', name);
    }
    if (wanted.every((label) => hasMetadata(host, label))) return secured(facts, config, transport, host);
  }
  return secured(facts, config, ownSocket(cluster), host);
}

/** Whether it is known for each of the hosts, whichever it is. */
export function transportIsKnown(cluster: Cursor, hosts: readonly Host[]): boolean {
  if (field(cluster, 'transport_socket_matcher').exists) return false;
  const sockets = [...socketMatches(cluster).map(({ transport }) => transport), ownSocket(cluster)];
  if (sockets.some(({ beyond }) => beyond !== undefined)) return false;
  return (
    hosts.every((host) => host.metadata !== null) || socketMatches(cluster).every(({ wanted }) => wanted.length === 0)
  );
}

/**
 * What a transport socket presents, from the secrets of the dump; with auto_host_sni the name of the host is the server name, where it has one
 * (source/common/tls/client_context_impl.cc, newSsl).
 */
function secured(
  facts: EnvoyFacts,
  config: EnvoyConfigDump,
  socket: Socket,
  host: Host | null,
): UpstreamTransport | Unknown {
  const { common, transport, beyond, names } = socket;
  if (beyond !== undefined) return beyond;
  if (transport.hello === null || common === null) return transport;
  if (names.ofHost !== null && host === null) return unknown('the server name is that of the host', names.ofHost);
  const { alpn } = transport.hello;
  const sni = (names.ofHost === null ? '' : host?.hostname) || transport.hello.sni;
  const made = SECURED.get(socket) ?? new Map<string | null, UpstreamTransport>();
  SECURED.set(socket, made);
  let known = made.get(sni);
  if (known === undefined) {
    const own = tlsSide(facts, config, common, { end: 'client', required: true });
    const hello: TlsHello = {
      sni,
      alpn,
      get clientIdentity() {
        return presentedIdentity(own);
      },
      side: names.demanded ? new ServerNameSide(own, sni) : own,
    };
    known = { ...transport, hello };
    made.set(sni, known);
  }
  return known;
}

/** By server name, which hosts may differ in. */
const SECURED = new WeakMap<Socket, Map<string | null, UpstreamTransport>>();

function presentedIdentity({ chain }: TlsSide): string | null | undefined {
  if (chain === null || isUnknown(chain)) return undefined;
  return chain[0] === undefined ? null : identityOf(chain[0]);
}

/** A transport socket as it is configured. */
interface Socket {
  readonly transport: UpstreamTransport;
  /** CommonTlsContext; null: none of TLS. */
  readonly common: Cursor | null;
  readonly names: ServerNames;
  /** A field that is not understood. */
  readonly beyond?: Unknown | undefined;
}

/** What server names are for. */
interface ServerNames {
  /** auto_host_sni, where it is set. */
  readonly ofHost: Cursor | null;
  /** auto_sni_san_validation */
  readonly demanded: boolean;
}

const NO_NAMES: ServerNames = { ofHost: null, demanded: false };
/** Renegotiation and sessions to be resumed change no first handshake. */
const KNOWN = new Set([
  '@type',
  'common_tls_context',
  'sni',
  'auto_host_sni',
  'auto_sni_san_validation',
  'allow_renegotiation',
  'max_session_keys',
  'enforce_rsa_key_usage',
]);

/** The entries of transport_socket_matches, with the labels that each asks for. */
const socketMatches = memoised((cluster) =>
  field(cluster, 'transport_socket_matches')
    .items()
    .map((entry) => {
      const wanted = field(entry, 'match').entries();
      const labels = wanted.map(([key, value]) => `${key}=${String(value.value)}`).join(', ');
      const reason = labels === '' ? 'transport socket of the other endpoints' : `endpoint label ${labels}`;
      const name = entry.at('name');
      return {
        name,
        wanted: wanted.map(([key, { value }]) => ({ key, value, json: JSON.stringify(value) })),
        transport: readSocket(field(entry, 'transport_socket'), reason, name),
      };
    }),
);

const ownSocket = memoised((cluster): Socket => {
  const own = field(cluster, 'transport_socket');
  return own.exists ? readSocket(own, null, own.at('name')) : { transport: PLAIN, common: null, names: NO_NAMES };
});

interface Label {
  readonly key: string;
  readonly value: unknown;
  readonly json: string;
}

function hasMetadata(host: Host | null, { key, value, json }: Label): boolean {
  return (host?.metadata?.() ?? []).some((metadata) => {
    const own = field(metadata, 'filter_metadata').at('envoy.transport_socket_match', key);
    return own.exists && (own.value === value || JSON.stringify(own.value) === json);
  });
}

function readSocket(socket: Cursor, reason: string | null, cite: Cursor): Socket {
  const any = field(socket, 'typed_config');
  const type = typeName(any);
  if (type === RAW_BUFFER || !socket.exists)
    return { transport: { ...PLAIN, reason, cite }, common: null, names: NO_NAMES };
  if (type !== UPSTREAM_TLS)
    return { transport: { tls: 'unknown', hello: null, reason, cite }, common: null, names: NO_NAMES };
  const tls = typedMessage(any);
  const common = field(tls, 'common_tls_context');
  const alpn = field(common, 'alpn_protocols').strings();
  const secrets = field(common, 'tls_certificate_sds_secret_configs').items();
  // Istio's own certificates are served under the name `default`; its mTLS offers ALPN names that begin with istio.
  const istio =
    alpn.some((name) => name.startsWith('istio')) && secrets.some((one) => field(one, 'name').string() === 'default');
  const hello: TlsHello = {
    sni: field(tls, 'sni').string() ?? null,
    alpn,
    clientIdentity: undefined,
  };
  const ofHost = isTrue(tls, 'auto_host_sni') ? field(tls, 'auto_host_sni') : null;
  return {
    transport: { tls: istio ? 'istio-mutual' : 'tls', hello, reason, cite },
    common,
    names: { ofHost, demanded: isTrue(tls, 'auto_sni_san_validation') },
    beyond: unknownField(tls, KNOWN),
  };
}
