import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { captureLab } from '../lab/capture/capture.ts';
import type { Lab } from '../lab/lab.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { differences } from '../agreement/agreement.ts';
import { liveAnswers } from '../agreement/live-answers.ts';
import { questionOf, sendAll } from '../agreement/request-question.ts';
import { SERVICE_QUESTIONS } from './service-questions.ts';
import type { ProxyMode } from '../lab/topology/topology.ts';
import { sharedLab } from './shared-lab.ts';

const NAMESPACE = 'shop';
/** The mode in which the running cluster is asked: what is collected live is the same in each. */
const LIVE = 'iptables';

/**
 * Services of every kind on two real nodes: `explain` is asked, and then the request is sent for real. Verdict, ends, backends and observed
 * sources must agree; what cannot be known is undetermined, and never reachable. In every mode it is asked of a snapshot, in one of the
 * running cluster as well.
 */
export function testServices(proxyMode: ProxyMode): void {
  let lab: Lab;
  /** Of a snapshot, and of the running cluster; in the order of the questions. */
  const answers: { how: string; explanations: readonly Explanation[] }[] = [];
  /** What really happened. */
  let sent: readonly (readonly ProbeResult[])[];
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-reach-e2e-'));

  beforeAll(async () => {
    lab = await sharedLab(SERVICES, proxyMode);
    await captureLab(lab, folder);
    const facts = createWorkspace(await collectSnapshots([folder]));
    const questions = SERVICE_QUESTIONS.map((question) => questionOf(question, NAMESPACE));
    answers.push({ how: 'snapshot', explanations: questions.map((question) => explain(facts, question)) });
    if (proxyMode === LIVE) answers.push({ how: 'live', explanations: await liveAnswers(lab, questions) });
    sent = await sendAll(lab, SERVICE_QUESTIONS, NAMESPACE);
  });
  afterAll(async () => {
    lab.api.close();
    rmSync(folder, { recursive: true });
  });

  const cases = SERVICE_QUESTIONS.map((question, at) => [question.about, question.to, question, at] as const);
  it.each(cases)('%s: %s', (_about, _to, question, at) => {
    const results = sent[at] ?? [];
    for (const { how, explanations } of answers) {
      const explanation = explanations[at] as Explanation;
      const told = `${how}: ${explanation.summary}\nsent: ${JSON.stringify(results[0])}`;
      expect(differences(question, explanation, results), told).toEqual([]);
    }
  });
}
