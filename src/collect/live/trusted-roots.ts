import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import type { Environment } from './kubeconfig.ts';

/** Where systems keep the certificates they trust (Go's crypto/x509/root_linux.go, root_bsd.go). */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The authorities that a server without a CA in the kubeconfig is held against: the system's, as kubectl does, and Node's own list,
 * which is all that Node would look at.
 */
export function trustedRoots(environment: Environment): readonly string[] {
  return [...tls.rootCertificates, ...systemRoots(environment)];
}

function systemRoots(environment: Environment): readonly string[] {
  // Since Node 22.15, which reads the stores of macOS and Windows too.
  const own = environment['SSL_CERT_FILE'];
  const read: unknown = Reflect.get(tls, 'getCACertificates');
  if (own === undefined && typeof read === 'function') {
    const stores: unknown = Reflect.apply(read, tls, ['system']);
    return Array.isArray(stores) ? stores.filter((one) => typeof one === 'string') : [];
  }
  for (const file of own === undefined ? FILES : [own]) {
    try {
      return [readFileSync(file, 'utf8')];
    } catch {
      // The next system's place.
    }
  }
  return [];
}
