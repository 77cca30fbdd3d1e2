import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { fileSystemError, InputError } from './input-error.ts';
import { damagedGzip, folderGiven, isGzip, STANDARD_INPUT } from './loose-file.ts';

/** One line of a file, without its line end. */
export interface LooseLine {
  readonly text: string;
  /** The line is longer than what is read of one; `text` is its beginning. */
  readonly cut: boolean;
}

/** What may be changed for tests. */
export interface LinesOptions {
  /** Characters of a line that are read. */
  readonly limit?: number;
  readonly standardInput?: Readable;
}

const LINE_LIMIT = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * Reads a file that a person named, or standard input for `-`, line by line: never more than a chunk and a line are in memory.
 * Text compressed with gzip is unpacked; UTF-16 with a byte order mark (PowerShell's `>`) is understood. Lines come in groups, as
 * many as a chunk holds.
 * @throws InputError when there is no such file, it may not be read, is a folder, or damaged gzip
 */
export async function* collectLines(
  path: string,
  options: LinesOptions = {},
): AsyncGenerator<readonly LooseLine[], void> {
  const splitter = new LineSplitter(options.limit ?? LINE_LIMIT);
  let decoder: TextDecoder | undefined;
  try {
    for await (const bytes of unpacked(await openStream(path, options))) {
      decoder ??= new TextDecoder(encodingOf(bytes));
      yield splitter.split(decoder.decode(bytes, { stream: true }));
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    const name = path === STANDARD_INPUT ? 'standard input' : path;
    if (error instanceof Error && 'errno' in error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw damagedGzip(path, name);
    }
    throw fileSystemError(name, error);
  }
  yield splitter.split(decoder?.decode() ?? '');
  yield splitter.end();
}

/**
 * As `collectLines`, without the lines that are blank.
 * @param most lines of one group
 */
export async function* collectLineGroups(path: string, most: number): AsyncGenerator<readonly LooseLine[], void> {
  for await (const lines of collectLines(path)) {
    const filled = lines.filter((line) => line.text.trim() !== '');
    for (let from = 0; from < filled.length; from += most) yield filled.slice(from, from + most);
  }
}

async function openStream(path: string, options: LinesOptions): Promise<Readable> {
  if (path === STANDARD_INPUT) return options.standardInput ?? process.stdin;
  const stats = await stat(path);
  if (stats.isDirectory()) throw folderGiven(path);
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

/** The bytes of a stream in chunks, unpacked when they begin as gzip does. */
async function* unpacked(source: Readable): AsyncGenerator<Buffer, void> {
  const chunks = buffers(source);
  const first = await chunks.next();
  if (first.done === true) return;
  const whole = joined(first.value, chunks);
  if (!isGzip(first.value)) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // What goes wrong on the way comes out of the iteration below.
  pipeline(Readable.from(whole), gunzip, () => {});
  yield* buffers(gunzip);
}

async function* buffers(source: Readable): AsyncGenerator<Buffer, void> {
  for await (const chunk of source) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first;
  yield* rest;
}

function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/** Cuts text that comes in pieces into lines. Of a line above the limit only the beginning is kept. */
class LineSplitter {
  private readonly limit: number;
  private rest = '';
  private cut = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The lines that end in this piece. */
  split(piece: string): LooseLine[] {
    const lines: LooseLine[] = [];
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      this.keep(piece.slice(from, end));
      lines.push(this.take());
      from = end + 1;
    }
    this.keep(piece.slice(from));
    return lines;
  }

  /** The last line, when it has no line end. */
  end(): LooseLine[] {
    return this.rest === '' ? [] : [this.take()];
  }

  private keep(text: string): void {
    const room = this.limit - this.rest.length;
    this.cut ||= text.length > room;
    this.rest += text.length > room ? text.slice(0, room) : text;
  }

  private take(): LooseLine {
    const line = { text: this.rest.endsWith('\r') ? this.rest.slice(0, -1) : this.rest, cut: this.cut };
    this.rest = '';
    this.cut = false;
    return line;
  }
}
