/**
 * What a connection manager makes of the headers that say for whom a request was forwarded: x-forwarded-proto and -for, x-envoy-internal,
 * x-forwarded-client-cert. In: its configuration and the request as it was sent. Out: their values, or why they are not known.
 */
import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import type { TlsHello } from '../../../../model/request.ts';
import { matchCidr } from '../match/address-match.ts';
import { enumName, field, isTrue, unknown } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { any } from '../truth.ts';
import { sentHeader } from './sent-request.ts';
import type { SentRequest } from './sent-request.ts';

/**
 * With use_remote_address and no trusted hops the proxy sets x-forwarded-proto from the connection; else it keeps what came and
 * only fills it in. What scheme_to_overwrite says comes last.
 */
export function forwardedProto(hcm: Cursor, sent: SentRequest, tls: TlsHello | null): string | Unknown {
  if (field(hcm, 'forward_proto_config').exists)
    return unknown('x-forwarded-proto follows forward_proto_config', field(hcm, 'forward_proto_config'));
  const overwritten = field(field(hcm, 'scheme_header_transformation'), 'scheme_to_overwrite').string();
  if (overwritten !== undefined) return overwritten;
  const own = tls === null ? 'http' : 'https';
  const edge = isTrue(hcm, 'use_remote_address') && (field(hcm, 'xff_num_trusted_hops').number() ?? 0) === 0;
  const proto = edge ? null : sent.tell(sentHeader('x-forwarded-proto'));
  if (proto === null || proto === 'http' || proto === 'https') return proto ?? own;
  return unknown('x-forwarded-proto is neither http nor https');
}

/** From this minor version on no address is internal unless internal_address_config names it. */
const EXPLICIT_INTERNAL = 38;

/**
 * A request is internal when x-forwarded-for ends up as a single internal address: the peer's own with use_remote_address where the
 * client sends no header, else the one that the header names (ConnectionManagerUtility::mutateRequestHeaders).
 */
export function isInternal(hcm: Cursor, request: SentRequest, peer: Peer): boolean | Unknown {
  const sent = request.tell(sentHeader('x-forwarded-for'));
  if (sent !== null && holdsRedacted(sent)) return unknown('x-forwarded-for was taken out of the snapshot');
  if (field(hcm, 'original_ip_detection_extensions').items().length > 0)
    return unknown('an extension detects the client address');
  const edge = isTrue(hcm, 'use_remote_address');
  if (sent === null && !edge) return false;
  if (sent?.includes(',') === true) return false;
  const config = field(hcm, 'internal_address_config');
  const ranges = field(config, 'cidr_ranges').items();
  const { version } = peer;
  if (
    version !== undefined &&
    version >= EXPLICIT_INTERNAL &&
    (field(hcm, 'xff_num_trusted_hops').number() ?? 0) === 0
  ) {
    if (!config.exists) return false;
    if (edge && sent !== null) return false;
    const address = edge ? peer.address : (sent ?? '').trim();
    if (ranges.length > 0)
      return parseAddress(address) === undefined ? false : any(ranges, (range) => matchCidr(range, address));
  }
  return unknown(
    'whether the request counts as internal depends on the version of Envoy and internal_address_config',
    field(hcm, 'use_remote_address'),
  );
}

/** Who sent a request, and the minor version and runtime of the Envoy that judges it. */
export interface Peer {
  readonly address: string;
  readonly version: number | undefined;
  readonly runtime: Runtime;
}

export function forwardedFor(hcm: Cursor, value: string | null): string | null | Unknown {
  if (!isTrue(hcm, 'use_remote_address') || isTrue(hcm, 'skip_xff_append')) return value;
  return unknown('the proxy appends to x-forwarded-for', field(hcm, 'use_remote_address'));
}

const FORWARD_CLIENT_CERT = ['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'];

/** mutateXfccRequestHeader: removed unless the connection is mutual TLS or the header is always forwarded. */
export function clientCertificate(hcm: Cursor, value: string | null, tls: TlsHello | null): string | null | Unknown {
  if (field(hcm, 'forward_client_cert_matcher').exists) return unknown('x-forwarded-client-cert follows a matcher');
  const mode = enumName(field(hcm, 'forward_client_cert_details'), FORWARD_CLIENT_CERT) ?? 'SANITIZE';
  if (mode === 'ALWAYS_FORWARD_ONLY') return value;
  if (mode === 'SANITIZE' || tls === null || tls.clientIdentity === null) return null;
  return unknown('the proxy sets x-forwarded-client-cert', field(hcm, 'forward_client_cert_details'));
}
