/**
 * istiod's own configuration, at random: objects are applied, every proxy is told, each request is explained from what the proxies then
 * have, and really sent. Verdict, status and backends must agree, and flags with what the proxies' access logs show; what is
 * undetermined is counted. `REACH_SEED` and `REACH_ROUNDS` choose another run.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Explanation } from '../../../src/model/explanation.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import type { ProbeResult } from '../../lab/probe/probe.ts';
import { MESH_BASE } from '../../lab/topology/mesh-base.ts';
import { contradictions, likelyMissed } from '../../agreement/agreement.ts';
import { liveAnswers } from '../../agreement/live-answers.ts';
import { flagDifferences, readLogs, type Sent } from './foretold-flags.ts';
import { makeGatewaySecrets } from './gateway-secrets.ts';
import { MeshConfiguration, proxies } from './mesh-configuration.ts';
import { randomMesh } from './random-mesh.ts';
import { podAddresses, questionOf, type RequestQuestion, sendAll } from '../../agreement/request-question.ts';

const NAMESPACE = 'bookinfo';
const SEED = Number(process.env['REACH_SEED'] ?? 1);
const ROUNDS = Number(process.env['REACH_ROUNDS'] ?? 4);
const REQUESTS = 75;
/** Of all requests. */
const MOST_UNDETERMINED = 0.05;

let lab: Lab;
let mesh: MeshConfiguration;
const counts = { agree: 0, undetermined: 0, leave: 0, silent: 0, bare: 0, disagree: 0 };
/** How requests ended, so that it shows whether the configurations do anything. */
const ends = new Map<string, number>();

beforeAll(async () => {
  lab = await startLab(MESH_BASE);
  mesh = new MeshConfiguration(lab);
  await makeGatewaySecrets(lab);
  return () => lab.stop();
});

/** With a User-Agent, by which the access logs name it. */
function withAgent(question: RequestQuestion, agent: string): RequestQuestion {
  return question.to.startsWith('http')
    ? { ...question, headers: { ...question.headers, 'user-agent': agent } }
    : question;
}

function sentOf(question: RequestQuestion, explanation: Explanation, results: readonly ProbeResult[]): Sent {
  const url = new URL(question.to);
  return {
    agent: question.headers?.['user-agent'] ?? '',
    hidden: question.from === 'outside',
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    explanation,
    results,
  };
}

/** Whether requests of one sender may share a connection, and so whom kube-proxy chose for it: no DestinationRule limits this cluster. */
function keepsConnection({ branches }: Explanation): boolean {
  return branches.some(({ hops }) =>
    hops.some(({ steps }) => steps.some(({ text }) => text.includes('PassthroughCluster'))),
  );
}

/** Whether all that is not known is what becomes of it beyond the cluster. */
function leaves({ branches }: Explanation): boolean {
  return branches.every(({ disposition }) => disposition === 'leaves-snapshot');
}

/** Whether the answer foretells several ends. */
function isVaried(explanation: Explanation | undefined): boolean {
  return explanation !== undefined && explanation.verdict !== 'undetermined' && explanation.branches.length > 1;
}

/** Whether a proxy waits for what the client says first, while the client waits for the server. */
function isSilent({ to }: RequestQuestion, { summary }: Explanation): boolean {
  return to.startsWith('tcp:') && summary.includes('the filter chain depends on what the client sends first');
}

/** Whether an application is asked with TLS that no proxy ends: none of the lab does, and no configuration says so. */
function isBare({ summary }: Explanation): boolean {
  return summary.includes('whether the application does, and with a certificate that is accepted, is not known');
}

/** What nobody can tell from a configuration, or that an answer does not tell it. */
function openKind(question: RequestQuestion, explanation: Explanation): 'leave' | 'silent' | 'bare' | 'undetermined' {
  if (leaves(explanation)) return 'leave';
  if (isSilent(question, explanation)) return 'silent';
  return isBare(explanation) ? 'bare' : 'undetermined';
}

describe.each(Array.from({ length: ROUNDS }, (_, round) => SEED * 1000 + round))('configuration of seed %i', (seed) => {
  it('is explained as it behaves', { timeout: 300_000 }, async () => {
    const marker = `round-${seed}.example.test`;
    const { objects: unfilled, questions: asked } = randomMesh(new Random(seed), marker, REQUESTS);
    const fill = await podAddresses(lab);
    const objects = unfilled.map((object) => JSON.parse(fill(JSON.stringify(object))) as KubernetesObject);
    const questions = asked.map((question, at) =>
      withAgent(JSON.parse(fill(JSON.stringify(question))) as RequestQuestion, `asked-${seed}-${at}`),
    );
    const refusals = await mesh.become(objects, marker);
    for (const refusal of refusals) process.stderr.write(`${seed} istiod refuses: ${refusal}\n`);
    const answers = await liveAnswers(
      lab,
      questions.map((question) => questionOf(question, NAMESPACE)),
    );
    const since = new Date().toISOString();
    const sent = await sendAll(
      lab,
      questions.map((question, at) => ({ ...question, varies: isVaried(answers[at]) })),
      NAMESPACE,
      ({ varies = false }) => (varies ? 60 : 2),
    );
    const determined = questions.flatMap((question, at) => {
      const explanation = answers[at];
      if (explanation === undefined) throw new Error(`no answer to ${question.about}`);
      if (explanation.verdict !== 'undetermined')
        return [{ question, ...sentOf(question, explanation, sent[at] ?? []) }];
      counts[openKind(question, explanation)] += 1;
      process.stderr.write(`${seed} ${question.about} ${question.to}: ${explanation.summary}\n`);
      return [];
    });
    const log = await readLogs(lab, await proxies(lab), since, determined);
    const failures: string[] = [];
    for (const one of determined) {
      const { question, explanation, results } = one;
      for (const { disposition, status, flag } of explanation.branches.slice(0, 1)) {
        const end = [disposition, status, flag].filter((word) => word !== null).join(' ');
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
      const differences = [
        ...contradictions(explanation, results),
        ...(keepsConnection(explanation) ? [] : likelyMissed(explanation, results)),
        ...flagDifferences(log, one),
      ];
      counts[differences.length === 0 ? 'agree' : 'disagree'] += 1;
      if (differences.length > 0)
        failures.push(
          [JSON.stringify(question), ...differences, explanation.summary, JSON.stringify(results[0])].join('\n'),
        );
    }
    const told = failures.length === 0 ? '' : `${failures.join('\n\n')}\n${JSON.stringify(objects)}`;
    expect(failures.length, told).toBe(0);
  });
});

it('little is undetermined', () => {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  process.stderr.write(
    `seed ${SEED}: ${JSON.stringify(counts)}, first ends ${JSON.stringify(Object.fromEntries(ends))}\n`,
  );
  expect(all).toBe(ROUNDS * REQUESTS);
  expect(counts.undetermined).toBeLessThanOrEqual(all * MOST_UNDETERMINED);
});
