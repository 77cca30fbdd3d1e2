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
  return numbered(join(ways, 0, ways.length > 1));
}

function wayOf(branch: Branch): Way {
  const stops = branch.hops.flatMap((hop, hopIndex) => hop.steps.map((step) => ({ hop, hopIndex, step })));
  return { branch, stops };
}

/** The tree of ways that agree up to stop `from`. */
function join(ways: readonly Way[], from: number, parted: boolean): AnswerTree {
  const first = ways[0];
  if (first === undefined) return { share: null, condition: null, hops: [], children: [], end: null, alike: null };
  let to = from;
  while (ways.every((way) => sameStop(way.stops[to], first.stops[to]))) to++;
  const hops = hopsOf(first, from, to);
  const share = parted ? ways.reduce((sum, way) => sum + way.branch.probability, 0) : null;
  const condition = sharedCondition(ways);
  if (ways.length === 1) return { share, condition, hops, children: [], end: first.branch, alike: null };
  const children = groups(ways, to).map((group) => join(group, to, true));
  return { share, condition, hops, children: folded(children), end: null, alike: null };
}

function sameStop(one: Stop | undefined, other: Stop | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return (
    one.hopIndex === other.hopIndex &&
    one.hop.name === other.hop.name &&
    one.hop.kind === other.hop.kind &&
    one.step.text === other.step.text
  );
}

/** Ways with the same next stop belong together; each way that ends here stands alone. */
function groups(ways: readonly Way[], at: number): readonly (readonly Way[])[] {
  const byStop = new Map<string, Way[]>();
  ways.forEach((way, index) => {
    const stop = way.stops[at];
    const key =
      stop === undefined ? `end ${index}` : `${stop.hopIndex}|${stop.hop.kind}|${stop.hop.name}|${stop.step.text}`;
    const group = byStop.get(key);
    if (group === undefined) byStop.set(key, [way]);
    else group.push(way);
  });
  return [...byStop.values()];
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

/** The condition that all these ways suppose; null when they differ or suppose nothing. */
function sharedCondition(ways: readonly Way[]): string | null {
  const condition = ways[0]?.branch.condition ?? null;
  return ways.every((way) => way.branch.condition === condition) ? condition : null;
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
  const branches = trees.flatMap((tree) => (tree.end === null ? [] : [tree.end]));
  const rest = branches.slice(ALIKE_SHOWN);
  return {
    shown: branches.slice(0, ALIKE_SHOWN),
    more: rest.length,
    moreShare: rest.reduce((sum, branch) => sum + branch.probability, 0),
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
