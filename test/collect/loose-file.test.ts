import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { collectLooseFile } from '../../src/collect/loose-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('collectLooseFile', () => {
  it('reads a file, under the name that was given', async () => {
    const file = path.join(temporaryFolder({ 'rules.txt': '*nat\nCOMMIT\n' }), 'rules.txt');
    const artefact = await collectLooseFile(file);
    expect({ ...artefact, bytes: artefact.bytes.toString() }).toEqual({
      name: file,
      capturedAt: null,
      bytes: '*nat\nCOMMIT\n',
    });
  });

  it('reads standard input for -', async () => {
    const standardInput = Readable.from([Buffer.from('*n'), Buffer.from('at\n')]);
    const artefact = await collectLooseFile('-', { standardInput });
    expect([artefact.name, artefact.bytes.toString()]).toEqual(['standard input', '*nat\n']);
  });

  it('unpacks gzip', async () => {
    const file = path.join(temporaryFolder({ 'rules.txt.gz': gzipSync('*nat\nCOMMIT\n') }), 'rules.txt.gz');
    expect((await collectLooseFile(file)).bytes.toString()).toBe('*nat\nCOMMIT\n');
  });

  it('reads an empty file as it is: what that means is for the parser to say', async () => {
    const file = path.join(temporaryFolder({ empty: '' }), 'empty');
    expect((await collectLooseFile(file)).bytes).toHaveLength(0);
  });

  it.each([
    ['nothing', 'nowhere.txt', {}, 'there is nothing at', 'Check the path'],
    ['a folder', '.', {}, 'is a folder', '--snapshot'],
    ['too much', 'big', { limit: 9 }, 'has more than 9 bytes', 'Leave out'],
    ['damaged gzip', 'packed.gz', {}, 'damaged or cut off', 'Copy it again'],
    ['too much, packed', 'whole.gz', { limit: 3 }, 'has more than 3 bytes', 'Leave out'],
  ])('says what it found and what to do: %s', async (_, name, options, message, remedy) => {
    const whole = gzipSync('*nat');
    const folder = temporaryFolder({ big: '0123456789', 'whole.gz': whole, 'packed.gz': whole.subarray(0, -9) });
    await expect(collectLooseFile(path.join(folder, name), options)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining(message) as string,
      remedy: expect.stringContaining(remedy) as string,
    });
  });

  it('stops reading standard input at the limit', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1000);
      })(),
    );
    await expect(collectLooseFile('-', { standardInput: endless, limit: 5000 })).rejects.toThrow(
      'standard input has more than',
    );
  });
});
