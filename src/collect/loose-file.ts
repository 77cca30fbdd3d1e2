import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Artefact } from '../model/artefact.ts';
import { toUtf8 } from './encoding.ts';
import { fileSystemError, InputError } from './input-error.ts';
import { formatBytes } from './limits.ts';

/** Stands for standard input where a path is asked for. */
const STANDARD_INPUT = '-';
const BYTES_LIMIT = 1024 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** What may be changed for tests. */
export interface LooseFileOptions {
  readonly limit?: number;
  readonly standardInput?: Readable;
}

/**
 * Reads one file that a person named, or standard input for `-`. The artefact has the path as its name.
 * @throws InputError when there is no such file, it may not be read, is a folder, compressed, or too large
 */
export async function collectLooseFile(path: string, options: LooseFileOptions = {}): Promise<Artefact> {
  const limit = options.limit ?? BYTES_LIMIT;
  const bytes =
    path === STANDARD_INPUT
      ? await readStream(options.standardInput ?? process.stdin, limit)
      : await readFile(path, limit);
  const name = path === STANDARD_INPUT ? 'standard input' : path;
  if (bytes.subarray(0, GZIP.length).equals(GZIP)) {
    throw new InputError(path, `${name} is compressed`, 'Unpack it first: `gunzip -c FILE | kubectl reach … -`.');
  }
  return { name, capturedAt: null, bytes: toUtf8(bytes) };
}

async function readFile(path: string, limit: number): Promise<Buffer> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) {
      throw new InputError(
        path,
        `${path} is a folder`,
        'Name a file in it; a whole snapshot is given with --snapshot.',
      );
    }
    // A pipe (`<(iptables-save)`) has no size; it is read like standard input.
    if (stats.isFile() && stats.size > limit) throw tooLarge(path, limit);
    const file = await open(path, 'r');
    try {
      // A stream of small chunks costs several times as much; what is larger than it said is read on as one.
      if (stats.isFile() && stats.size > 0) return await readWhole(file, stats.size, limit, path);
      return await readStream(file.createReadStream({ autoClose: false }), limit, path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof InputError ? error : fileSystemError(path, error);
  }
}

async function readWhole(file: FileHandle, size: number, limit: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
  }
  const { bytesRead: more } = await file.read(Buffer.alloc(1), 0, 1, size);
  if (more === 0) return bytes;
  const rest = await readStream(file.createReadStream({ autoClose: false, start: size }), limit - size, path);
  return Buffer.concat([bytes, rest]);
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
