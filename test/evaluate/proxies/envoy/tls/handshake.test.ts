/**
 * A client proxy and a server proxy with certificates of test/fixtures/certificates/mesh. What the client proxy answers is what the real
 * Envoy logs in the same situation (test/conformance/envoy/mutual-tls.test.ts).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { toldClient } from '../told-client.ts';
import type { EnvoyFacts, EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import type { ApplicationRequest } from '../../../../../src/model/request.ts';
import { parseCertificates } from '../../../../../src/parse/certificate/certificate.ts';
import { cluster, httpFilter, httpManager, listener, listenerFilter, smallProxy } from '../small-proxy.ts';
import { direct, http } from '../snapshot.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const ACCOUNT = 'spiffe://cluster.local/ns/default/sa/';
const IN_TIME = '2026-11-21T12:00:00Z';
const LATER = '2026-12-24T12:00:00Z';

const pem = (name: string): string =>
  readFileSync(new URL(`../../../../fixtures/certificates/mesh/${name}.pem`, import.meta.url), 'utf8');
const chain = (name: string): object => ({
  certificate_chain: { inline_string: pem(name) },
  private_key: { inline_string: '[redacted]' },
});
/** pilot-agent leaves an empty list of revoked certificates beside the authorities. */
const NONE_REVOKED = { inline_bytes: '' };
const trust = (root: string, account?: string, crl: object = NONE_REVOKED): object => ({
  trusted_ca: { inline_string: pem(root) },
  crl,
  ...(account === undefined
    ? {}
    : { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: ACCOUNT + account } }] }),
});

function at(facts: EnvoyFacts, seenAt: string | null): EnvoyFacts {
  return { ...facts, config: { ...facts.config!, seenAt }, readCertificates: parseCertificates };
}

interface Situation {
  readonly presents?: string | null;
  readonly server?: string;
  /** null: it verifies nothing. */
  readonly trusts?: string | null;
  readonly account?: string;
  readonly highest?: string;
  readonly seenAt?: string | null;
  readonly required?: boolean;
  readonly mode?: 'STRICT' | 'DISABLE';
  readonly plain?: boolean;
  readonly allows?: string;
  readonly revoked?: object;
  /** UpstreamHttpProtocolOptions of the client. */
  readonly upstream?: object;
}

function client({
  presents = 'client',
  account = 'server',
  highest = 'TLSv1_2',
  plain,
  upstream,
  ...more
}: Situation): EnvoyFacts {
  const context = {
    '@type': `${TLS}.UpstreamTlsContext`,
    common_tls_context: {
      alpn_protocols: ['istio'],
      tls_params: { tls_maximum_protocol_version: highest },
      ...(presents === null ? {} : { tls_certificates: [chain(presents)] }),
      validation_context: more.trusts === null ? {} : trust(more.trusts ?? 'mesh-root', account),
    },
  };
  const options =
    upstream === undefined
      ? {}
      : { typed_extension_protocol_options: { [HTTP_OPTIONS]: { upstream_http_protocol_options: upstream } } };
  const socket = plain === true ? {} : { transport_socket: { name: 'tls', typed_config: context }, ...options };
  const manager = httpManager([{ match: { prefix: '/' }, route: { cluster: 'c' } }]);
  const listeners = [listener('0.0.0.0', 80, { filter_chains: [{ filters: [manager] }] })];
  return at(
    smallProxy({ listeners, clusters: [cluster('c', 1, socket)] }),
    more.seenAt === undefined ? IN_TIME : more.seenAt,
  );
}

function server({
  server: own = 'server',
  required = true,
  mode = 'STRICT',
  allows,
  revoked,
  ...more
}: Situation): EnvoyFacts {
  const context = {
    '@type': `${TLS}.DownstreamTlsContext`,
    require_client_certificate: required,
    common_tls_context: { tls_certificates: [chain(own)], validation_context: trust('mesh-root', undefined, revoked) },
  };
  const principal = { authenticated: { principal_name: { exact: ACCOUNT + (allows ?? '') } } };
  const policies = { p: { permissions: [{ any: true }], principals: [principal] } };
  const filters = allows === undefined ? [] : [httpFilter('rbac.v3.RBAC', { rules: { policies } })];
  const manager = httpManager([{ match: { prefix: '/' }, direct_response: { status: 204 } }], {}, filters);
  const strict = {
    filter_chain_match: { transport_protocol: 'tls' },
    transport_socket: { name: 'tls', typed_config: context },
  };
  const filterChain = { ...(mode === 'STRICT' ? strict : {}), filters: [manager] };
  const inspector = listenerFilter('tls_inspector.v3.TlsInspector');
  const listeners = [listener('0.0.0.0', 80, { listener_filters: [inspector], filter_chains: [filterChain] })];
  return at(smallProxy({ listeners }), more.seenAt === undefined ? IN_TIME : more.seenAt);
}

/** What the client's client is told. */
function told(situation: Situation): string {
  const [asked] = evaluateEnvoy(client(situation), direct('10.1.0.1', '10.1.0.2', 80, http('GET', 'h', '/')));
  if (asked?.end.kind !== 'upstream') throw new Error(JSON.stringify(asked));
  const [answer] = answers(server(situation), asked.end.request);
  switch (answer?.end.kind) {
    case 'reply':
      return `${answer.end.status} ${answer.end.detail}`;
    case 'close': {
      const { status, flag, detail } = toldClient(asked.end, answer.end);
      return `${status} ${flag} ${detail ?? '-'}`;
    }
    case 'undetermined':
      return `undetermined: ${answer.end.unknown.reason}`;
    default:
      throw new Error(JSON.stringify(answer?.end));
  }
}

