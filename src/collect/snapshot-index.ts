import type { Gap, GapKind } from '../model/artefact.ts';
import { Cursor } from '../model/json.ts';
import type { Selection } from '../model/selection.ts';

/** What snapshot.json says: of the format, the time, and what the capture left out. */
export interface SnapshotIndex {
  /** null: it does not say. */
  readonly formatVersion: number | null;
  readonly capturedAt: string | null;
  readonly gaps: readonly Gap[];
  /** What of a List is whole, of those that do not hold all objects of their kind; null: of no List is it known. */
  readonly parts: ReadonlyMap<string, readonly Selection[]> | null;
}

/** A List that does not hold all objects of its kind. */
export interface PartialList {
  readonly artefact: string;
  readonly selections: readonly Selection[];
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
  /** Sorted by name. */
  readonly partial: readonly PartialList[];
  /** What could not be captured or was left out, and why. */
  readonly skipped: readonly Gap[];
}

/** The text of snapshot.json; byte-equal for equal descriptions. */
export function formatSnapshotIndex({
  capturedAt,
  clusters,
  partial,
  redacted,
  scope,
  skipped,
  tool,
}: SnapshotDescription): Buffer {
  const entries = skipped.map(({ artefact, kind, problem, remedy }) => ({ artefact, kind, problem, remedy }));
  const parts = partial.map(({ artefact, selections }) => ({ artefact, part: { selections } }));
  const index = {
    formatVersion: FORMAT_VERSION,
    tool,
    capturedAt,
    clusters,
    redacted,
    scope,
    partial: parts,
    skipped: entries,
  };
  return Buffer.from(`${JSON.stringify(index, null, 1)}\n`);
}

/** The newest format that this tool knows. */
export const FORMAT_VERSION = 1;
const INDEX_LIMIT = 16 * 1024 * 1024;

/** Reads snapshot.json. It may be missing, or have been made by hand: whatever it does not say is not known. */
export function readSnapshotIndex(name: string, bytes: Buffer | undefined): SnapshotIndex {
  if (bytes === undefined) return { formatVersion: null, capturedAt: null, gaps: [], parts: new Map() };
  const unread = (kind: GapKind, problem: string): SnapshotIndex => ({
    formatVersion: null,
    capturedAt: null,
    gaps: [{ kind, artefact: name, problem }],
    parts: null,
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
    parts: partialLists(root.at('partial')),
  };
}

/** `[{artefact, part: {selections}}]`. null: of some List nobody knows which one it is, so that none can be taken for whole. */
function partialLists(entries: Cursor): ReadonlyMap<string, readonly Selection[]> | null {
  if (entries.exists && !Array.isArray(entries.value)) return null;
  const parts = new Map<string, readonly Selection[]>();
  for (const entry of entries.items()) {
    const artefact = entry.at('artefact').string();
    if (artefact === undefined) return null;
    parts.set(artefact, entry.at('part', 'selections').items().flatMap(selectionOf));
  }
  return parts;
}

const SELECTS: ReadonlySet<string> = new Set<keyof Selection>(['namespace', 'labels', 'fields']);

/** A selection with something in it that is not known holds less than it seems to: it counts for nothing. */
function selectionOf(entry: Cursor): Selection[] {
  const members = entry.entries();
  if (!entry.isObject() || members.some(([key, value]) => !SELECTS.has(key) || value.string() === undefined)) return [];
  return [Object.fromEntries(members.map(([key, value]) => [key, value.value]))];
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
