import type { AlternativeName, Certificate, CertificateFacts } from '../../model/certificate.ts';
import { readDer, type DerElement } from './der.ts';

const PEM = /-----BEGIN [A-Z0-9 ]{1,40}-----\s([A-Za-z0-9+/=\s]+)-----END /;
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  version: 0xa0,
  extensions: 0xa3,
  identifier: 0x06,
  email: 0x81,
  dns: 0x82,
  uri: 0x86,
  ip: 0x87,
  keyIdentifier: 0x80,
};
/** Object identifiers of extensions (RFC 5280, 4.2.1), as DER has them. */
const BASIC_CONSTRAINTS = '551d13';
const ALTERNATIVE_NAMES = '551d11';
const SUBJECT_KEY = '551d0e';
const AUTHORITY_KEY = '551d23';
const EXTENDED_KEY_USAGE = '551d25';

/**
 * Reads the first block of a text in PEM as a certificate (RFC 5280, 4.1).
 * @returns undefined when there is none, or it is no certificate
 */
export function parseCertificate(pem: string): CertificateFacts | undefined {
  return readFields(Buffer.from(PEM.exec(pem)?.[1] ?? '', 'base64'))?.facts;
}

/**
 * Reads every block of a text in PEM that is called a certificate.
 * @returns undefined when one of them is none, or there is no block
 */
export function parseCertificates(pem: string): readonly Certificate[] | undefined {
  const certificates: Certificate[] = [];
  for (const [, body = ''] of pem.matchAll(BLOCKS)) {
    const der = Buffer.from(body, 'base64');
    const fields = readFields(der);
    if (fields === undefined) return undefined;
    certificates.push(new X509(der, fields));
  }
  return certificates.length === 0 ? undefined : certificates;
}

const BLOCKS = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END /g;

/** What is read of a certificate's body. */
interface Fields {
  readonly facts: CertificateFacts;
  /** Names in DER, hexadecimal: equal texts are equal names, as all that issue for meshes write them. */
  readonly issuer: string;
  readonly subject: string;
  readonly extensions: ReadonlyMap<string, Buffer>;
}

function readFields(der: Buffer): Fields | undefined {
  const [certificate] = readDer(der) ?? [];
  const [body] = within(certificate);
  const [version, ...rest] = within(body);
  const fields = version?.tag === TAG.version ? rest : version === undefined ? [] : [version, ...rest];
  const [serial, , issuer, validity, subject] = fields;
  const [notBefore, notAfter] = within(validity).map(parseTime);
  if (serial?.tag !== TAG.integer || notBefore === undefined || notAfter === undefined) return undefined;
  const extensions = extensionsOf(fields);
  return {
    facts: {
      isAuthority: isAuthority(extensions.get(BASIC_CONSTRAINTS)),
      serialNumber: serial.content.toString('hex').replace(/^0+(?=.)/, ''),
      notBefore,
      notAfter,
      trustDomain: trustDomain(extensions.get(ALTERNATIVE_NAMES)),
    },
    issuer: issuer?.content.toString('hex') ?? '',
    subject: subject?.content.toString('hex') ?? '',
    extensions,
  };
}

/** A certificate whose signature is looked at when somebody asks: the code for that costs more to load than the rest. */
class X509 implements Certificate {
  readonly isAuthority: boolean;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly trustDomain: string;
  readonly names: readonly AlternativeName[];
  readonly purposes: readonly string[] | null;
  readonly #der: Buffer;
  readonly #fields: Fields;

  constructor(der: Buffer, fields: Fields) {
    this.isAuthority = fields.facts.isAuthority;
    this.serialNumber = fields.facts.serialNumber;
    this.notBefore = fields.facts.notBefore;
    this.notAfter = fields.facts.notAfter;
    this.trustDomain = fields.facts.trustDomain;
    this.names = alternativeNames(fields.extensions.get(ALTERNATIVE_NAMES));
    this.purposes = purposesOf(fields.extensions.get(EXTENDED_KEY_USAGE));
    this.#der = der;
    this.#fields = fields;
  }

  equals(other: Certificate): boolean {
    return other instanceof X509 && this.#der.equals(other.#der);
  }

