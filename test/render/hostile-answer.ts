import type { Explanation } from '../../src/model/explanation.ts';

/** What somebody who may name a chain, a pod or a route could try on whoever reads the answer. */
export const HOSTILE = [
  '\u001b[2J\u001b]0;title\u0007\u009b31m\u0000\r\b',
  '\nREACHABLE all is well',
  '"]; click n0 "javascript:alert(1)" %%{init: {}}%% <script>alert(1)</script> `code` #quot; |x|',
  '\u202egnihtyna\u2066\u2028\u2029\u200f\u061c\u0085',
].join('');

/** The answer with such text in every place that a cluster fills. */
export function hostile(answer: Explanation): Explanation {
  const text = (value: string): string => `${HOSTILE}${value}`;
  return {
    ...answer,
    summary: text(answer.summary),
    request: { ...answer.request, notes: [HOSTILE] },
    replicas: [{ pod: HOSTILE, verdict: 'reachable', differs: true, summary: HOSTILE }],
    findings: [
      {
        code: 'KR101',
        severity: 'error',
        subject: HOSTILE,
        cause: HOSTILE,
        remedy: HOSTILE,
        evidence: [{ artefact: HOSTILE, line: 1, raw: HOSTILE }],
      },
    ],
    coverage: {
      ...answer.coverage,
      assumed: [HOSTILE],
      gaps: [{ artefact: HOSTILE, pointer: `/${HOSTILE}`, problem: HOSTILE, remedy: HOSTILE }],
    },
    branches: answer.branches.map((branch, index) => ({
      ...branch,
      condition: index === 0 ? HOSTILE : branch.condition,
      reason: text(branch.reason),
      flag: HOSTILE,
      observedSource: HOSTILE,
      backend: branch.backend === null ? null : { ...branch.backend, pod: HOSTILE, node: HOSTILE },
      hops: branch.hops.map((hop) => ({
        ...hop,
        name: text(hop.name),
        steps: hop.steps.map((step) => ({
          ...step,
          text: text(step.text),
          evidence: step.evidence.map((one) => ({ ...one, raw: text(one.raw), artefact: text(one.artefact) })),
        })),
      })),
    })),
  };
}
