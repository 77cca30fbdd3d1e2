import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../execute.ts';

/** Files of a key and its certificate. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** A certificate that is asked for. */
interface Wanted {
  /** `/O=system:masters/CN=admin` */
  readonly subject: string;
  /** Names that it serves under, as openssl writes them (`DNS:x,IP:y`); none: a client's. */
  readonly serves?: string;
}

/** The cluster's certificate authority, in a folder of its own. */
export class Authority {
  readonly #folder: string;
  readonly certificate: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.certificate = join(folder, 'ca.crt');
  }

  static async create(folder: string): Promise<Authority> {
    const authority = new Authority(folder);
    writeFileSync(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name = subject\n[subject]\n');
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,digitalSignature'];
    await authority.#request('ca', '/CN=lab', [...extensions, 'subjectKeyIdentifier=hash']);
    return authority;
  }

  /** Makes a key and a certificate. @param name of the files */
  async issue(name: string, { subject, serves }: Wanted): Promise<KeyPair> {
    const usage = serves === undefined ? 'clientAuth' : 'serverAuth,clientAuth';
    const extensions = ['basicConstraints=critical,CA:FALSE', `extendedKeyUsage=${usage}`];
    if (serves !== undefined) extensions.push(`subjectAltName=${serves}`);
    return this.#request(name, subject, extensions, ['-CA', 'ca.crt', '-CAkey', 'ca.key']);
  }

  /** A key pair that signs tokens. */
  async signingKey(name: string): Promise<KeyPair> {
    const pair = this.#files(name);
    await execute('openssl', ['genrsa', '-out', pair.key, '2048']);
    await execute('openssl', ['rsa', '-in', pair.key, '-pubout', '-out', pair.certificate]);
    return pair;
  }

  async #request(
    name: string,
    subject: string,
    extensions: readonly string[],
    signer: readonly string[] = [],
  ): Promise<KeyPair> {
    const pair = this.#files(name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', pair.key];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    const out = ['-out', pair.certificate, '-subj', subject, '-days', '30', '-config', 'openssl.cnf'];
    await execute('openssl', ['req', '-x509', ...key, ...signer, ...added, ...out], { cwd: this.#folder });
    return pair;
  }

  #files(name: string): KeyPair {
    return { key: join(this.#folder, `${name}.key`), certificate: join(this.#folder, `${name}.crt`) };
  }
}

/** A file as kubeconfig embeds it. */
export function base64(file: string): string {
  return readFileSync(file).toString('base64');
}
