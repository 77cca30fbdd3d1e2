import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The Node that runs the built program: this one, or another that is tried for the same tests. */
export const NODE = process.env['KUBECTL_REACH_TEST_NODE'] ?? process.execPath;

/** What a run of a program gave. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of a built program. */
export function built(program: 'kubectl-reach' | 'kubectl_complete-reach' | 'framework' | 'commands'): string {
  return join(ROOT, 'dist', `${program}.cjs`);
}

/** Names and flags of all commands, as the build wrote them. */
export const builtCatalogue = join(ROOT, 'dist', 'catalogue.json');

/** An environment without what would change the output or the cost of a run. */
export function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const {
    NODE_EXTRA_CA_CERTS: _certificates,
    NO_COLOR: _noColor,
    FORCE_COLOR: _color,
    DEBUG: _debug,
    ...rest
  } = process.env;
  return { ...rest, KUBECTL_REACH_CODE_CACHE: 'off', ...extra };
}

/** Runs a file under {@link NODE} to its end, in the folder of the project. */
export function run(file: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Run {
  const { status, stdout, stderr } = spawnSync(NODE, [file, ...args], {
    cwd: ROOT,
    env: environment(extra),
    encoding: 'utf8',
    maxBuffer: 100_000_000,
  });
  return { status, stdout, stderr };
}
