import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Artefact, StoredBytes } from '../model/artefact.ts';
import { toUtf8 } from './encoding.ts';
import { fileSystemError, InputError } from './input-error.ts';
import { formatBytes, LIMITS } from './limits.ts';

/** Stands for standard input where a path is asked for. */
export const STANDARD_INPUT = '-';
const BYTES_LIMIT = 1024 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** What may be changed for tests. */
export interface LooseFileOptions {
  readonly limit?: number;
  readonly standardInput?: Readable;
}

/**
 * Reads one file that a person named, or standard input for `-`, and unpacks it when it is gzip. The artefact has the path as its
 * name.
 * @throws InputError when there is no such file, it may not be read, is a folder, damaged gzip, or too large
 */
export async function collectLooseFile(path: string, options: LooseFileOptions = {}): Promise<Artefact> {
  const limit = options.limit ?? BYTES_LIMIT;
  const bytes =
    path === STANDARD_INPUT
      ? await readStream(options.standardInput ?? process.stdin, limit)
      : await readFile(path, limit);
  const name = path === STANDARD_INPUT ? 'standard input' : path;
  return { name, capturedAt: null, bytes: toUtf8(isGzip(bytes) ? await unpack(bytes, path, name, limit) : bytes) };
}

/** From here on a file is read as its parts are asked for. */
const STORED_BYTES = 2 * 1024 * 1024;

/**
 * As {@link collectLooseFile}, but a large file need not be in memory as a whole. It stays open until the program ends, so that all parts
 * are of one file.
 */
export async function collectStoredFile(path: string): Promise<Artefact> {
  const stored = path === STANDARD_INPUT ? null : openStored(path);
  if (stored === null) return await collectLooseFile(path);
  let whole: Buffer | undefined;
  return {
    name: path,
    capturedAt: null,
    stored,
    get bytes() {
      return (whole ??= stored.slice(0, stored.length));
    },
  };
}

/** null: it is small, packed, in another encoding, or cannot be read. */
function openStored(path: string): StoredBytes | null {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size < STORED_BYTES || stats.size > BYTES_LIMIT) return null;
    const file = openSync(path, 'r');
    const beginning = readWhole(file, Buffer.alloc(4), 0);
    if (!isGzip(beginning) && toUtf8(beginning) === beginning) return new StoredFile(path, file, stats.size);
    closeSync(file);
    return null;
  } catch {
    return null;
  }
}

class StoredFile implements StoredBytes {
  readonly length: number;
  readonly #path: string;
  readonly #file: number;
  #scratch = Buffer.alloc(0);

  constructor(path: string, file: number, length: number) {
    this.#path = path;
    this.#file = file;
    this.length = length;
  }

  slice(start: number, end: number): Buffer {
    return this.#read(Buffer.allocUnsafeSlow(end - start), start);
  }

  peek(start: number, end: number): Buffer {
    if (this.#scratch.length < end - start) this.#scratch = Buffer.allocUnsafeSlow(end - start);
    return this.#read(this.#scratch.subarray(0, end - start), start);
  }

  #read(target: Buffer, start: number): Buffer {
    const bytes = readWhole(this.#file, target, start);
    if (bytes.length === target.length) return bytes;
    throw new InputError(this.#path, `${this.#path} became shorter while it was read`, 'Read a copy of it.');
  }
}

/** Whether bytes begin as gzip does (RFC 1952). */
export function isGzip(bytes: Buffer): boolean {
  return bytes.subarray(0, GZIP.length).equals(GZIP);
}

/** The error for gzip that cannot be unpacked. */
export function damagedGzip(path: string, name: string): InputError {
  return new InputError(path, `${name} is compressed with gzip, but damaged or cut off`, 'Copy it again.');
}

/** The error for a folder where a file is asked for. */
export function folderGiven(path: string): InputError {
  return new InputError(path, `${path} is a folder`, 'Name a file in it; a whole snapshot is given with --snapshot.');
}

async function unpack(bytes: Buffer, path: string, name: string, limit: number): Promise<Buffer> {
  // Loaded here: hardly any file is compressed, and every start would pay for it.
  const { gunzipSync } = await import('node:zlib');
  const most = Math.min(limit, Math.max(LIMITS.ratioFromBytes, bytes.length * LIMITS.ratio));
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name, most);
    throw damagedGzip(path, name);
  }
}

/** Without promises: waiting for one thread to read costs more than a small file. */
async function readFile(path: string, limit: number): Promise<Buffer> {
  let file: number | undefined;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw folderGiven(path);
    // A pipe (`<(iptables-save)`) has no size; it is read like standard input.
    if (!stats.isFile() || stats.size === 0) return await readStream(createReadStream(path), limit, path);
    if (stats.size > limit) throw tooLarge(path, limit);
    file = openSync(path, 'r');
    const bytes = readWhole(file, Buffer.allocUnsafe(stats.size), 0);
    if (bytes.length < stats.size || readSync(file, Buffer.alloc(1), 0, 1, stats.size) === 0) return bytes;
    // It grew while it was read: what is beyond the size is read on as a stream, and held against the limit.
    const rest = await readStream(createReadStream(path, { start: stats.size }), limit - stats.size, path);
    return Buffer.concat([bytes, rest]);
  } catch (error) {
    throw error instanceof InputError ? error : fileSystemError(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Fills the buffer from that place in the file, as far as the file goes. */
function readWhole(file: number, bytes: Buffer, start: number): Buffer {
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(file, bytes, length, bytes.length - length, start + length);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
  }
  return bytes;
}

async function readStream(stream: Readable, limit: number, path = 'standard input'): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limit) throw tooLarge(path, limit);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function tooLarge(path: string, limit: number): InputError {
  const remedy = 'Leave out what the question does not need, for example other tables or pods.';
  return new InputError(path, `${path} has more than ${formatBytes(limit)}`, remedy);
}
