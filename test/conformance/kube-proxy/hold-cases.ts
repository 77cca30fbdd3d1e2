import { Random } from '../routing/random.ts';
import type { NamespaceCluster } from '../../lab/namespace-cluster.ts';
import { progress } from '../../lab/progress.ts';
import { drawServices } from './generate.ts';
import { CaseRunner, type Effort } from './run-case.ts';
import { shrink } from './shrink.ts';

const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);
/** A run with so many cases that disagree says enough. */
const FAILURES = 3;

/** How many cases are run, of how many Services each. */
interface Extent extends Effort {
  /** KUBECTL_REACH_CASES has precedence. */
  readonly cases: number;
  readonly services: number;
}

/**
 * Runs one case after the other, shrinks those in which something disagrees, and prints what was counted.
 * @returns each disagreement with its seed and the smallest Services that show it; empty: all agree
 */
export async function holdCases(what: string, cluster: NamespaceCluster, extent: Extent): Promise<readonly string[]> {
  const cases = Number(process.env['KUBECTL_REACH_CASES'] ?? extent.cases);
  const runner = await CaseRunner.over(cluster, extent);
  const counts = { cases: 0, questions: 0, connections: 0, delivered: 0, open: 0, ways: 0 };
  const reasons = new Map<string, number>();
  const failures: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + cases && failures.length < FAILURES; seed += 1) {
    const drawn = drawServices(new Random(seed), seed, extent.services, cluster.pods);
    const result = await runner.run(drawn);
    counts.cases += 1;
    for (const count of ['questions', 'connections', 'delivered', 'ways'] as const) counts[count] += result[count];
    for (const [reason, count] of result.open) {
      counts.open += count;
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
    progress(`${what}: seed ${seed}: ${result.questions} questions, ${result.problems.length} disagree`);
    if (result.problems.length === 0) continue;
    for (const problem of result.problems.slice(0, 3)) progress(problem);
    const { services, problems } = await shrink(runner, drawn, result);
    failures.push(`seed ${seed}: ${problems.slice(0, 3).join('\n')}\n${JSON.stringify(services, null, 1)}`);
  }
  process.stdout.write(
    `${what}: ${counts.questions} questions in ${counts.cases} cases from seed ${FIRST_SEED}, ${counts.connections} connections, ` +
      `${counts.delivered} questions answered, ${counts.open} left open, ${counts.ways} more ways compared by rules and objects alone, ` +
      `${failures.length} cases disagree\n` +
      [...reasons].map(([reason, count]) => `  open: ${count} × ${reason}\n`).join(''),
  );
  return failures;
}
