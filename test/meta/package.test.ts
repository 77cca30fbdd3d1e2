import { execSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { built, environment } from '../launch/run-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

let folder: string;
let packed: { files: { path: string }[]; size: number; filename: string };

const npm = (args: string) =>
  execSync(`npm ${args}`, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  // What is packed is what the other tests ran; building it again while they run would take it away under them.
  [packed] = JSON.parse(npm(`pack --json --ignore-scripts --pack-destination "${folder}"`));
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('holds the programs and what a licence asks for, and nothing else', () => {
  expect(packed.files.map((file) => file.path).toSorted()).toEqual(
    [
      'LICENSE',
      'README.md',
      'dist/THIRD-PARTY-NOTICES.txt',
      'dist/catalogue.json',
      'dist/commands.cjs',
      'dist/framework.cjs',
      'dist/kubectl-reach.cjs',
      'dist/kubectl_complete-reach.cjs',
      'dist/live.cjs',
      'package.json',
    ].toSorted(),
  );
});

it('runs no script when it is installed, and brings no other package', () => {
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(manifest.scripts).not.toHaveProperty(script);
  expect(manifest).not.toHaveProperty('dependencies');
});

it('has a launcher and a completion program that hold no framework', () => {
  for (const program of ['kubectl-reach', 'kubectl_complete-reach'] as const) {
    expect(readFileSync(built(program), 'utf8')).not.toContain('node_modules');
  }
  expect(statSync(built('kubectl-reach')).size).toBeLessThan(20_000);
});

it.each(['framework', 'commands'] as const)(
  'has %s in pure ASCII, so that the launcher may read it byte by byte',
  (name) => {
    expect(readFileSync(built(name)).findIndex((byte) => byte > 0x7f)).toBe(-1);
  },
);

it.each([
  ['the base of all commands', 'Print without colours (as does a NO_COLOR variable)'],
  ['oclif', 'Missing required flag'],
])('has one copy of %s, so that a class is the same for the framework and the commands', (_, text) => {
  expect(readFileSync(built('framework'), 'utf8').split(text)).toHaveLength(2);
  expect(readFileSync(built('commands'), 'utf8').split(text)).toHaveLength(1);
});

it('works where npm puts it', () => {
  npm(`install --global --offline --prefix "${folder}/prefix" "${join(folder, packed.filename)}"`);
  const bin = process.platform === 'win32' ? join(folder, 'prefix') : join(folder, 'prefix', 'bin');
  const answer = (command: string) =>
    spawnSync(`"${join(bin, command.replace(' ', '" '))}`, { shell: true, encoding: 'utf8', env: environment() })
      .stdout;
  expect(answer('kubectl-reach --version')).toBe(`kubectl-reach ${manifest.version}\n`);
  expect(JSON.parse(answer('kubectl-reach version -o json'))).toMatchObject({ version: manifest.version });
  expect(answer('kubectl_complete-reach versi')).toContain('version\t');
}, 60_000);
