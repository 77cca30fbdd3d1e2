// Makes a clone ready to work with, so that `npm test` and `npm run demo` need nothing but Node and npm: installs what
// package-lock.json names when that is newer than what is installed, and with --built builds dist/ when a source is newer.
// Runs before anything is installed, hence on Node alone.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (modified('package-lock.json') > modified('node_modules/.package-lock.json')) run('npm ci');

const sources = ['src', 'commands', 'scripts/build.mjs', 'package.json', 'node_modules/.package-lock.json'];
// The completion program is what the build writes last.
const isStale = () => newest(sources) > modified('dist/kubectl_complete-reach.cjs');
if (process.argv.includes('--built') && isStale()) run('npm run --silent build');

/**
 * Its output goes to standard error: standard output belongs to what runs next.
 * @param {string} command
 */
function run(command) {
  // Through a shell, because npm is a .cmd file on Windows.
  const { status } = spawnSync(command, { cwd: root, shell: true, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Milliseconds since the epoch; 0 for what is not there.
 * @param {string} path
 * @returns {number}
 */
function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * The latest change among files and folders (a folder changes when a file in it is removed).
 * @param {readonly string[]} paths
 * @returns {number}
 */
function newest(paths) {
  const inside = paths.flatMap((path) =>
    statSync(join(root, path)).isDirectory()
      ? readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
      : [],
  );
  return Math.max(...[...paths, ...inside].map(modified));
}
