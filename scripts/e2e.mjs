// Runs the suites of test/e2e; its arguments are vitest's. When all are run, the lab's programs are built beside them from the beginning,
// which takes minutes the first time: a suite waits for those alone that it needs.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const args = process.argv.slice(2);
const isWhole = args.every((word) => word.startsWith('-'));

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const build = [here('../test/lab/main.ts'), 'build'];
const hooks = new URL('typescript.mjs', import.meta.url).href;
// A group of its own, so that compilers end with it.
const builder = isWhole
  ? spawn(process.execPath, ['--import', hooks, ...build], { stdio: ['ignore', 'ignore', 'inherit'], detached: true })
  : undefined;
process.once('exit', () => {
  if (builder?.pid === undefined || builder.exitCode !== null || builder.signalCode !== null) return;
  process.kill(-builder.pid);
});

const words = ['vitest', 'run', '--config', 'vitest.e2e.config.ts', ...args];
const suites = spawn('npx', words, { stdio: 'inherit', shell: process.platform === 'win32' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => suites.kill(signal));
suites.once('close', (status) => process.exit(status ?? 1));
