/**
 * One side of a TLS handshake, as a CommonTlsContext and the secrets of the dump have it.
 *
 * In: what was read of the proxy, and the context. Out: what this side presents and demands, each read when it is asked for. It must
 * not compare two sides.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { AlternativeName, Certificate } from '../../../../model/certificate.ts';
import type { EnvoyConfigDump, EnvoyFacts } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { TlsSide } from '../../../../model/tls.ts';
import { matchString } from '../match/string-match.ts';
import { enumName, field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { dnsNameMatches } from './dns-name.ts';
import { findSecret, isEmptySource, readCertificates } from './data-source.ts';

/** Fields of CommonTlsContext that name certificates by other means. */
const OTHER_CERTIFICATES = [
  'tls_certificate_provider_instance',
  'tls_certificate_certificate_provider',
  'tls_certificate_certificate_provider_instance',
  'custom_tls_certificate_selector',
];
const OTHER_VALIDATION = [
  'validation_context_certificate_provider',
  'validation_context_certificate_provider_instance',
];
/** Where a list of revoked certificates stands, it decides; a source without text is none (DefaultCertValidator::initializeSslContexts). */
const REVOKED = 'crl';
const KNOWN_VALIDATION = new Set([
  REVOKED,
  'trusted_ca',
  'match_typed_subject_alt_names',
  'match_subject_alt_names',
  'allow_expired_certificate',
]);

/** Versions that are spoken where tls_params names none (source/common/tls/client_context_impl.h, server_context_config_impl.h). */
const HIGHEST = { client: 12, server: 13 } as const;
const VERSIONS: Readonly<Record<string, number>> = { TLSv1_0: 10, TLSv1_1: 11, TLSv1_2: 12, TLSv1_3: 13 };
const VERSION_NAMES = ['TLS_AUTO', 'TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'];

/** Which end of the connection, and whether it demands a certificate of the other one. */
export interface TlsRole {
  readonly end: 'client' | 'server';
  /** `require_client_certificate`; true for a client. */
  readonly required: boolean;
}

/** Reads one side. */
export function tlsSide(facts: EnvoyFacts, config: EnvoyConfigDump, common: Cursor, role: TlsRole): TlsSide {
  return new ProxySide(facts, config, common, role);
}

/**
 * Secrets of a CommonTlsContext that SDS has not delivered, without which a socket is not ready and closes every connection: the
 * certificate (of several, one is enough) and what the other side's is verified against (source/common/tls/context_config_impl.h, isReady).
 * @returns their names; empty: it is ready
 */
export function undeliveredSecrets(config: EnvoyConfigDump, common: Cursor): readonly string[] | Unknown {
  const combined = field(common, 'combined_validation_context');
  const validation = field(combined.exists ? combined : common, 'validation_context_sds_secret_config');
  const groups = [field(common, 'tls_certificate_sds_secret_configs').items(), validation.exists ? [validation] : []];
  const undelivered: string[] = [];
  for (const group of groups) {
    const secrets = group.map((reference) => findSecret(config, reference));
    const open = secrets.find(isUnknown);
    if (open !== undefined) return open;
    if (secrets.every((secret) => secret === null))
      undelivered.push(...group.map((reference) => field(reference, 'name').string() ?? ''));
  }
  return undelivered;
}

class ProxySide implements TlsSide {
  readonly #facts: EnvoyFacts;
  readonly #config: EnvoyConfigDump;
  readonly #common: Cursor;
  readonly #role: TlsRole;
  #chain: TlsSide['chain'] | undefined;
  #demands: TlsSide['demands'] | undefined;

  constructor(facts: EnvoyFacts, config: EnvoyConfigDump, common: Cursor, role: TlsRole) {
    this.#facts = facts;
    this.#config = config;
    this.#common = common;
    this.#role = role;
  }

  get chain(): TlsSide['chain'] {
    this.#chain ??= this.#readChain();
    return this.#chain;
  }

