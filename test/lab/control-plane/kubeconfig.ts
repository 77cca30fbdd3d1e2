import { writeFileSync } from 'node:fs';
import { base64, type KeyPair } from './certificates.ts';

/** How a user proves who it is. */
export type Credentials = KeyPair | { readonly token: string };

/** Where a kubeconfig leads. */
interface Target {
  /** `https://198.18.7.2:6443` */
  readonly server: string;
  /** File of the authority's certificate. */
  readonly authority: string;
}

/** Writes a kubeconfig of one cluster, one user and one context. JSON is YAML. @returns its path */
export function writeKubeconfig(
  file: string,
  target: Target,
  user: string,
  credentials: Credentials,
  namespace = 'default',
): string {
  const secret =
    'token' in credentials
      ? { token: credentials.token }
      : {
          'client-certificate-data': base64(credentials.certificate),
          'client-key-data': base64(credentials.key),
        };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'lab', cluster: { server: target.server, 'certificate-authority-data': base64(target.authority) } },
    ],
    users: [{ name: user, user: secret }],
    contexts: [{ name: `${user}@lab`, context: { cluster: 'lab', user, namespace } }],
    'current-context': `${user}@lab`,
  };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return file;
}
