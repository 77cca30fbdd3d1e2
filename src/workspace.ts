/**
 * Everything known, read from artefacts.
 *
 * In: a source of artefacts (a snapshot, loose files, later a live cluster). Out: facts, each parsed on first use and kept, with
 * the gaps of whatever was asked for. An artefact that is not there, is empty, cut off or of another format gives no fact and a
 * gap with what would close it; it is never taken for "there is none". It must not do I/O itself, nor evaluate anything.
 */
import type { ArtefactSource, Gap } from './model/artefact.ts';
import type { Facts } from './model/facts.ts';
import { clusterFacts } from './workspace/cluster-facts.ts';
import { clusterOf, expectedNames } from './workspace/layout.ts';
import { Reader } from './workspace/reader.ts';

/** Builds the facts of a source; nothing is read before it is asked for. */
export function createWorkspace(source: ArtefactSource): Facts {
  const reader = new Reader(source);
  const names = [...source.names()].toSorted();
  reader.ledger.add(names.flatMap(unknownName));
  const clusters = [...new Set(names.flatMap((name) => clusterOf(name) ?? []))].toSorted();
  return {
    clusters: clusters.map((cluster) => clusterFacts(reader, cluster, names)),
    artefact: (name) => source.artefact(name),
    gaps: () => reader.ledger.list(),
  };
}

/** A file that the format does not know is read by nobody, which a person who misnamed it must hear. */
function unknownName(name: string): readonly Gap[] {
  const expected = expectedNames(name);
  if (expected === undefined) return [];
  const file = name.slice(name.lastIndexOf('/') + 1);
  const meant = expected.find((one) => one.toLowerCase() === file.toLowerCase());
  const remedy = meant === undefined ? `the names there are ${expected.join(', ')}` : `rename it to ${meant}`;
  return [
    { kind: 'not-understood', artefact: name, problem: 'the snapshot format knows no file of this name', remedy },
  ];
}
