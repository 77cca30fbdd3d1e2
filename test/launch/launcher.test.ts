import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { built, environment, NODE, run } from './run-program.ts';

/** The real launcher beside bundles of the test's own. */
let folder: string;
let launcher: string;
let cache: string;

function bundle(body: string): void {
  writeFileSync(join(folder, 'framework.cjs'), `exports.main = async (argv, catalogue, others) => { ${body} };`);
}

function launch(args: readonly string[] = []) {
  return run(launcher, args, { KUBECTL_REACH_CODE_CACHE: '', XDG_CACHE_HOME: cache, HOME: folder });
}

function cacheFiles(): string[] {
  return readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.code'));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launcher-'));
  launcher = join(folder, 'kubectl-reach.cjs');
  cache = join(folder, 'cache');
  copyFileSync(built('kubectl-reach'), launcher);
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'catalogue.json'), '[{"name":"explain"}]');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the version', () => {
  it.each([[['--version']], [['version']], [['--version', '-o', 'json']]])(
    '%j is answered without the bundle',
    (args) => {
      const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
      bundle('throw new Error("loaded")');
      expect(launch(args)).toEqual({ status: 0, stdout: `kubectl-reach ${version}\n`, stderr: '' });
    },
  );

  it.each([[['version', '-o', 'json']], [['version', '--help']], [['-n', 'version', 'a', 'b']]])(
    '%j is not',
    (args) => {
      bundle('process.stdout.write(JSON.stringify(argv))');
      expect(JSON.parse(launch(args).stdout)).toEqual(args);
    },
  );
});

describe('what V8 is told', () => {
  it.each([[['envoy-request', '--requests', '-']], [['pc', 'routes']], [['service', '--ledger']]])(
    'of %j is understood by this version of it',
    (args) => {
      bundle('process.stdout.write(JSON.stringify(argv))');
      expect(launch(args)).toEqual({ status: 0, stdout: JSON.stringify(args), stderr: '' });
    },
  );
});

describe('the code cache', () => {
  beforeEach(() => {
    bundle(`
      process.exitCode = 3;
      process.stdout.write('answer');
      return argv[0];`);
  });

  const answer = { status: 3, stdout: 'answer', stderr: '' };

  it('is written by the first run and changes no answer', () => {
    expect(launch(['explain'])).toEqual(answer);
    expect(cacheFiles()).toHaveLength(1);
    expect(launch(['explain'])).toEqual(answer);
  });

  it('has a file for each command, and for what is no command the one of explain', () => {
    for (const word of ['packet', 'web-0', 'explain', 'packet']) launch([word]);
    const held = cacheFiles().map((file) => readFileSync(join(cache, file), 'latin1').slice(4).split('\n')[0]);
    expect(new Set(held)).toEqual(new Set(['packet', 'web-0,explain']));
  });

  it('may be damaged', () => {
    launch(['explain']);
    const path = join(cache, cacheFiles()[0] ?? '');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 100));
    expect(launch(['explain'])).toEqual(answer);
    expect(
      readFileSync(path)
        .subarray(100)
        .every((byte) => byte === 0xff),
      'written again',
    ).toBe(false);
  });

  it('may have no place', () => {
    writeFileSync(cache, 'a file stands where the folder should be');
    expect(launch(['explain'])).toEqual(answer);
  });

  it('can be switched off', () => {
    expect(run(launcher, ['explain'], { KUBECTL_REACH_CODE_CACHE: 'off', XDG_CACHE_HOME: cache })).toEqual(answer);
    expect(readdirSync(folder)).not.toContain('cache');
  });
});

describe('the bundle of the commands', () => {
  beforeEach(() => {
    writeFileSync(
      join(folder, 'commands.cjs'),
      `const { own } = require('./framework.cjs');
      exports.loaders = { own, none: require('./none.cjs'), node: require('node:path') === require('path') };
      process.stdout.write('loaded ');`,
    );
    writeFileSync(join(folder, 'none.cjs'), 'module.exports = "beside";');
  });

  it('is loaded when it is asked for, once, and takes the framework that asks', () => {
    bundle(`
      exports.own = { catalogue };
      const first = others();
      process.stdout.write(JSON.stringify([first, first === others(), first.own === exports.own]));
      return 'explain';`);
    const loaders = { own: { catalogue: [{ name: 'explain' }] }, none: 'beside', node: true };
    const answer = { status: 0, stdout: `loaded ${JSON.stringify([loaders, true, true])}`, stderr: '' };
    expect(launch(['explain'])).toEqual(answer);
    expect(cacheFiles(), 'one of each bundle').toHaveLength(2);
    expect(launch(['explain'])).toEqual(answer);
  });

  it('is not loaded for what the framework does alone', () => {
    bundle(`process.stdout.write('answer'); return 'help';`);
    expect(launch(['help']).stdout).toBe('answer');
  });
});

/** Starts the launcher, lets `act` do something to it, and waits for its end. */
async function interrupt(act: (child: ChildProcessByStdio<null, Readable, Readable>) => void) {
  const child = spawn(NODE, [launcher], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += String(text)));
  act(child);
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      resolve({ status, signal, stderr });
    });
  });
}

describe('a reader that goes away', () => {
  it('ends the program without a word, with the status settled so far', async () => {
    bundle(`
      process.exitCode = 3;
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (;;) {
        process.stdout.write('line\\n');
        await new Promise((resolve) => setImmediate(resolve));
      }`);
    const end = await interrupt((child) => child.stdout.destroy());
    expect(end).toEqual({ status: 3, signal: null, stderr: '' });
  });
});

// On Windows a signal sent to a process ends it at once, whatever it does.
describe.runIf(process.platform !== 'win32')('an interrupt', () => {
  it('ends the program as a signal does, even while it computes: the shell sees 130', async () => {
    bundle(`
      process.stdout.write('started');
      for (;;);`);
    const end = await interrupt((child) => child.stdout.once('data', () => child.kill('SIGINT')));
    expect(end).toEqual({ status: null, signal: 'SIGINT', stderr: '' });
  });
});
