import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Identities that clients present. */
export const IDENTITIES = [
  'spiffe://cluster.local/ns/one/sa/client',
  'spiffe://cluster.local/ns/two/sa/client',
] as const;

export interface KeyPair {
  readonly key: string;
  /** The chain in PEM, its own certificate first. */
  readonly certificate: string;
}

export interface Certificates {
  readonly authority: string;
  readonly server: KeyPair;
  readonly clients: ReadonlyMap<string, KeyPair>;
}

const DAYS = 30;

/** An authority of a folder, which issues certificates with openssl. */
export class Authority {
  readonly #folder: string;
  readonly #name: string;
  /** What goes with each certificate that it issues: its own, unless it is a root. */
  readonly #chain: string;

  private constructor(folder: string, name: string, chain: string) {
    this.#folder = folder;
    this.#name = name;
    this.#chain = chain;
  }

  /** A root. Two of them may bear the same name. */
  static root(folder: string, name: string, commonName: string): Authority {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
    openssl(folder, 'req', '-x509', ...NEW_KEY, '-days', String(DAYS), ...files, '-subj', `/CN=${commonName}`);
    return new Authority(folder, name, '');
  }

  /** A root that there is already. */
  static known(folder: string, name: string, { key, certificate }: KeyPair): Authority {
    writeFileSync(path.join(folder, `${name}.key`), key, { mode: 0o600 });
    writeFileSync(path.join(folder, `${name}.crt`), certificate);
    return new Authority(folder, name, '');
  }

  /** Its certificate in PEM. */
  get certificate(): string {
    return this.#read(`${this.#name}.crt`);
  }

  /** An authority below it. */
  below(name: string): Authority {
    this.#sign(name, ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign'], DAYS, `/CN=${name}`);
    return new Authority(this.#folder, name, this.#read(`${name}.crt`) + this.#chain);
  }

  /** @param days that it is valid; 0: it expires at once */
  issue(name: string, subjectAltName: string, days = DAYS): KeyPair {
    this.#sign(name, [`subjectAltName=${subjectAltName}`], days, '/');
    return { key: this.#read(`${name}.key`), certificate: this.#read(`${name}.crt`) + this.#chain };
  }

  #sign(name: string, extensions: readonly string[], days: number, subject: string): void {
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    openssl(
      this.#folder,
      'req',
      '-new',
      ...NEW_KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      subject,
      ...added,
    );
    const signer = ['-CA', `${this.#name}.crt`, '-CAkey', `${this.#name}.key`, '-CAcreateserial'];
    const files = ['-in', `${name}.csr`, '-out', `${name}.crt`];
    openssl(this.#folder, 'x509', '-req', ...files, ...signer, '-days', String(days), '-copy_extensions', 'copy');
  }

  #read(file: string): string {
    return readFileSync(path.join(this.#folder, file), 'utf8');
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(folder: string, ...parameters: string[]): void {
  execFileSync('openssl', parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Makes an authority, a server certificate and a client certificate for each identity, with openssl. */
export function makeCertificates(folder: string): Certificates {
  const authority = Authority.root(folder, 'ca', 'test authority');
  const server = authority.issue('server', 'DNS:localhost');
  const clients = new Map(
    IDENTITIES.map((identity, index) => [identity, authority.issue(`client${index}`, `URI:${identity}`)]),
  );
  return { authority: authority.certificate, server, clients };
}
