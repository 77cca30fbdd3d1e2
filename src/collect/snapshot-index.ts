import type { Gap, GapKind } from '../model/artefact.ts';
import { Cursor } from '../model/json.ts';

/** What snapshot.json says: of the format, the time, and what the capture left out. */
export interface SnapshotIndex {
  /** null: it does not say. */
  readonly formatVersion: number | null;
  readonly capturedAt: string | null;
  readonly gaps: readonly Gap[];
}

const KINDS: Readonly<Record<string, GapKind>> = {
  missing: 'missing',
  forbidden: 'forbidden',
  unreadable: 'unreadable',
  'not-understood': 'not-understood',
  'too-large': 'too-large',
};

/** What a snapshot says of itself. */
export interface SnapshotDescription {
  readonly tool: { readonly name: string; readonly version: string };
  /** RFC 3339; null: the source did not say. */
  readonly capturedAt: string | null;
  readonly clusters: readonly string[];
  /** What was taken out: `none`, `secrets` or `names`. */
  readonly redacted: string;
  /** What the snapshot was limited to, in the words of the command; empty: nothing. */
  readonly scope: readonly string[];
  /** What could not be captured or was left out, and why. */
  readonly skipped: readonly Gap[];
}

/** The text of snapshot.json; byte-equal for equal descriptions. */
export function formatSnapshotIndex({
  capturedAt,
  clusters,
  redacted,
  scope,
  skipped,
  tool,
}: SnapshotDescription): Buffer {
  const entries = skipped.map(({ artefact, kind, problem, remedy }) => ({ artefact, kind, problem, remedy }));
  const index = { formatVersion: FORMAT_VERSION, tool, capturedAt, clusters, redacted, scope, skipped: entries };
  return Buffer.from(`${JSON.stringify(index, null, 1)}\n`);
}

/** The newest format that this tool knows. */
export const FORMAT_VERSION = 1;
const INDEX_LIMIT = 16 * 1024 * 1024;

/** Reads snapshot.json. It may be missing, or have been made by hand: whatever it does not say is not known. */
export function readSnapshotIndex(name: string, bytes: Buffer | undefined): SnapshotIndex {
  if (bytes === undefined) return { formatVersion: null, capturedAt: null, gaps: [] };
  const unread = (kind: GapKind, problem: string): SnapshotIndex => ({
    formatVersion: null,
    capturedAt: null,
    gaps: [{ kind, artefact: name, problem }],
  });
  if (bytes.length > INDEX_LIMIT)
    return unread('too-large', 'the index of the snapshot is longer than any that a tool writes');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return unread('unreadable', 'the index of the snapshot is no JSON');
  }
  const root = new Cursor(name, '', value);
  return {
    formatVersion: root.at('formatVersion').number() ?? null,
    capturedAt: root.at('capturedAt').string() ?? null,
    gaps: root
      .at('skipped')
      .items()
      .map((entry) => skippedGap(name, entry)),
  };
}

/** `{artefact, kind, problem, remedy}`: what the capture could not get, and why. */
function skippedGap(index: string, entry: Cursor): Gap {
  const remedy = entry.at('remedy').string();
  return {
    kind: KINDS[entry.at('kind').string() ?? ''] ?? 'missing',
    artefact: entry.at('artefact').string() ?? index,
    problem: entry.at('problem').string() ?? 'the capture left it out',
    ...(remedy === undefined ? {} : { remedy }),
  };
}