function answers(facts: EnvoyFacts, request: ApplicationRequest): EnvoyOutcome[] {
  return evaluateEnvoy(facts, { ...direct('10.1.0.2', '10.0.0.1', 80, null), request });
}

const ANSWERED = '204 direct_response';
const RESET = 'upstream_reset_before_response_started';
const CLOSED = `503 UC ${RESET}{connection_termination}`;
const LIBRARY = 'SSL_routines:OPENSSL_internal';
const alert = (text: string): string => `503 UF ${RESET}{remote_connection_failure|TLS_error:|${text}:TLS_error_end}`;
const refused = (words: string): string =>
  alert(`268435581:${LIBRARY}:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_${words}`);
const verification = 'X509_verify_cert:_certificate_verification_error_at_depth_0:_';
const UNKNOWN_CA = alert(`268436504:${LIBRARY}:TLSV1_ALERT_UNKNOWN_CA`);
const EXPIRED = alert(`268436501:${LIBRARY}:SSLV3_ALERT_CERTIFICATE_EXPIRED`);

describe('mutual TLS between two proxies', () => {
  it.each<[string, Situation, string]>([
    ['both trust each other', {}, ANSWERED],
    ['by way of an intermediate authority', { presents: 'intermediate-client' }, ANSWERED],
    ['the client is of another mesh', { presents: 'other-client' }, UNKNOWN_CA],
    ['the same with TLS 1.3', { presents: 'other-client', highest: 'TLSv1_3' }, CLOSED],
    ['the client has no certificate', { presents: null }, alert(`268436496:${LIBRARY}:SSLV3_ALERT_HANDSHAKE_FAILURE`)],
    ['the client has none and needs none', { presents: null, required: false }, ANSWERED],
    ["the client's certificate is in date", { presents: 'short-client' }, ANSWERED],
    ["the client's certificate has expired", { presents: 'short-client', seenAt: LATER }, EXPIRED],
    ['the same with TLS 1.3', { presents: 'short-client', seenAt: LATER, highest: 'TLSv1_3' }, CLOSED],
    [
      'the server is of another mesh',
      { server: 'other-server' },
      refused(`${verification}unable_to_get_local_issuer_certificate`),
    ],
    [
      'the client trusts another mesh',
      { trusts: 'other-root' },
      refused(`${verification}unable_to_get_local_issuer_certificate`),
    ],
    [
      'the server is of another account',
      { account: 'friend' },
      refused(`SAN_matcher,_certificate_SANs_are_[${ACCOUNT}server]`),
    ],
    [
      'the server does not bear the host',
      { upstream: { auto_san_validation: true } },
      refused(`verify_SAN_list,_expected_SANs:_[h],_certificate_SANs:_[${ACCOUNT}server]`),
    ],
    [
      'the server must bear what another header says',
      { upstream: { auto_san_validation: true, override_auto_sni_header: 'x-host' } },
      'undetermined: which name of the server the client demands is not evaluated',
    ],
    [
      'the server must bear the host, and nobody is trusted',
      { trusts: null, upstream: { auto_san_validation: true } },
      alert(`268435581:${LIBRARY}:CERTIFICATE_VERIFY_FAILED`),
    ],
    ['the client verifies nothing', { trusts: null }, ANSWERED],
    ['the server need not bear the host', { upstream: { auto_san_validation: false } }, ANSWERED],
    ['the server has no TLS', { mode: 'DISABLE' }, alert(`268435703:${LIBRARY}:WRONG_VERSION_NUMBER`)],
    ['the client has no TLS', { plain: true }, CLOSED],
    ['neither has', { plain: true, mode: 'DISABLE' }, ANSWERED],
    ['a policy names the client', { allows: 'client' }, ANSWERED],
    ['a policy names another one', { allows: 'friend' }, '403 rbac_access_denied_matched_policy[none]'],
    [
      'nobody knows when',
      { seenAt: null },
      'undetermined: when the proxies were captured, and so whether certificates were in date, is not known',
    ],
    [
      'some certificates are revoked',
      { revoked: { inline_string: '-----BEGIN X509 CRL-----' } },
      'undetermined: which certificates are revoked is not evaluated',
    ],
    [
      'certificates that are revoked stand in a file',
      { revoked: { filename: '/etc/revoked.pem' } },
      'undetermined: which certificates are revoked is not evaluated',
    ],
  ])('%s', (_, situation, expected) => {
    expect(told(situation)).toBe(expected);
  });

  it('does not judge certificates that stand where no dump shows them', () => {
    const facts = { ...server({}), readCertificates: undefined } as unknown as EnvoyFacts;
    const [asked] = evaluateEnvoy(client({}), direct('10.1.0.1', '10.1.0.2', 80, http('GET', 'h', '/')));
    if (asked?.end.kind !== 'upstream') throw new Error('no upstream');
    expect(answers(facts, asked.end.request)[0]?.end.kind).toBe('undetermined');
  });
});
