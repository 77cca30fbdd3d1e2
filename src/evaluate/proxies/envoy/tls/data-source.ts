import type { Certificate } from '../../../../model/certificate.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConfigDump, EnvoyFacts } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { field, unknown } from '../proto-json.ts';

/** The certificates of a DataSource. One that names a file or a variable of the environment shows nothing of them. */
export function readCertificates(facts: EnvoyFacts, source: Cursor): readonly Certificate[] | Unknown {
  const text = sourceText(source);
  if (text === undefined) return unknown('certificates stand where no dump shows them', source);
  const certificates = facts.readCertificates?.(text);
  return certificates ?? unknown('a certificate cannot be read', source);
}

/**
 * Whether a DataSource holds nothing, which counts as not given: istiod sends such a `crl` (source/common/tls/cert_validator/default_validator.cc,
 * initializeSslContexts).
 */
export function isEmptySource(source: Cursor): boolean {
  return sourceText(source) === '';
}

/** Text of `inline_string`, or of `inline_bytes`, which protobuf JSON encodes in base64; undefined: it stands elsewhere. */
function sourceText(source: Cursor): string | undefined {
  const bytes = field(source, 'inline_bytes').string();
  if (bytes !== undefined) return Buffer.from(bytes, 'base64').toString('latin1');
  return field(source, 'inline_string').string();
}

/**
 * The secret of an SdsSecretConfig (SecretsConfigDump); null: SDS has not delivered it, so that the transport socket is not ready
 * (source/common/tls/context_config_impl.h, isReady). A secret without sds_config is a static one.
 */
export function findSecret(config: EnvoyConfigDump, reference: Cursor): Cursor | null | Unknown {
  const name = field(reference, 'name').string() ?? '';
  const named = config.secrets().filter((secret) => secret.name === name);
  const active = named.filter((secret) => secret.state === 'active');
  const [first, ...others] = active;
  if (first === undefined) {
    if (named.length > 0 || (config.complete && config.sections.has('SecretsConfigDump'))) return null;
    return unknown(`the secret ${name} is not in this part of a config_dump`, reference);
  }
  if (others.some((other) => JSON.stringify(other.config.value) !== JSON.stringify(first.config.value)))
    return unknown(`the dump has several secrets ${name}`, reference);
  return first.config;
}
