import type { Branch, Explanation } from '../../src/model/explanation.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';

/** What an answer foretold, or what happened, reduced to what both can say. */
function foretold({ disposition, backend, observedSource }: Branch): string {
  const name = disposition === 'delivered' ? ` to ${backendName(backend)} from ${observedSource}` : '';
  return `${disposition}${name}`;
}

function happened({ disposition, backend, source }: ProbeResult): string {
  return `${disposition}${disposition === 'delivered' ? ` to ${backend} from ${source}` : ''}`;
}

function backendName(backend: Branch['backend']): string {
  if (backend === null) return 'nobody';
  // The agent outside of the cluster is no pod.
  return backend.pod?.replace(/^.*\//, '') ?? 'outside';
}

/**
 * Compares an answer with what really happened to many requests.
 * @param keepsBackend the same client meets one backend only, so that others were foretold but not met
 * @returns in words, what differs; empty: they agree
 */
export function disagreements(
  explanation: Explanation,
  results: readonly ProbeResult[],
  keepsBackend: boolean,
): readonly string[] {
  const expected = new Set(explanation.branches.map(foretold));
  const seen = new Set(results.map(happened));
  const delivered = results.filter(({ disposition }) => disposition === 'delivered').length;
  const verdict = delivered === results.length ? 'reachable' : delivered === 0 ? 'unreachable' : 'partial';
  return [
    ...(explanation.verdict === verdict ? [] : [`the verdict is ${explanation.verdict}, and it was ${verdict}`]),
    ...[...seen].filter((one) => !expected.has(one)).map((one) => `not foretold: ${one}`),
    ...(keepsBackend ? [] : [...expected].filter((one) => !seen.has(one)).map((one) => `did not happen: ${one}`)),
  ];
}
