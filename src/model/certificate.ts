/** What a table tells of an X.509 certificate. */
export interface CertificateFacts {
  readonly isAuthority: boolean;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Host of the spiffe:// URI among the names; `''` when there is none. */
  readonly trustDomain: string;
}

/** A name of a certificate's owner (RFC 5280, 4.2.1.6). */
export interface AlternativeName {
  readonly kind: 'email' | 'dns' | 'uri' | 'ip' | 'other';
  /** `''` for other kinds of names. */
  readonly value: string;
}

/** A certificate, and what it tells of another one. */
export interface Certificate extends CertificateFacts {
  readonly names: readonly AlternativeName[];
  /** Object identifiers of the purposes that it is limited to, in hexadecimal as DER has them; null: to none. */
  readonly purposes: readonly string[] | null;
  /** Whether it is the very same. */
  equals(other: Certificate): boolean;
  /** Whether the other one's name, key identifier and key are those of its issuer. */
  issuedBy(other: Certificate): boolean;
}

/** Reads every certificate of a text in PEM, in order; undefined when a block of it is none. Never throws. */
export type ReadCertificates = (pem: string) => readonly Certificate[] | undefined;
