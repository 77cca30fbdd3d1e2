import type { Gap } from '../../model/artefact.ts';
import type { Selection } from '../../model/selection.ts';

/** A List that does not hold all objects of its kind. */
export interface CollectedPart {
  /** What of it is whole. */
  readonly selections: readonly Selection[];
  /** Why the rest is not there; empty: nobody wanted it. */
  readonly gaps: readonly Gap[];
}

/** What became of one artefact that was asked for. */
export type Collected =
  { readonly bytes: Buffer; readonly capturedAt: string; readonly part?: CollectedPart } | { readonly gap: Gap };

/** Collects artefacts of one kind of place (API objects, nodes, pods' network namespaces, proxies, istiod). */
export interface Collector {
  collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>>;
}
