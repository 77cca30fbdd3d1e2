import { compareText } from '../model/order.ts';

/** What differs from one place to the next: processes, pods that were made for it, identifiers, addresses. A status is the reason itself. */
const OF_ONE_PLACE = /-t \d+|\b(?:pod|node|container) [\w./-]+|\b[0-9a-f]{12,}\b|(?<!status |\(|\d)\d+/g;

interface GapText {
  readonly kind?: string;
  readonly artefact: string;
  readonly line?: number;
  readonly pointer?: string;
  readonly problem: string;
  readonly remedy?: string | null;
}

/**
 * Puts gaps together that have one reason: the same problem, but for the place where it was met, with the same remedy.
 * @param exactly whether places count as well
 * @returns groups in the order of their first gaps; none is empty
 */
export function gapReasons<G extends GapText>(gaps: readonly G[], exactly = false): readonly (readonly [G, ...G[]])[] {
  const groups = new Map<string, [G, ...G[]]>();
  for (const gap of gaps) {
    const key = exactly ? JSON.stringify([gap.kind, gap.problem, gap.remedy]) : reasonOf(gap);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [gap]);
    else group.push(gap);
  }
  return [...groups.values()];
}

function reasonOf({ kind, artefact, problem, remedy }: GapText): string {
  const texts = [problem.replaceAll(artefact, ''), remedy ?? ''];
  return JSON.stringify([kind, ...texts.map((text) => text.replaceAll(OF_ONE_PLACE, ''))]);
}

/** Tells a reason once: `2 times a.txt, b.txt, as clusters/…/a.txt: problem (remedy)`. @param whole name each artefact in full */
export function reasonText(group: readonly [GapText, ...GapText[]], whole = false): string {
  const [first] = group;
  const closing = first.remedy === undefined || first.remedy === null ? '' : ` (${first.remedy})`;
  return `${whole ? group.map(placeOf).join(', ') : someOf(group)}: ${first.problem}${closing}`;
}

function someOf(group: readonly [GapText, ...GapText[]]): string {
  if (group.length === 1) return placeOf(group[0]);
  const files = new Set(group.map(({ artefact }) => artefact.slice(artefact.lastIndexOf('/') + 1)));
  const names = [...files].toSorted(compareText);
  const shown = names.length > 4 ? [...names.slice(0, 3), '…'] : names;
  return `${group.length} times ${shown.join(', ')}, as ${placeOf(group[0])}`;
}

function placeOf({ artefact, line, pointer = '' }: GapText): string {
  return `${artefact}${line === undefined ? pointer : `:${line}`}`;
}
