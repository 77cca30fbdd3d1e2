import type { CertificateFacts } from '../../model/certificate.ts';
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
  uri: 0x86,
};
/** Object identifiers of extensions (RFC 5280, 4.2.1), as DER has them. */
const BASIC_CONSTRAINTS = '551d13';
const ALTERNATIVE_NAMES = '551d11';

/**
 * Reads the first block of a text in PEM as a certificate (RFC 5280, 4.1).
 * @returns undefined when there is none, or it is no certificate
 */
export function parseCertificate(pem: string): CertificateFacts | undefined {
  const block = PEM.exec(pem)?.[1];
  const [certificate] = readDer(Buffer.from(block ?? '', 'base64')) ?? [];
  const [body] = within(certificate);
  const [version, ...rest] = within(body);
  const fields = version?.tag === TAG.version ? rest : version === undefined ? [] : [version, ...rest];
  const [serial, , , validity] = fields;
  const [notBefore, notAfter] = within(validity).map(parseTime);
  if (serial?.tag !== TAG.integer || notBefore === undefined || notAfter === undefined) return undefined;
  const extensions = extensionsOf(fields);
  return {
    isAuthority: isAuthority(extensions.get(BASIC_CONSTRAINTS)),
    serialNumber: serial.content.toString('hex').replace(/^0+(?=.)/, ''),
    notBefore,
    notAfter,
    trustDomain: trustDomain(extensions.get(ALTERNATIVE_NAMES)),
  };
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
