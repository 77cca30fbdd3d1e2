import type { Branch, Explanation } from '../../src/model/explanation.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';
import type { RequestQuestion } from './request-question.ts';

/** What an answer foretold, or what happened, reduced to what both can say. */
function foretold({ disposition, backend, observedSource, status }: Branch): string {
  if (disposition === 'delivered') return `delivered to ${backendName(backend)} from ${observedSource}`;
  // A policy on bytes closes the connection without a word, of which a proxy before it makes an error.
  if (disposition === 'denied' && status !== 401 && status !== 403) return withStatus('failed', status);
  return withStatus(disposition, status);
}

function happened({ disposition, backend, source, status }: ProbeResult): string {
  return disposition === 'delivered' ? `delivered to ${backend} from ${source}` : withStatus(disposition, status);
}

function withStatus(disposition: string, status: number | null | undefined): string {
  return typeof status === 'number' ? `${disposition} with ${status}` : disposition;
}

function backendName(backend: Branch['backend']): string {
  if (backend === null) return 'nobody';
  // The agent outside of the cluster is no pod.
  return backend.pod?.replace(/^.*\//, '') ?? 'outside';
}

/**
 * Compares an answer with what really happened to many requests.
 * @returns in words, what differs; empty: they agree
 */
export function differences(
  { leaves = false, unknown, answer, keepsBackend = false }: RequestQuestion,
  explanation: Explanation,
  results: readonly ProbeResult[],
): readonly string[] {
  const { verdict, branches, summary } = explanation;
  if (leaves || unknown !== undefined) {
    // The only right answer is that it is not known, and why.
    const ends = branches.map(({ disposition }) => disposition);
    const says = unknown?.test(summary) ?? ends.includes('leaves-snapshot');
    return verdict === 'undetermined' && says ? [] : [`${verdict}: ${ends.join(', ')}`];
  }
  if (answer !== undefined) {
    const other = results.find(({ body = '' }) => !answer.test(body));
    return [
      ...(verdict === 'reachable' ? [] : [`the verdict is ${verdict}`]),
      ...(other === undefined ? [] : [`it was answered: ${other.body ?? other.disposition}`]),
    ];
  }
  const expected = new Set(branches.map(foretold));
  const seen = new Set(results.map(happened));
  const delivered = results.filter(({ disposition }) => disposition === 'delivered').length;
  const real = delivered === results.length ? 'reachable' : delivered === 0 ? 'unreachable' : 'partial';
  return [
    ...(verdict === real ? [] : [`the verdict is ${verdict}, and it was ${real}`]),
    ...[...seen].filter((one) => !expected.has(one)).map((one) => `not foretold: ${one}`),
    ...(keepsBackend ? [] : [...expected].filter((one) => !seen.has(one)).map((one) => `did not happen: ${one}`)),
  ];
}

/** What happened although the answer does not foretell it, in words. */
export function contradictions({ branches }: Explanation, results: readonly ProbeResult[]): readonly string[] {
  const expected = new Set(branches.map(foretold));
  const seen = new Set(results.map(happened));
  return [...seen].filter((one) => !expected.has(one)).map((one) => `not foretold: ${one}`);
}

/** What did not happen although it would be missed by chance but once in a million runs, in words. */
export function likelyMissed({ branches }: Explanation, results: readonly ProbeResult[]): readonly string[] {
  const seen = new Set(results.map(happened));
  const chances = new Map<string, number>();
  for (const branch of branches.filter(({ condition }) => condition === null)) {
    const end = foretold(branch);
    chances.set(end, (chances.get(end) ?? 0) + branch.probability);
  }
  return [...chances]
    .filter(([end, chance]) => !seen.has(end) && (1 - chance) ** results.length < 1e-6)
    .map(([end]) => `did not happen: ${end}`);
}
