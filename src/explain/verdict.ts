import type { Branch, Hop, Verdict } from '../model/explanation.ts';

/**
 * The verdict over all branches. `reachable` needs every branch delivered, over hops that were all seen as programmed; hops that
 * were only intended, or an application that nobody saw listening, make the answer undetermined (promise 4). The network between
 * machines is the one thing always taken for granted.
 */
export function verdictOf(branches: readonly Branch[]): Verdict {
  const live = branches.filter((branch) => branch.probability > 0);
  const delivered = live.filter((branch) => branch.disposition === 'delivered');
  const unsure = live.filter((branch) => isUnsure(branch));
  if (live.length === 0 || unsure.length > 0) return 'undetermined';
  if (delivered.length === live.length) return 'reachable';
  return delivered.length === 0 ? 'unreachable' : 'partial';
}

/** A branch that says neither yes nor no: not understood, out of sight, or delivered only as intended. */
export function isUnsure(branch: Branch): boolean {
  if (branch.disposition === 'undetermined' || branch.disposition === 'leaves-snapshot') return true;
  return branch.disposition === 'delivered' && branch.hops.some((hop) => !isSeen(hop));
}

function isSeen(hop: Hop): boolean {
  return hop.basis === 'programmed' || hop.kind === 'wire' || hop.kind === 'client';
}

/** Whether the branches would all be delivered if everything were programmed as it is intended. */
export function deliveredAsIntended(branches: readonly Branch[]): boolean {
  const live = branches.filter((branch) => branch.probability > 0);
  return live.length > 0 && live.every((branch) => branch.disposition === 'delivered');
}
