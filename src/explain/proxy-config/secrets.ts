import type { ProxyDump } from '../../model/proxy-dump.ts';
import type { CertificateFacts } from '../../model/certificate.ts';
import { field, list, text } from '../../model/protobuf-message.ts';
import { requiredSection } from './resources.ts';
import type { Table } from './table.ts';

const SPIFFE_VALIDATOR = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

/** One row of the table: a certificate chain, a bundle of authorities, or one of several bundles. */
interface SecretItem {
  readonly name: string;
  readonly status: 'WARMING' | 'ACTIVE' | 'UNINITIALIZED';
  /** PEM, base64-encoded as protobuf JSON writes bytes; `''` when the secret holds none inline. */
  readonly data: string;
  /** Trust domain that the secret itself names. */
  readonly trustDomain: string;
}

/** Reads the first certificate of a text in PEM; undefined when there is none. */
export type ReadCertificate = (pem: string) => CertificateFacts | undefined;

/**
 * The SecretsConfigDump.
 * @throws QuestionError when the dump has none
 */
export function findSecrets(dump: ProxyDump): unknown {
  return requiredSection(dump, 'SecretsConfigDump').value;
}

/**
 * Warming secrets, then active ones. Static secrets are left out, as istioctl does.
 * @param now for VALID CERT
 * @param named with the kind before the name, as `all` shows it
 * @returns undefined when there are none
 */
export function secretTable(section: unknown, read: ReadCertificate, now: Date, named: boolean): Table | undefined {
  const items = [
    ...list(section, 'dynamic_warming_secrets').flatMap((secret) => itemsOf(secret, 'WARMING')),
    ...list(section, 'dynamic_active_secrets').flatMap((secret) => itemsOf(secret, activeStatus(secret))),
  ];
  if (items.length === 0) return undefined;
  const found = items.map((item) => ({ item, certificate: read(Buffer.from(item.data, 'base64').toString('latin1')) }));
  const domains = found.map(({ item, certificate }) =>
    certificate === undefined ? '' : item.trustDomain || certificate.trustDomain,
  );
  const withDomains = domains.every((domain) => domain !== '');
  const rows = found.map(({ item, certificate }, index) => [
    `${named ? 'secret/' : ''}${item.name}`,
    certificate === undefined ? '' : certificate.isAuthority ? 'CA' : 'Cert Chain',
    item.status,
    String(certificate !== undefined && certificate.notBefore < now && now < certificate.notAfter),
    certificate?.serialNumber.toLowerCase().padStart(32, '0') ?? '',
    certificate === undefined ? '' : seconds(certificate.notAfter),
    certificate === undefined ? '' : seconds(certificate.notBefore),
    ...(withDomains ? [domains[index] ?? ''] : []),
  ]);
  const columns = ['RESOURCE NAME', 'TYPE', 'STATUS', 'VALID CERT', 'SERIAL NUMBER', 'NOT AFTER', 'NOT BEFORE'];
  return { columns: [...columns, ...(withDomains ? ['TRUST DOMAIN'] : [])], rows, padding: 5 };
}

function activeStatus(secret: unknown): SecretItem['status'] {
  return text(secret, 'version_info') === 'uninitialized' ? 'UNINITIALIZED' : 'ACTIVE';
}

function itemsOf(element: unknown, status: SecretItem['status']): readonly SecretItem[] {
  const name = text(element, 'name');
  const secret = field(element, 'secret');
  const context = field(secret, 'validation_context');
  const data =
    text(secret, 'tls_certificate', 'certificate_chain', 'inline_bytes') || text(context, 'trusted_ca', 'inline_bytes');
  const validator = field(context, 'custom_validator_config', 'typed_config');
  if (data !== '' || text(validator, '@type') !== SPIFFE_VALIDATOR) return [{ name, status, data, trustDomain: '' }];
  return list(validator, 'trust_domains').map((domain) => ({
    name: text(secret, 'name'),
    status,
    data: text(domain, 'trust_bundle', 'inline_bytes'),
    trustDomain: text(domain, 'name'),
  }));
}

/** RFC 3339 without fractions. */
function seconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
