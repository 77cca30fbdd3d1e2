import { readFileSync } from 'node:fs';
import { CredentialError } from './credential-error.ts';

/**
 * Reads a certificate, a key or a token of the kubeconfig.
 * @throws CredentialError that names the file
 */
export function readCertificate(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new CredentialError(
      `${file}, which the kubeconfig names, cannot be read (${code})`,
      'correct the path in the kubeconfig, or log in again',
      { cause: error },
    );
  }
}
