import type { AnswerTree, NumberedStep } from '../model/answer-tree.ts';
import { escapeLine } from './escape-controls.ts';

/** The step of that number; undefined when the answer has none. */
export function findStep(tree: AnswerTree, number: number): NumberedStep | undefined {
  const here = tree.hops.flatMap((hop) => hop.steps).find((step) => step.number === number);
  if (here !== undefined) return here;
  for (const child of tree.children) {
    const below = findStep(child, number);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** One step with everything that proves it, uncut. */
export function renderStep({ number, step }: NumberedStep): string {
  const proof = step.evidence.flatMap((evidence) => {
    const place =
      evidence.line === undefined
        ? evidence.pointer === undefined
          ? ''
          : ` ${evidence.pointer}`
        : `:${evidence.line}`;
    return ['', `${evidence.artefact}${place}`, `  ${evidence.raw}`];
  });
  const lines = [`step ${number}: ${step.text}`, `${step.kind}, ${step.action}`, ...proof];
  if (proof.length === 0) lines.push('', 'No artefact stands behind this step: it is an assumption.');
  return lines.map(escapeLine).join('\n');
}