  issuedBy(other: Certificate): boolean {
    if (!(other instanceof X509) || this.#fields.issuer !== other.#fields.subject) return false;
    const wanted = authorityKey(this.#fields.extensions.get(AUTHORITY_KEY));
    const own = subjectKey(other.#fields.extensions.get(SUBJECT_KEY));
    if (wanted !== undefined && own !== undefined && wanted !== own) return false;
    try {
      // oxlint-disable-next-line no-restricted-globals -- loading it with every start would cost each command a tenth of its time
      const { X509Certificate } = process.getBuiltinModule('node:crypto');
      return new X509Certificate(this.#der).verify(new X509Certificate(other.#der).publicKey);
    } catch {
      return false;
    }
  }
}

/** keyIdentifier of an AuthorityKeyIdentifier (RFC 5280, 4.2.1.1). */
function authorityKey(extension: Buffer | undefined): string | undefined {
  const [sequence] = readDer(extension ?? Buffer.alloc(0)) ?? [];
  return within(sequence)
    .find((element) => element.tag === TAG.keyIdentifier)
    ?.content.toString('hex');
}

function subjectKey(extension: Buffer | undefined): string | undefined {
  return readDer(extension ?? Buffer.alloc(0))?.[0]?.content.toString('hex');
}

function purposesOf(extension: Buffer | undefined): readonly string[] | null {
  const [sequence] = readDer(extension ?? Buffer.alloc(0)) ?? [];
  if (sequence === undefined) return null;
  return within(sequence)
    .filter((element) => element.tag === TAG.identifier)
    .map((element) => element.content.toString('hex'));
}

const NAME_KINDS: ReadonlyMap<number, AlternativeName['kind']> = new Map([
  [TAG.email, 'email'],
  [TAG.dns, 'dns'],
  [TAG.uri, 'uri'],
  [TAG.ip, 'ip'],
]);

function alternativeNames(extension: Buffer | undefined): readonly AlternativeName[] {
  const [sequence] = readDer(extension ?? Buffer.alloc(0)) ?? [];
  return within(sequence).map(({ tag, content }) => {
    const kind = NAME_KINDS.get(tag) ?? 'other';
    if (kind === 'other') return { kind, value: '' };
    return { kind, value: kind === 'ip' ? [...content].join('.') : content.toString('latin1') };
  });
}

/** What stands in a sequence, or in a context tag around one. */
function within(element: DerElement | undefined): readonly DerElement[] {
  return element === undefined ? [] : (readDer(element.content) ?? []);
}

function parseTime({ tag, content }: DerElement): Date | undefined {
  const text = content.toString('latin1');
  const short = tag === TAG.utcTime ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) : null;
  const long = tag === TAG.time ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) : null;
  const [year = NaN, month = NaN, day, hour, minute, second] = (short ?? long ?? []).slice(1).map(Number);
  const full = short === null ? year : year < 50 ? year + 2000 : year + 1900;
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Values of the extensions by their object identifier in hexadecimal. */
function extensionsOf(fields: readonly DerElement[]): ReadonlyMap<string, Buffer> {
  const [list] = within(fields.find((one) => one.tag === TAG.extensions));
  return new Map(
    within(list).flatMap((extension): [string, Buffer][] => {
      const parts = within(extension);
      const [id, value] = [parts[0], parts.at(-1)];
      return id === undefined || value === undefined ? [] : [[id.content.toString('hex'), value.content]];
    }),
  );
}

function isAuthority(constraints: Buffer | undefined): boolean {
  const [sequence] = readDer(constraints ?? Buffer.alloc(0)) ?? [];
  const [authority] = within(sequence);
  return authority?.tag === TAG.boolean && authority.content[0] !== 0;
}

/** Host of the last spiffe:// URI. */
function trustDomain(names: Buffer | undefined): string {
  const [sequence] = readDer(names ?? Buffer.alloc(0)) ?? [];
  const hosts = within(sequence)
    .filter((name) => name.tag === TAG.uri)
    .flatMap((name) => /^spiffe:\/\/([^/]+)/i.exec(name.content.toString('latin1'))?.[1] ?? []);
  return hosts.at(-1) ?? '';
}
