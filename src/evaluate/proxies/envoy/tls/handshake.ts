/**
 * What comes of a TLS handshake between two proxies whose configurations and secrets are known.
 *
 * In: what each side presents and demands. Out: the identity that the server learns, or who gives up and what the client sees of it.
 * Held against two Envoys by test/conformance/envoy/mutual-tls.test.ts.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { Certificate } from '../../../../model/certificate.ts';
import type { HandshakeFailure, TlsDemands, TlsSide } from '../../../../model/tls.ts';
import { unknown } from '../proto-json.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { dnsNameMatches } from './dns-name.ts';

export type Handshake =
  /** @property identity null: the server asks for no certificate, or gets none */
  | { readonly kind: 'done'; readonly identity: string | null }
  | { readonly kind: 'failed'; readonly reason: string; readonly failure: HandshakeFailure }
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

const TLS_1_3 = 13;
/** Object identifiers of id-kp-serverAuth and id-kp-clientAuth (RFC 5280, 4.2.1.12), as DER has them. */
const SERVER_PURPOSE = '2b06010505070301';
const CLIENT_PURPOSE = '2b06010505070302';

/** Compares the two sides of a handshake, in the order in which they look at each other. */
export function shakeHands(client: TlsSide, server: TlsSide): Handshake {
  const version = Math.min(client.highestVersion, server.highestVersion);
  if (version < Math.max(client.lowestVersion, server.lowestVersion))
    return failed('they have no version of TLS in common', { established: false, error: null });
  const { chain: presented, demands: clientDemands } = client;
  const { chain: shown, demands: serverDemands } = server;
  if (isUnknown(presented)) return { kind: 'unknown', unknown: presented };
  if (isUnknown(clientDemands)) return { kind: 'unknown', unknown: clientDemands };
  if (isUnknown(shown)) return { kind: 'unknown', unknown: shown };
  if (isUnknown(serverDemands)) return { kind: 'unknown', unknown: serverDemands };
  if (presented === null || clientDemands?.authorities === null)
    return failed('SDS has not delivered a secret of the client', { established: false, error: NOT_READY });
  if (shown === null || serverDemands?.authorities === null)
    return failed('SDS has not delivered a secret of the server', { established: false, error: null });
  const [serverLeaf] = shown;
  if (serverLeaf === undefined) return failed('the server has no certificate', { established: false, error: null });
  if (clientDemands?.authorities.length === 0)
    return failed("the client demands a name of the server's certificate, and trusts no authority", {
      established: false,
      error: TRUSTS_NOBODY,
    });
  const onServer = clientDemands === null ? null : judge(shown, clientDemands, SERVER_PURPOSE);
  if (isUnknown(onServer)) return { kind: 'unknown', unknown: onServer };
  if (onServer !== null)
    return failed(`the client does not accept the server's certificate: ${onServer.reason}`, {
      established: false,
      error: VERIFY_FAILED + onServer.words.replaceAll(' ', '_') + END,
    });
  const [leaf] = presented;
  const late = version >= TLS_1_3;
  if (serverDemands === null) return { kind: 'done', identity: null };
  if (leaf === undefined) {
    if (!serverDemands.required) return { kind: 'done', identity: null };
    return rejected('a client certificate is required and the client presents none', late, 'none');
  }
  const onClient = judge(presented, serverDemands, CLIENT_PURPOSE);
  if (isUnknown(onClient)) return { kind: 'unknown', unknown: onClient };
  if (onClient !== null)
    return rejected(`the server does not accept the client's certificate: ${onClient.reason}`, late, onClient.kind);
  return { kind: 'done', identity: identityOf(leaf) };
}

/** The URI in a certificate, by which RBAC and SPIFFE know its owner; `''` without one. */
export function identityOf({ names }: Certificate): string {
  return names.find((name) => name.kind === 'uri')?.value ?? '';
}

function failed(reason: string, failure: HandshakeFailure): Handshake {
  return { kind: 'failed', reason, failure };
}

function rejected(reason: string, late: boolean, kind: Problem['kind'] | 'none'): Handshake {
  const alert = ALERTS[kind];
  return failed(reason, {
    established: late,
    error: late || alert === null ? null : `TLS_error:|${alert}${END}`,
  });
}

const LIBRARY = 'SSL_routines:OPENSSL_internal:';
const END = ':TLS_error_end';
const NOT_VERIFIED = `TLS_error:|268435581:${LIBRARY}CERTIFICATE_VERIFY_FAILED`;
/** Of Envoy's own verification. */
const VERIFY_FAILED = `${NOT_VERIFIED}:verify_cert_failed:_`;
/** Of BoringSSL's, which has no words for it. */
const TRUSTS_NOBODY = NOT_VERIFIED + END;
/** SslSocketFactory::createTransportSocket without a context gives a NotReadySslSocket. */
const NOT_READY = 'TLS_error:_Secret_is_not_supplied_by_SDS';
/** What a client of BoringSSL makes of plaintext where it expects a server hello. */
export const PLAINTEXT_ERROR = `TLS_error:|268435703:${LIBRARY}WRONG_VERSION_NUMBER${END}`;

