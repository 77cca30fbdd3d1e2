import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCache, writeCache } from '../../src/launch/code-cache.ts';

const CODE = { commands: ['explain', 'help'], data: Buffer.from('compiled\ncode') };

let top: string;
let folder: string;
let file: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'code-cache-'));
  folder = join(top, 'cache');
  file = join(folder, 'a.code');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(top, { recursive: true });
});

it('gives back what was written', () => {
  writeCache(file, CODE);
  expect(readCache(file)).toEqual(CODE);
});

it('is nothing before it is written', () => {
  expect(readCache(file)).toBeUndefined();
});

it('leaves one file, readable by its owner alone', () => {
  writeCache(file, CODE);
  writeCache(file, { ...CODE, commands: ['version'] });
  expect(readdirSync(folder)).toEqual(['a.code']);
  expect(readCache(file)?.commands).toEqual(['version']);
});

it('keeps the thirty newest of the other files', () => {
  const others = Array.from({ length: 32 }, (_, index) => `other-${String(index).padStart(2, '0')}.code`);
  for (const [age, name] of others.entries()) {
    writeCache(join(folder, name), CODE);
    utimesSync(join(folder, name), 0, 1000 - age);
  }
  writeCache(file, CODE);
  expect(readdirSync(folder).toSorted()).toEqual(['a.code', ...others.slice(0, 30)]);
});

describe('a file that is not whole is not used', () => {
  beforeEach(() => {
    writeCache(file, CODE);
  });

  it.each([0, 3, 4, 12, 'last' as const])('byte %s changed', (at) => {
    const bytes = readFileSync(file);
    const index = at === 'last' ? bytes.length - 1 : at;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(readCache(file)).toBeUndefined();
  });

  it.each([0, 1, 3, 4, 12])('cut after %s bytes', (length) => {
    writeFileSync(file, readFileSync(file).subarray(0, length));
    expect(readCache(file)).toBeUndefined();
  });
});

it('does nothing where it cannot write', () => {
  writeFileSync(folder, 'a file stands where the folder should be');
  writeCache(file, CODE);
  expect(readFileSync(folder, 'utf8')).toContain('a file stands');
});

// Node's recursive mkdir never ends here.
it.runIf(process.platform === 'linux')('ends in a home that can never be made', () => {
  writeCache('/proc/nowhere/.cache/kubectl-reach/a.code', CODE);
  expect(readCache('/proc/nowhere/.cache/kubectl-reach/a.code')).toBeUndefined();
});

// Windows has neither owners nor modes to look at; there the folder's access list protects it.
describe.runIf(process.platform !== 'win32')('what others may have written is not used', () => {
  it.each([0o755, 0o770, 0o777, 0o701])('a folder of mode %o', (mode) => {
    writeCache(file, CODE);
    chmodSync(folder, mode);
    expect(readCache(file)).toBeUndefined();
  });

  it('nor is a folder written that others can open', () => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    writeCache(file, CODE);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([0o620, 0o602, 0o666])('a file of mode %o', (mode) => {
    writeCache(file, CODE);
    chmodSync(file, mode);
    expect(readCache(file)).toBeUndefined();
  });

  it('a folder or file of another user', () => {
    writeCache(file, CODE);
    const owner = statSync(file).uid;
    vi.spyOn(process, 'getuid').mockReturnValue(owner + 1);
    expect(readCache(file)).toBeUndefined();
  });

  it('a link instead of the file', () => {
    const elsewhere = join(top, 'elsewhere.code');
    writeCache(file, CODE);
    writeFileSync(elsewhere, readFileSync(file), { mode: 0o600 });
    rmSync(file);
    symlinkSync(elsewhere, file);
    expect(readCache(file)).toBeUndefined();
  });

  it('a link instead of the folder', () => {
    const elsewhere = join(top, 'elsewhere');
    writeCache(join(elsewhere, 'a.code'), CODE);
    symlinkSync(elsewhere, folder);
    expect(readCache(file)).toBeUndefined();
  });

  it('makes folders and files that are closed to others', () => {
    writeCache(file, CODE);
    expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
  });
});