  get demands(): TlsSide['demands'] {
    if (this.#demands === undefined) this.#demands = this.#readDemands();
    return this.#demands;
  }

  get lowestVersion(): number {
    return this.#version('tls_minimum_protocol_version') ?? 12;
  }

  get highestVersion(): number {
    return this.#version('tls_maximum_protocol_version') ?? HIGHEST[this.#role.end];
  }

  /** Stands for it where a request is compared with another one. */
  toJSON(): string {
    return `${this.#common.artefact}#${this.#common.pointer}`;
  }

  #version(name: string): number | undefined {
    return VERSIONS[enumName(field(field(this.#common, 'tls_params'), name), VERSION_NAMES) ?? ''];
  }

  #readChain(): TlsSide['chain'] {
    const other = OTHER_CERTIFICATES.map((name) => field(this.#common, name)).find((cursor) => cursor.exists);
    if (other !== undefined) return unknown('certificates come from a provider that no dump shows', other);
    const inline = field(this.#common, 'tls_certificates').items();
    const secrets = field(this.#common, 'tls_certificate_sds_secret_configs').items();
    if (inline.length + secrets.length > 1)
      return unknown('which of several certificates is presented depends on the handshake', ...inline, ...secrets);
    const [reference] = secrets;
    const secret = reference === undefined ? undefined : findSecret(this.#config, reference);
    if (secret === null || isUnknown(secret)) return secret;
    const certificate = secret === undefined ? inline[0] : field(secret, 'tls_certificate');
    if (certificate === undefined) return [];
    return readCertificates(this.#facts, field(certificate, 'certificate_chain'));
  }

  #readDemands(): TlsSide['demands'] {
    const other = OTHER_VALIDATION.map((name) => field(this.#common, name)).find((cursor) => cursor.exists);
    if (other !== undefined) return unknown('what is trusted comes from a provider that no dump shows', other);
    const combined = field(this.#common, 'combined_validation_context');
    const whole = combined.exists ? combined : this.#common;
    const fixed = field(combined, 'default_validation_context');
    const own = combined.exists ? fixed : field(this.#common, 'validation_context');
    const reference = field(whole, 'validation_context_sds_secret_config');
    const secret = reference.exists ? findSecret(this.#config, reference) : undefined;
    if (isUnknown(secret)) return secret;
    const contexts = [own, ...(secret ? [field(secret, 'validation_context')] : [])].filter((one) => one.exists);
    const beyond = contexts.map((context) => unknownField(context, KNOWN_VALIDATION)).find((one) => one !== undefined);
    if (beyond !== undefined) return beyond;
    const revoked = contexts
      .map((context) => field(context, REVOKED))
      .find((list) => list.exists && !isEmptySource(list));
    if (revoked !== undefined) return unknown('which certificates are revoked is not evaluated', revoked);
    // What SDS delivers is merged over the default: its authorities replace, its names join (ContextConfigImpl::getCombinedValidationContextConfig).
    const trusted = contexts.map((context) => field(context, 'trusted_ca')).findLast((source) => source.exists);
    const matchers = contexts.flatMap(nameMatchers);
    if (secret !== null && trusted === undefined) {
      if (matchers.length > 0) return unknown('names are demanded of a certificate that is not verified', own);
      return this.#role.end === 'server' && this.#role.required ? this.#unverified() : null;
    }
    const authorities = secret === null || trusted === undefined ? null : readCertificates(this.#facts, trusted);
    if (isUnknown(authorities)) return authorities;
    return {
      required: this.#role.required,
      authorities,
      allowsExpired: contexts.some((context) => isTrue(context, 'allow_expired_certificate')),
      acceptsNames: (certificate) => acceptsNames(matchers, certificate),
      host: null,
      at: this.#config.seenAt,
    };
  }

  /** A certificate must be there, and any will do. */
  #unverified(): Unknown {
    return unknown('a client certificate is required and nothing verifies it', this.#common);
  }
}

interface NameMatcher {
  /** null: a name of any kind (match_subject_alt_names). */
  readonly kind: AlternativeName['kind'] | null;
  readonly matcher: Cursor;
}

const SAN_TYPES = ['SAN_TYPE_UNSPECIFIED', 'EMAIL', 'DNS', 'URI', 'IP_ADDRESS', 'OTHER_NAME'];
const KINDS: Readonly<Record<string, AlternativeName['kind']>> = {
  EMAIL: 'email',
  DNS: 'dns',
  URI: 'uri',
  IP_ADDRESS: 'ip',
};

function nameMatchers(context: Cursor): NameMatcher[] {
  const typed = field(context, 'match_typed_subject_alt_names')
    .items()
    .map((entry) => ({
      kind: KINDS[enumName(field(entry, 'san_type'), SAN_TYPES) ?? ''] ?? ('other' as const),
      matcher: field(entry, 'matcher'),
    }));
  const untyped = field(context, 'match_subject_alt_names')
    .items()
    .map((matcher) => ({ kind: null, matcher }));
  return [...typed, ...untyped];
}

/**
 * Whether some name satisfies some matcher (DefaultCertValidator::matchSubjectAltName, source/common/tls/cert_validator/san_matcher.cc).
 * Names of other kinds are not judged.
 */
function acceptsNames(matchers: readonly NameMatcher[], { names }: Certificate): Truth {
  if (matchers.length === 0) return true;
  return any(matchers, ({ kind, matcher }) => {
    if (kind === 'other') return unknown('a matcher of names of another kind is not evaluated', matcher);
    const host = field(matcher, 'exact').string();
    return any(
      names.filter((name) => name.kind !== 'other' && (kind === null || name.kind === kind)),
      (name) =>
        (name.kind === 'dns' && host !== undefined && dnsNameMatches(host, name.value)) ||
        matchString(matcher, name.value),
    );
  });
}
