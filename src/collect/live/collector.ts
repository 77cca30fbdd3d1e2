import type { Gap } from '../../model/artefact.ts';

/** What became of one artefact that was asked for. */
export type Collected = { readonly bytes: Buffer; readonly capturedAt: string } | { readonly gap: Gap };

/** Collects artefacts of one kind of place (API objects, nodes, pods' network namespaces, proxies, istiod). */
export interface Collector {
  collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>>;
}
