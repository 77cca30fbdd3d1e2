import type { Selection } from './selection.ts';

/** One raw thing that was read: a list of objects, an iptables-save, a config_dump. Nobody has interpreted it yet. */
export interface Artefact {
  /** Its path in a snapshot (`clusters/<cluster>/nodes/<node>/iptables-save.txt`), or the loose file's own name. */
  readonly name: string;
  /** RFC 3339 time of the capture, when the source says so. */
  readonly capturedAt: string | null;
  readonly bytes: Buffer;
  /** The same bytes, where they need not be in memory all at once. */
  readonly stored?: StoredBytes;
  /** Set when it is a List that does not hold all objects of its kind. */
  readonly part?: ListPart;
}

/** Bytes of which parts can be read. */
export interface StoredBytes {
  readonly length: number;
  slice(start: number, end: number): Buffer;
  /** As `slice`, for a short look: the bytes may be others after the next call. */
  peek(start: number, end: number): Buffer;
}

/** What of a List is whole, so that what it does not hold is not there. */
export interface ListPart {
  readonly selections: readonly Selection[];
  /** Whether every object that the selection picks is in it. A source that can still ask for them takes this for a wish. */
  holds(selection: Selection): boolean;
}

/** Where artefacts come from: a snapshot, loose files, a live cluster. */
export interface ArtefactSource {
  /** Names of everything that can be asked for, sorted. */
  names(): readonly string[];
  /**
   * Reads one artefact, on first use.
   * @returns undefined when there is none of that name, or when it cannot be read; then `gaps` tells why
   */
  artefact(name: string): Artefact | undefined;
  /** Holes met so far: what was skipped, refused or could not be read. */
  gaps(): readonly Gap[];
  /** One clause: what would make the source tell more of an artefact; undefined (of a snapshot always): a person captures it. */
  remedy?(name: string): string | undefined;
}

/** Why something is not known. */
export type GapKind =
  /** nobody captured it */
  | 'missing'
  /** the API server or the node refused it */
  | 'forbidden'
  /** it is there, but it could not be read, or its text is not of its format */
  | 'unreadable'
  /** it is well formed, but this tool has no rule for it */
  | 'not-understood'
  /** it is larger or deeper than the tool will read */
  | 'too-large';

/** A hole in our knowledge, with what would close it. */
export interface Gap {
  readonly kind: GapKind;
  /** Name of the artefact it concerns. */
  readonly artefact: string;
  readonly line?: number;
  readonly pointer?: string;
  /** The first 200 characters of the text that was not understood. */
  readonly raw?: string;
  /** One clause: what is wrong with it, e.g. `unknown match extension "foo"`. */
  readonly problem: string;
  /** One clause: what would close the gap, e.g. `run iptables-save on node1`. */
  readonly remedy?: string;
}

/** What a parser gives back: everything that could be read, and the holes. A parser never throws on bad input. */
export interface Parsed<T> {
  readonly value: T;
  readonly gaps: readonly Gap[];
}

/** Longest raw text that a gap repeats. */
const GAP_RAW_LIMIT = 200;

/** Cuts a raw text to what a gap repeats. */
export function gapRaw(text: string): string {
  return text.length <= GAP_RAW_LIMIT ? text : `${text.slice(0, GAP_RAW_LIMIT - 1)}…`;
}
