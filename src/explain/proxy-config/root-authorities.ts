import type { ProxyDump } from '../../model/proxy-dump.ts';
import { QuestionError } from '../question/question-input.ts';
import { field, list, text } from '../../model/protobuf-message.ts';
import { requiredSection } from './resources.ts';

const ROOT = 'ROOTCA';

/**
 * The certificates of authorities that a proxy trusts for the mesh: all of its active secret ROOTCA, as base64 of DER.
 * @throws QuestionError when the dump has none
 */
export function rootAuthorities(dump: ProxyDump, proxy: string): ReadonlySet<string> {
  const secrets = list(requiredSection(dump, 'SecretsConfigDump').value, 'dynamic_active_secrets');
  const secret = secrets.find((one) => text(one, 'name') === ROOT);
  const context = field(secret, 'secret', 'validation_context');
  const bundles = [
    field(context, 'trusted_ca'),
    ...list(context, 'custom_validator_config', 'typed_config', 'trust_domains').map((one) =>
      field(one, 'trust_bundle'),
    ),
  ];
  const texts = bundles.map(
    (bundle) => Buffer.from(text(bundle, 'inline_bytes'), 'base64').toString('latin1') || text(bundle, 'inline_string'),
  );
  const found = texts.flatMap((pem) => [...pem.matchAll(CERTIFICATE)].map(([, body = '']) => body.replace(/\s+/g, '')));
  if (found.length === 0) {
    throw new QuestionError(`${proxy} has no ${ROOT} with certificates`, [
      'It has received none yet, reads them from files, or its dump was captured without secrets.',
    ]);
  }
  return new Set(found);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;
