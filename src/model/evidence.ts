/**
 * What proves a step or a finding: the artefact, the place in it, and the raw text that stands there.
 *
 * `line` (1-based) is for text artefacts; `pointer` (RFC 6901) is for JSON artefacts, and then `raw` is
 * `JSON.stringify` of the value at the pointer. Law 1 of the design holds every evidence against its artefact.
 */
export interface Evidence {
  /** Name of the artefact, as in a snapshot: `clusters/lab/nodes/node1/iptables-save.txt`. */
  readonly artefact: string;
  readonly line?: number;
  readonly pointer?: string;
  readonly raw: string;
}

/** Each place once, in the order in which it was first cited. */
export function uniqueEvidence(evidence: readonly Evidence[]): Evidence[] {
  const places = new Map<string, Evidence>();
  for (const one of evidence) {
    const place = `${one.artefact}:${one.line ?? one.pointer ?? ''}`;
    if (!places.has(place)) places.set(place, one);
  }
  return [...places.values()];
}
