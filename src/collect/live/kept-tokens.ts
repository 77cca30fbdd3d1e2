import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { Cursor } from '../../model/json.ts';
import { CredentialError } from './credential-error.ts';
import type { AuthProviderEntry } from './kubeconfig-file.ts';

/**
 * Writes new tokens of a user into the kubeconfig file that names it, and leaves the rest as it stands. A lock file beside it keeps
 * others away meanwhile, as kubectl's own (k8s.io/client-go/tools/clientcmd/loader.go, lockFile).
 * @throws CredentialError when the file cannot be written
 */
export function keepTokens({ file, user }: AuthProviderEntry, tokens: Readonly<Record<string, string>>): void {
  const lock = `${file}.lock`;
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (error) {
    throw failure(file, error);
  }
  try {
    const document = parseDocument(readFileSync(file, 'utf8'), { logLevel: 'error' });
    const users = new Cursor(file, '', document.toJS()).at('users').items();
    const index = users.findIndex((one) => one.at('name').string() === user);
    const place = ['users', index, 'user', 'auth-provider', 'config'];
    for (const [key, token] of Object.entries(tokens)) document.setIn([...place, key], token);
    writeFileSync(file, document.toString({ lineWidth: 0 }));
  } catch (error) {
    throw failure(file, error);
  } finally {
    unlinkSync(lock);
  }
}

function failure(file: string, error: unknown): CredentialError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'it has changed';
  return new CredentialError(
    `the OIDC issuer gave a new refresh-token, which cannot be written to ${file} (${code})`,
    `make the file writable (a ${file}.lock that nobody uses can go), and log in again`,
    { cause: error },
  );
}
