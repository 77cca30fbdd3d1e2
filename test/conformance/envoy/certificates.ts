import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Identities that clients present. */
export const IDENTITIES = [
  'spiffe://cluster.local/ns/one/sa/client',
  'spiffe://cluster.local/ns/two/sa/client',
] as const;

export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export interface Certificates {
  readonly authority: string;
  readonly server: KeyPair;
  readonly clients: ReadonlyMap<string, KeyPair>;
}

/** Makes an authority, a server certificate and a client certificate for each identity, with openssl. */
export function makeCertificates(folder: string): Certificates {
  const openssl = (...parameters: string[]): void => {
    execFileSync('openssl', parameters, { cwd: folder, stdio: 'ignore' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority');
  const issue = (name: string, subjectAltName: string): KeyPair => {
    openssl(
      'req',
      '-new',
      ...curve.slice(0, 4),
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-nodes',
      '-subj',
      '/',
      '-addext',
      `subjectAltName=${subjectAltName}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '30',
      '-copy_extensions',
      'copy',
      '-out',
      `${name}.crt`,
    );
    return {
      key: readFileSync(path.join(folder, `${name}.key`), 'utf8'),
      certificate: readFileSync(path.join(folder, `${name}.crt`), 'utf8'),
    };
  };
  const server = issue('server', 'DNS:localhost');
  const clients = new Map(IDENTITIES.map((identity, index) => [identity, issue(`client${index}`, `URI:${identity}`)]));
  return { authority: readFileSync(path.join(folder, 'ca.crt'), 'utf8'), server, clients };
}
