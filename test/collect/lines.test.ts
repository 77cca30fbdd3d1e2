import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { collectLines, type LinesOptions } from '../../src/collect/lines.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function linesOf(file: string, options: LinesOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const group of collectLines(file, options))
    lines.push(...group.map(({ text, cut }) => (cut ? `${text}…` : text)));
  return lines;
}

const fed = (...chunks: readonly (string | Buffer)[]): LinesOptions => ({
  standardInput: Readable.from(chunks.map((chunk) => Buffer.from(chunk))),
});

describe('collectLines', () => {
  it.each([
    ['lines', 'a\nb\n', ['a', 'b']],
    ['a last line without an end', 'a\nb', ['a', 'b']],
    ['line ends of Windows', 'a\r\nb\r\n', ['a', 'b']],
    ['empty lines', '\na\n\n', ['', 'a', '']],
    ['nothing', '', []],
    ['a byte order mark', '\ufeffa\n', ['a']],
    [
      'UTF-16, as PowerShell writes it',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('ä\nb', 'utf16le')]),
      ['ä', 'b'],
    ],
    ['gzip', gzipSync('a\nb\n'), ['a', 'b']],
  ])('reads %s', async (_, content, lines) => {
    expect(await linesOf(path.join(temporaryFolder({ file: content }), 'file'))).toEqual(lines);
  });

  it('joins what comes in pieces, characters too', async () => {
    const euro = Buffer.from('€');
    expect(await linesOf('-', fed('a', 'b\nc', euro.subarray(0, 1), euro.subarray(1), '\n'))).toEqual(['ab', 'c€']);
  });

  it('keeps the beginning of a line above the limit, and goes on behind it', async () => {
    expect(await linesOf('-', { ...fed('0123', '456', '789\nb\n'), limit: 5 })).toEqual(['01234…', 'b']);
  });

  it.each([
    ['nothing there', 'nowhere', 'there is nothing at'],
    ['a folder', '.', 'is a folder'],
    ['damaged gzip', 'bad.gz', 'damaged'],
  ])('says what it found: %s', async (_, name, message) => {
    const folder = temporaryFolder({ 'bad.gz': gzipSync('some text').subarray(0, 15) });
    await expect(linesOf(path.join(folder, name))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining(message) as string,
    });
  });
});
