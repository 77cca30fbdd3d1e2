import { CredentialError } from './credential-error.ts';
import { RequestRefused } from './refusal.ts';
import { notKubernetes } from './status-refusal.ts';

const TLS =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH$|INVALID_PURPOSE$)/;
const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'EACCES',
]);

/** What went wrong when no answer came, by Node's error code. @param server for people: `https://host:port` */
export function failureRefusal(error: unknown, server: string): RequestRefused {
  if (error instanceof RequestRefused) return error;
  if (error instanceof CredentialError) return new RequestRefused('credentials', error.message, error.remedy);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') {
    return new RequestRefused(
      'unresolved',
      `the name of the API server ${server} does not resolve (${code})`,
      'check the server of the kubeconfig, the network, and the name servers of this machine',
    );
  }
  if (TLS.test(code)) {
    return new RequestRefused(
      'tls',
      `the API server ${server} cannot be trusted, or does not speak TLS (${code}${code === message ? '' : `: ${message}`})`,
      'check certificate-authority and the server of the kubeconfig, or give --certificate-authority or --tls-server-name',
    );
  }
  if (UNREACHABLE.has(code)) {
    return new RequestRefused(
      'unreachable',
      `there is no connection to the API server ${server} (${code})`,
      'check the server of the kubeconfig, the network or VPN, and that the API server runs',
    );
  }
  if (code.startsWith('HPE_')) return notKubernetes(`does not speak HTTP (${code})`, null);
  return new RequestRefused(
    'connection-lost',
    `the connection to the API server ${server} was lost (${code === '' ? message : code})`,
    'run it again; check the network and what stands between here and the API server',
  );
}
