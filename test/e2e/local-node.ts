import { expect } from 'vitest';
import type { Explanation } from '../../src/model/explanation.ts';

/** Where the built program is, which needs nothing beside it. */
export const DIST = `${process.cwd()}/dist`;

/** The command line of the program with `--node-access local`, which answers as JSON. @param dist where it is */
export function localExplain(kubeconfig: string, from: string, to: string, dist = DIST): [string, ...string[]] {
  const access = ['--kubeconfig', kubeconfig, '--node-access', 'local', '-o', 'json'];
  return [process.execPath, `${dist}/kubectl-reach.cjs`, 'explain', from, to, '-n', 'shop', ...access];
}

/** What of nodes and pods is missing. */
export function gapsOfNodes({ coverage }: Explanation): Explanation['coverage']['gaps'] {
  return coverage.gaps.filter(({ artefact }) => /^clusters\/[^/]+\/(?:nodes|pods)\//.test(artefact));
}

/** The gap of a node that the program does not run on. */
export function readsNoOther(node: string): unknown {
  const problem = `^this machine \\(.*\\) is not node ${node}, and --node-access local reads no other$`;
  return expect.objectContaining({
    problem: expect.stringMatching(problem) as string,
    remedy: `run it on ${node}, or with --node-access exec`,
  });
}
