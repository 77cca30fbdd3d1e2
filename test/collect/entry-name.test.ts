import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import path from 'node:path';
import { entryName } from '../../src/collect/entry-name.ts';

describe('entryName', () => {
  it.each([
    ['clusters/lab/a.json', 'clusters/lab/a.json'],
    ['./clusters//lab/./a.json', 'clusters/lab/a.json'],
    ['a/', 'a'],
    ['snapshot..json', 'snapshot..json'],
  ])('takes %j as %j', (raw, name) => {
    expect(entryName(raw)).toEqual({ kind: 'name', name });
  });

  it.each([
    ['../a', 'its name leads out of the snapshot'],
    ['a/../../b', 'its name leads out of the snapshot'],
    ['/etc/passwd', 'its name is an absolute path'],
    ['C:/Windows/x', 'its name starts with a drive letter'],
    ['./C:x', 'its name starts with a drive letter'],
    ['a\\..\\b', 'its name holds a backslash'],
    ['a\u0000b', 'its name holds control characters'],
    ['a\u001b[31mb', 'its name holds control characters'],
    ['a'.repeat(2000), 'its name is too long'],
  ])('refuses %j', (raw, problem) => {
    expect(entryName(raw)).toEqual({ kind: 'refused', problem });
  });

  it.each([
    '',
    '.',
    './',
    '._a',
    'clusters/lab/._services.json',
    '__MACOSX/clusters/a',
    'clusters/.DS_Store',
    '.git/config',
  ])('leaves %j out without a word', (raw) => {
    expect(entryName(raw)).toEqual({ kind: 'litter' });
  });

  it('never gives a name that leads out of its folder, on any system', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', 'a', 'C:', '/', '\\', 'a..b'), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('/', '\\'), (parts, separator) => {
        const result = entryName(parts.join(separator));
        if (result.kind !== 'name') return;
        for (const system of [path.posix, path.win32]) {
          const root = system.sep === '/' ? '/root' : 'D:\\root';
          expect(system.resolve(root, result.name).startsWith(root + system.sep)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
