import type { Gap } from '../model/artefact.ts';
import type { Branch, Coverage, CoverageGap, Finding, Step } from '../model/explanation.ts';

/** Longest list of gaps that an answer carries; the rest is counted in one line. */
const GAP_LIMIT = 200;

/** What the answer rests on, and what it does not know. */
export function coverageOf(branches: readonly Branch[], findings: readonly Finding[], gaps: readonly Gap[]): Coverage {
  const hops = branches.flatMap((branch) => branch.hops);
  const steps = (basis: string): number =>
    new Set(
      hops.filter((hop) => hop.basis === basis).flatMap((hop) => hop.steps.map((step) => `${hop.name}|${step.text}`)),
    ).size;
  const assumed = hops.flatMap((hop) => hop.steps.flatMap(assumptionsOf));
  const cited = [
    ...hops.flatMap((hop) => hop.steps.flatMap((step) => step.evidence)),
    ...findings.flatMap((finding) => finding.evidence),
  ];
  return {
    proven: steps('programmed'),
    intended: steps('intended'),
    assumed: [...new Set(assumed)],
    notChecked: NOT_CHECKED,
    gaps: limited(gaps.map(coverageGap)),
    artefacts: [...new Set(cited.map((evidence) => evidence.artefact))].toSorted(),
  };
}

/** What a step takes for granted: itself when it is an assumption, and whatever it says besides. */
function assumptionsOf(step: Step): readonly string[] {
  return [...(step.action === 'assumed' ? [step.text] : []), ...(step.assumptions ?? [])];
}

/** What no dump of a snapshot can tell, said with every answer. */
const NOT_CHECKED: readonly string[] = [
  'The network between machines: cables, cloud firewalls, security groups, MTU.',
  'Whether the application answers well: a proxy or node can only bring the request to it.',
];

function coverageGap(gap: Gap): CoverageGap {
  return {
    artefact: gap.artefact,
    ...(gap.line === undefined ? {} : { line: gap.line }),
    ...(gap.pointer === undefined ? {} : { pointer: gap.pointer }),
    problem: gap.raw === undefined ? gap.problem : `${gap.problem}: ${gap.raw}`,
    remedy: gap.remedy ?? null,
  };
}

function limited(gaps: readonly CoverageGap[]): readonly CoverageGap[] {
  if (gaps.length <= GAP_LIMIT) return gaps;
  const left = gaps.length - GAP_LIMIT;
  const artefact = gaps[GAP_LIMIT]?.artefact ?? '';
  return [...gaps.slice(0, GAP_LIMIT), { artefact, problem: `and ${left} further gaps`, remedy: null }];
}
