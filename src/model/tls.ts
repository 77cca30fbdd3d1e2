import type { Unknown } from './branching.ts';
import type { Certificate } from './certificate.ts';

/** One side of a TLS handshake, as a proxy's configuration and secrets have it. Read when somebody asks. */
export interface TlsSide {
  /** Its own certificate first, then what leads to an authority; `[]`: it presents none; null: SDS has not delivered it. */
  readonly chain: readonly Certificate[] | null | Unknown;
  /** What it demands of the other side's certificate; null: nothing is looked at. */
  readonly demands: TlsDemands | null | Unknown;
  /** Versions that it speaks, as `12` for TLS 1.2. */
  readonly lowestVersion: number;
  readonly highestVersion: number;
}

/** What one side demands of the other's certificate. */
export interface TlsDemands {
  /** Whether there must be one; a server's always must. */
  readonly required: boolean;
  /** Certificates that are trusted; `[]`: none, so that no certificate is accepted; null: SDS has not delivered them. */
  readonly authorities: readonly Certificate[] | null;
  readonly allowsExpired: boolean;
  /** Whether a name of the certificate is one that is wanted. */
  readonly acceptsNames: (certificate: Certificate) => boolean | Unknown;
  /** A host or address that one of its names must be, whatever else is wanted; null: none. */
  readonly host: string | null;
  /** Time of the side's dump (RFC 3339), by which dates are judged; null: not known. */
  readonly at: string | null;
}

/** A handshake that fails, as its client sees it. */
export interface HandshakeFailure {
  /** With TLS 1.3 a server looks at the client's certificate when the client has long sent its request. */
  readonly established: boolean;
  /** What a client of BoringSSL logs (UPSTREAM_TRANSPORT_FAILURE_REASON); null: not known. */
  readonly error: string | null;
  /** Names of secrets that the server needs and SDS has not delivered; without any it is for another reason. */
  readonly undelivered?: readonly string[];
}
