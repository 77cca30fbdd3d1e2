/**
 * Random Services and EndpointSlices, programmed by a real kube-proxy in each mode: every address and port is asked, from every class of
 * clients, of the nodes' rules, of the API objects alone, and of the kernel by real connections. All three must agree.
 * KUBECTL_REACH_CASES: how many cases; KUBECTL_REACH_SEED: the first.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../conformance/routing/random.ts';
import { defaultName } from '../lab/lab.ts';
import { NamespaceCluster } from '../lab/namespace-cluster.ts';
import { drawServices } from './random-services/generate.ts';
import { MODES, RANDOM_SERVICES } from './random-services/pods.ts';
import { CaseRunner } from './random-services/run-case.ts';
import { shrink } from './random-services/shrink.ts';

const CASES = Number(process.env['KUBECTL_REACH_CASES'] ?? 4);
const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);

let cluster: NamespaceCluster;
let runner: CaseRunner;

beforeAll(async () => {
  cluster = await NamespaceCluster.start(defaultName(), RANDOM_SERVICES, MODES);
  runner = await CaseRunner.over(cluster);
});
afterAll(() => cluster.stop());

const counts = { questions: 0, connections: 0, delivered: 0, ways: 0, open: 0 };
const reasons = new Map<string, number>();

it('rules, objects and kernel agree', { timeout: 7_200_000 }, async () => {
  const failures: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES && failures.length < 5; seed += 1) {
    const drawn = drawServices(new Random(seed), seed, cluster.pods);
    const result = await runner.run(drawn);
    counts.questions += result.questions;
    counts.connections += result.connections;
    counts.delivered += result.delivered;
    counts.ways += result.ways;
    for (const [reason, count] of result.open) {
      counts.open += count;
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
    if (result.problems.length === 0) continue;
    const { services, problems } = await shrink(runner, drawn, result);
    failures.push(`seed ${seed}: ${problems.slice(0, 3).join('\n')}\n${JSON.stringify(services, null, 1)}`);
  }
  process.stdout.write(
    `kube-proxy: ${counts.questions} questions in ${CASES} cases from seed ${FIRST_SEED}, ${counts.connections} connections, ` +
      `${counts.delivered} questions delivered, ${counts.open} left open, ${counts.ways} ways of rules and objects compared, ` +
      `${failures.length} cases disagree\n` +
      [...reasons].map(([reason, count]) => `  open: ${count} × ${reason}\n`).join(''),
  );
  expect(failures.join('\n')).toBe('');
});
