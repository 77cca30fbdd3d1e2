import type { Gap } from '../model/artefact.ts';
import { compareText } from '../model/order.ts';

/** What differs from one place to the next: processes, pods that were made for it, identifiers, addresses. */
const OF_ONE_PLACE = /-t \d+|\b(?:pod|node|container) [\w./-]+|\b[0-9a-f]{12,}\b|\d+/g;

/** Artefacts that are not there for one reason. */
interface Group {
  readonly first: Gap;
  readonly files: Set<string>;
  count: number;
}

/**
 * Lines that tell what is not in a snapshot: one for each reason, with an example. The index of the snapshot names them all.
 * @param gaps in the order in which they are told
 */
export function skippedLines(gaps: readonly Gap[]): readonly string[] {
  const groups = new Map<string, Group>();
  for (const gap of gaps) {
    const key = `${gap.kind} ${gap.problem.replaceAll(gap.artefact, '').replaceAll(OF_ONE_PLACE, '')}`;
    const group = groups.get(key) ?? { first: gap, files: new Set(), count: 0 };
    group.files.add(gap.artefact.slice(gap.artefact.lastIndexOf('/') + 1));
    group.count += 1;
    groups.set(key, group);
  }
  const lines = [...groups.values()].map(lineOf);
  return lines.length < gaps.length ? [...lines, 'snapshot.json names each of them'] : lines;
}

function lineOf({ first, files, count }: Group): string {
  const { artefact, problem, remedy } = first;
  const closing = remedy === undefined ? '' : ` (${remedy})`;
  if (count === 1) return `not in it: ${artefact}: ${problem}${closing}`;
  const names = [...files].toSorted(compareText);
  const shown = names.length > 4 ? [...names.slice(0, 3), '…'] : names;
  return `not in it: ${count} times ${shown.join(', ')}, as ${artefact}: ${problem}${closing}`;
}
