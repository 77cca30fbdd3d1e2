/**
 * Services of every kind on two real nodes, in each mode of kube-proxy: `explain` is asked, and then the request is sent for real. Verdict,
 * ends, backends and observed sources must agree; what cannot be known is undetermined, and never reachable.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import type { Facts } from '../../src/model/facts.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { captureLab } from '../lab/capture/capture.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { CLUSTER } from '../lab/network.ts';
import type { ProbeResult, Sender } from '../lab/probe/probe.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { ask } from '../sample-facts.ts';
import { disagreements } from './agreement.ts';
import { MODES, SERVICE_QUESTIONS, type ServiceQuestion } from './service-questions.ts';

/** So many that each of three backends is met but once in ten million runs. */
const REQUESTS = 40;

describe.each(MODES)('kube-proxy in mode %s', (proxyMode) => {
  let lab: Lab;
  let facts: Facts;
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-reach-e2e-'));

  beforeAll(async () => {
    lab = await startLab(SERVICES, { proxyMode });
    await captureLab(lab, folder);
    facts = createWorkspace(await collectSnapshots([folder]));
  });
  afterAll(async () => {
    await lab.stop();
    rmSync(folder, { recursive: true });
  });

  const cases = SERVICE_QUESTIONS.map((question) => [question.about, question.to, question] as const);
  it.each(cases)('%s: %s', async (_, to, question) => {
    const more = { namespace: 'shop', node: question.node ?? null };
    const explanation = explain(facts, ask(nameOf(question.from, to), to, more));
    const results = await send(lab, question);
    const differences = question.leaves
      ? staysOpen(explanation)
      : disagreements(explanation, results, question.keepsBackend ?? false);
    expect(differences, `${explanation.summary}\nsent: ${JSON.stringify(results[0])}`).toEqual([]);
  });
});

/** A refusal is the same each time; who answers is chance. */
async function send(lab: Lab, { from, to }: ServiceQuestion): Promise<ProbeResult[]> {
  const first = await lab.probes({ from, to }, 2);
  return first.some(({ disposition }) => disposition === 'delivered') ? lab.probes({ from, to }, REQUESTS) : first;
}

/** How a question names its sender. */
function nameOf(from: Sender, to: string): string {
  if (from === 'outside') return to.includes('[') ? CLUSTER.outside.v6 : CLUSTER.outside.v4;
  return 'pod' in from ? from.pod : `node/${from.node}`;
}

/** Beyond the nodes nothing was captured: the only right answer is that it is not known. */
function staysOpen({ verdict, branches }: Explanation): string[] {
  const ends = new Set(branches.map(({ disposition }) => disposition));
  return verdict === 'undetermined' && ends.has('leaves-snapshot') ? [] : [`${verdict}: ${[...ends].join(', ')}`];
}
