import type { AlikeBranches, AnswerHop, AnswerTree, NumberedStep } from '../model/answer-tree.ts';
import type { Branch, Hop, Step } from '../model/explanation.ts';

/** Branches that are told in one line each before the rest is counted. */
const ALIKE_SHOWN = 5;

/** One step of one branch, with the hop it belongs to. */
interface Stop {
  readonly hop: Hop;
  readonly hopIndex: number;
  readonly step: Step;
}

/** What stands at the beginning of a way that parted from others. */
type Label = Pick<AnswerTree, 'share' | 'condition'>;

interface Way {
  readonly branch: Branch;
  readonly stops: readonly Stop[];
}

/**
 * Joins the branches of an answer at their common beginnings and folds ways that differ only in the machines they name.
 * Branches keep their order; steps are numbered in the order they are shown.
 */
export function answerTree(branches: readonly Branch[]): AnswerTree {
  const ways = branches.filter((branch) => branch.probability > 0).map(wayOf);
  return numbered(join(ways, 0, null, { share: null, condition: null }));
}

function wayOf(branch: Branch): Way {
  const stops = branch.hops.flatMap((hop, hopIndex) => hop.steps.map((step) => ({ hop, hopIndex, step })));
  return { branch, stops };
}

/**
 * The tree of ways that agree up to stop `from`.
 * @param under the condition that the ways above already suppose
 */
function join(ways: readonly Way[], from: number, under: string | null, label: Label): AnswerTree {
  const first = ways[0];
  if (first === undefined) return { ...label, hops: [], children: [], end: null, alike: null };
  let to = from;
  while (ways.every((way) => sameStop(way.stops[to], first.stops[to]))) to++;
  const hops = hopsOf(first, from, to);
  if (ways.length === 1) return { ...label, hops, children: [], end: first.branch, alike: null };
  return { ...label, hops, children: folded(parted(ways, to, under)), end: null, alike: null };
}

/** Where ways part: first by what they suppose, then by where they go. */
function parted(ways: readonly Way[], at: number, under: string | null): readonly AnswerTree[] {
  const byCondition = grouped(ways, (way) => way.branch.condition ?? '');
  if (byCondition.length > 1) {
    return byCondition.map((group) => {
      const condition = group[0]?.branch.condition ?? null;
      const share = group.length === 1 && condition === null ? shareOf(group) : null;
      return join(group, at, condition, { share, condition });
    });
  }
  const byStop = grouped(ways, (way, index) => stopKey(way.stops[at], index));
  return byStop.map((group) => join(group, at, under, { share: shareOf(group), condition: null }));
}

function shareOf(ways: readonly Way[]): number {
  return ways.reduce((sum, way) => sum + way.branch.probability, 0);
}

/** Ways with the same key together, in the order of their first. */
function grouped(ways: readonly Way[], keyOf: (way: Way, index: number) => string): readonly (readonly Way[])[] {
  const groups = new Map<string, Way[]>();
  for (const [index, way] of ways.entries()) {
    const key = keyOf(way, index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [way]);
    else group.push(way);
  }
  return [...groups.values()];
}

function sameStop(one: Stop | undefined, other: Stop | undefined): boolean {
  return one !== undefined && other !== undefined && stopKey(one, 0) === stopKey(other, 0);
}

/** Ways that end here have no next stop: each stands alone. */
function stopKey(stop: Stop | undefined, index: number): string {
  if (stop === undefined) return `end ${index}`;
  return `${stop.hopIndex}|${stop.hop.kind}|${stop.hop.name}|${stop.step.text}`;
}

function hopsOf(way: Way, from: number, to: number): readonly AnswerHop[] {
  const hops: AnswerHop[] = [];
  let last = from > 0 ? way.stops[from - 1]?.hopIndex : undefined;
  for (const { hop, hopIndex, step } of way.stops.slice(from, to)) {
    const open = hops.at(-1);
    const numberedStep: NumberedStep = { number: 0, step };
    if (open !== undefined && last === hopIndex)
      hops[hops.length - 1] = { ...open, steps: [...open.steps, numberedStep] };
    else {
      const { kind, name, role, basis } = hop;
      hops.push({ kind, name, role, basis, continued: last === hopIndex, steps: [numberedStep] });
    }
    last = hopIndex;
  }
  return hops;
}

/** Folds a sibling into the first before it that goes the same kind of way to an end of the same kind. */
function folded(children: readonly AnswerTree[]): readonly AnswerTree[] {
  const kept: { tree: AnswerTree; like: AnswerTree[] }[] = [];
  for (const child of children) {
    const same = kept.find(({ tree }) => tree.end !== null && child.end !== null && shape(tree) === shape(child));
    if (same === undefined) kept.push({ tree: child, like: [] });
    else same.like.push(child);
  }
  return kept.map(({ tree, like }) => (like.length === 0 ? tree : { ...tree, alike: alikeOf(like) }));
}

function alikeOf(trees: readonly AnswerTree[]): AlikeBranches {
  const alike = trees.flatMap(({ share, condition, end }) => (end === null ? [] : [{ share, condition, branch: end }]));
  const rest = alike.slice(ALIKE_SHOWN);
  return {
    shown: alike.slice(0, ALIKE_SHOWN),
    more: rest.length,
    moreShare: rest.reduce((sum, one) => sum + (one.share ?? 0), 0),
  };
}

/** What two ways must share to be alike: kinds of hops and steps, and the end; not names, addresses or numbers. */
function shape(tree: AnswerTree): string {
  const hops = tree.hops.map(
    (hop) =>
      `${hop.kind}/${hop.role ?? ''}/${hop.basis}:${hop.steps.map(({ step }) => `${step.kind}.${step.action}`).join(',')}`,
  );
  const end = tree.end;
  return [...hops, end?.disposition, end?.status, end?.flag, end?.condition === null ? '' : 'conditional'].join(';');
}

function numbered(tree: AnswerTree): AnswerTree {
  let next = 1;
  const number = (one: AnswerTree): AnswerTree => {
    const hops = one.hops.map((hop) => ({ ...hop, steps: hop.steps.map(({ step }) => ({ number: next++, step })) }));
    return { ...one, hops, children: one.children.map(number) };
  };
  return number(tree);
}