/** The alert that a server sends, as the client's BoringSSL calls it (ssl_verify_alarm_type and the certificate verifier's alerts). */
const ALERTS: Readonly<Record<Problem['kind'] | 'none', string | null>> = {
  none: `268436496:${LIBRARY}SSLV3_ALERT_HANDSHAKE_FAILURE`,
  issuer: `268436504:${LIBRARY}TLSV1_ALERT_UNKNOWN_CA`,
  expired: `268436501:${LIBRARY}SSLV3_ALERT_CERTIFICATE_EXPIRED`,
  early: null,
  names: `268436502:${LIBRARY}SSLV3_ALERT_CERTIFICATE_UNKNOWN`,
};

interface Problem {
  readonly kind: 'issuer' | 'expired' | 'early' | 'names';
  readonly reason: string;
  /** As Envoy logs it. */
  readonly words: string;
}

/**
 * Verifies a chain: a way to a trusted certificate, dates, purpose, names (DefaultCertValidator::doVerifyCertChain; any certificate
 * of the trusted ones ends the way, X509_V_FLAG_PARTIAL_CHAIN).
 */
function judge(chain: readonly Certificate[], demands: TlsDemands, purpose: string): Problem | null | Unknown {
  const [leaf] = chain;
  if (leaf === undefined) return null;
  const path = pathOf(leaf, chain, demands.authorities ?? []);
  const at = (depth: number, words: string): string =>
    `X509_verify_cert: certificate verification error at depth ${depth}: ${words}`;
  if (!path.trusted) {
    const reason = 'no authority that it trusts has issued it';
    return {
      kind: 'issuer',
      reason,
      words: at(path.certificates.length - 1, 'unable to get local issuer certificate'),
    };
  }
  const now = demands.at === null ? Number.NaN : Date.parse(demands.at);
  if (Number.isNaN(now))
    return unknown('when the proxies were captured, and so whether certificates were in date, is not known');
  for (const [depth, certificate] of path.certificates.entries()) {
    if (certificate.notBefore.getTime() > now)
      return {
        kind: 'early',
        reason: `it is valid from ${date(certificate.notBefore)} on`,
        words: at(depth, 'certificate is not yet valid'),
      };
    if (certificate.notAfter.getTime() < now && !demands.allowsExpired)
      return {
        kind: 'expired',
        reason: `it has expired at ${date(certificate.notAfter)}`,
        words: at(depth, 'certificate has expired'),
      };
  }
  if (leaf.purposes !== null && !leaf.purposes.includes(purpose))
    return unknown('a certificate is limited to other purposes than this one');
  const names = leaf.names.map((name) => name.value);
  const named = demands.host === null || bearsHost(leaf, demands.host);
  if (isUnknown(named)) return named;
  if (!named) {
    const reason = `${demands.host} is not among its names (${names.join(', ') || 'none'})`;
    const words = `verify SAN list, expected SANs: [${demands.host}], certificate SANs: [${names.join(', ')}]`;
    return { kind: 'names', reason, words };
  }
  const accepted = demands.acceptsNames(leaf);
  if (isUnknown(accepted)) return accepted;
  if (accepted) return null;
  const reason = `its names (${names.join(', ') || 'none'}) are not among those that are wanted`;
  return { kind: 'names', reason, words: `SAN matcher, certificate SANs are [${names.join(', ')}]` };
}

/**
 * Whether a host or address is one of a certificate's names (DefaultCertValidator::verifySubjectAltName). Names of other kinds are not
 * judged.
 */
function bearsHost({ names }: Certificate, host: string): Truth {
  return any(names, ({ kind, value }) => {
    if (kind === 'other') return unknown('a name of another kind in a certificate is not evaluated');
    return kind === 'dns' ? dnsNameMatches(host, value) : value === host;
  });
}

/** Certificates from the leaf up to one that is trusted, which is included; or as far as the chain leads. */
function pathOf(
  leaf: Certificate,
  chain: readonly Certificate[],
  authorities: readonly Certificate[],
): { readonly certificates: readonly Certificate[]; readonly trusted: boolean } {
  const certificates = [leaf];
  for (let current = leaf; ;) {
    if (authorities.some((authority) => authority.equals(current))) return { certificates, trusted: true };
    const issuer =
      authorities.find((authority) => current.issuedBy(authority)) ??
      chain.find((other) => other.isAuthority && !certificates.includes(other) && current.issuedBy(other));
    if (issuer === undefined) return { certificates, trusted: false };
    certificates.push(issuer);
    current = issuer;
  }
}

/** RFC 3339 without fractions. */
function date(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
