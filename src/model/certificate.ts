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
