import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConfigDump, EnvoyFacts } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { TlsHello } from '../../../../model/request.ts';
import type { HandshakeFailure } from '../../../../model/tls.ts';
import { listText } from '../../../../model/wording.ts';
import { field, isTrue, typedMessage, typeName, unknown } from '../proto-json.ts';
import { shakeHands } from '../tls/handshake.ts';
import { isUnknown } from '../truth.ts';
import { tlsSide, undeliveredSecrets } from '../tls/tls-side.ts';
import type { FirstBytes } from './accepted-socket.ts';

/** What a filter chain's transport socket makes of a connection. */
export type DownstreamTls =
  | { readonly kind: 'plain' }
  /** the chain terminates the client's TLS */
  | {
      readonly kind: 'terminated';
      readonly hello: TlsHello;
      readonly reasons: readonly string[];
      readonly cites: readonly Cursor[];
    }
  /** the handshake fails and the connection is closed; without a `failure` the client speaks no TLS */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly failure: HandshakeFailure | null;
      readonly cites: readonly Cursor[];
    }
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

const DOWNSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
const RAW_BUFFER = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/**
 * Judges the transport socket of a chain (FilterChain.transport_socket). A chain without one passes bytes on as they are. One with
 * TLS needs a client hello, and a client certificate where require_client_certificate asks for one. Where the client is a proxy whose
 * configuration is known as well, certificates, authorities, names and versions of both sides are compared; a client that is not known
 * is taken for one that presents what it should. A socket whose secrets SDS has not delivered closes every connection
 * (source/common/tls/server_ssl_socket.cc, a NotReadySslSocket).
 */
export function downstreamTls(
  facts: EnvoyFacts,
  config: EnvoyConfigDump,
  chain: Cursor,
  firstBytes: FirstBytes,
): DownstreamTls {
  const socket = field(chain, 'transport_socket');
  if (!socket.exists) return { kind: 'plain' };
  const any = field(socket, 'typed_config');
  const type = typeName(any);
  if (type === RAW_BUFFER) return { kind: 'plain' };
  const name = field(socket, 'name');
  if (type !== DOWNSTREAM_TLS)
    return { kind: 'unknown', unknown: unknown(`the transport socket ${name.string() ?? ''} is not understood`, name) };
  const context = typedMessage(any);
  if (firstBytes.kind === 'unknown')
    return {
      kind: 'unknown',
      unknown: unknown('the listener expects TLS, and what the client sends is not known', name),
    };
  if (firstBytes.kind === 'http')
    return {
      kind: 'failed',
      reason: 'the filter chain expects TLS and the client sends plaintext',
      failure: null,
      cites: [name],
    };
  const required = field(context, 'require_client_certificate');
  const common = field(context, 'common_tls_context');
  const undelivered = undeliveredSecrets(config, common);
  if (isUnknown(undelivered)) return { kind: 'unknown', unknown: undelivered };
  const ready = undelivered.length === 0;
  if (firstBytes.hello.side !== undefined) {
    const role = { end: 'server', required: required.boolean() === true } as const;
    const side = tlsSide(facts, config, common, role);
    const result = shakeHands(firstBytes.hello.side, side);
    if (result.kind === 'unknown') return result;
    if (result.kind === 'failed')
      return {
        kind: 'failed',
        reason: result.reason,
        failure: ready ? result.failure : { ...result.failure, undelivered },
        cites: [name, required],
      };
    const reasons =
      result.identity === null
        ? ['TLS ends here, without a client certificate']
        : [`mutual TLS ends here, with the client certificate of ${result.identity || 'a client without a URI'}`];
    return {
      kind: 'terminated',
      hello: { ...firstBytes.hello, clientIdentity: result.identity },
      reasons,
      cites: [name, required],
    };
  }
  if (!ready)
    return {
      kind: 'failed',
      reason: `SDS has not delivered ${listText(undelivered)}`,
      failure: { established: false, error: null, undelivered },
      cites: [name],
    };
  const hello = asksForCertificate(context) ? firstBytes.hello : { ...firstBytes.hello, clientIdentity: null };
  if (isTrue(context, 'require_client_certificate') && hello.clientIdentity === null) {
    return {
      kind: 'failed',
      reason: 'a client certificate is required and the client presents none',
      failure: { established: false, error: null },
      cites: [required],
    };
  }
  const reasons = [
    'TLS ends here',
    ...(required.boolean() === true ? ['a client certificate is required and presented'] : []),
  ];
  return { kind: 'terminated', hello, reasons, cites: [name, required] };
}

/** A client sends its certificate only when it is asked for: by the requirement, or by something to verify it against. */
function asksForCertificate(context: Cursor): boolean {
  const common = field(context, 'common_tls_context');
  const verifies = (validation: Cursor): boolean =>
    [
      'trusted_ca',
      'verify_certificate_hash',
      'verify_certificate_spki',
      'custom_validator_config',
      'ca_certificate_provider_instance',
    ].some((name) => field(validation, name).exists);
  const combined = field(common, 'combined_validation_context');
  return (
    isTrue(context, 'require_client_certificate') ||
    field(common, 'validation_context_sds_secret_config').exists ||
    field(combined, 'validation_context_sds_secret_config').exists ||
    verifies(field(common, 'validation_context')) ||
    verifies(field(combined, 'default_validation_context'))
  );
}
