/** How much of a snapshot is read. A real one stays far below; what goes beyond is a mistake or meant to harm. */
export interface Limits {
  /** Files in a snapshot, folders and what is refused included. */
  readonly entries: number;
  /** Bytes of one file. */
  readonly entryBytes: number;
  /** Bytes of an archive, unpacked. */
  readonly totalBytes: number;
  /** Unpacked bytes for each packed one, once more than `ratioFromBytes` are unpacked; text of clusters reaches some 50. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  /** Folders inside folders. */
  readonly depth: number;
}

const MIB = 1024 * 1024;

export const LIMITS: Limits = {
  entries: 500_000,
  // readFileSync gives up at 2 GiB.
  entryBytes: 2047 * MIB,
  totalBytes: 4096 * MIB,
  ratio: 300,
  ratioFromBytes: 64 * MIB,
  depth: 24,
};

/** Bytes for people: `2.0 GiB`, `300 MiB`, `12 bytes`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1024 * MIB) return `${(bytes / (1024 * MIB)).toFixed(1)} GiB`;
  if (bytes >= MIB) return `${Math.round(bytes / MIB)} MiB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : `${bytes} bytes`;
}
