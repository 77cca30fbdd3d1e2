/**
 * Writes snapshots.
 *
 * In: names and bytes of artefacts, and where they shall stand. Out: a folder or a .tar.gz there, whole or not at all: everything is
 * written beside its place under another name, forced to the disk, and renamed. Equal artefacts give equal bytes. It must not
 * interpret what it writes.
 */
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { fileSystemError, InputError } from './input-error.ts';

/** Where a snapshot is written to. */
export interface SnapshotTarget {
  /** As the person gave it, without a closing slash. */
  readonly path: string;
  readonly form: 'archive' | 'folder';
}

/** An artefact to be written; its bytes are asked for when their turn comes. */
export interface Written {
  readonly name: string;
  bytes(): Buffer;
}

const ARCHIVE = /\.(?:tar\.gz|tgz)$/i;
const OTHER_FILE = /\.(?:tar|zip|gz|json|ya?ml|txt|7z|bz2|xz|zst)$/i;

/**
 * Reads what a person gave as the place of a snapshot.
 * @throws InputError when it is neither the name of an archive nor that of a folder, or something stands there that must not be
 *   replaced
 */
export function snapshotTarget(given: string, force: boolean): SnapshotTarget {
  const folder = /[/\\]$/.test(given) || (!ARCHIVE.test(given) && !OTHER_FILE.test(given));
  const target: SnapshotTarget = {
    path: folder ? given.replace(/(?<=.)[/\\]+$/, '') : given,
    form: folder ? 'folder' : 'archive',
  };
  if (!folder && !ARCHIVE.test(given)) {
    const message = `${given} is the name of neither an archive nor a folder`;
    throw new InputError(given, message, 'End it with .tar.gz, or with a slash for a folder.');
  }
  if (!existsSync(target.path)) return target;
  const isFolder = statSync(target.path).isDirectory();
  if (isFolder !== folder) {
    const message = `${given} is ${isFolder ? 'a folder' : 'a file'} already`;
    throw new InputError(given, message, 'Give another name.');
  }
  if (!force)
    throw new InputError(given, `${given} is there already`, 'Add --force to replace it, or give another name.');
  if (isFolder && !existsSync(path.join(target.path, 'snapshot.json'))) {
    const message = `${given} is a folder, but no snapshot (it has no snapshot.json), and is not replaced`;
    throw new InputError(given, message, 'Give another name.');
  }
  return target;
}

/**
 * Writes a snapshot. When it fails or is stopped, nothing stands under the final name that was not there before.
 * @param time of all files in an archive
 * @throws InputError when the place cannot be written
 */
export async function writeSnapshot(
  target: SnapshotTarget,
  artefacts: Iterable<Written>,
  time: Date,
  signal: AbortSignal,
): Promise<void> {
  const unfinished = `${target.path}.${randomBytes(6).toString('hex')}.unfinished`;
  try {
    if (target.form === 'archive') await writeArchive(unfinished, artefacts, time, signal);
    else await writeFolder(unfinished, artefacts, signal);
    signal.throwIfAborted();
    putInPlace(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (error instanceof Error && 'code' in error && 'syscall' in error) throw notWritable(target.path, error);
    throw error;
  }
}

/** One after the other by name, with the same owner, mode and time, and a gzip header without system or time. */
async function writeArchive(
  file: string,
  artefacts: Iterable<Written>,
  time: Date,
  signal: AbortSignal,
): Promise<void> {
  const tar = pack();
  const filling = (async () => {
    for (const artefact of artefacts) {
      const { name } = artefact;
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const header = { name, mtime: time, mode: 0o644, uid: 0, gid: 0, uname: '', gname: '' };
        tar.entry(header, artefact.bytes(), (error) => (error ? reject(error) : resolve()));
      });
    }
    tar.finalize();
  })();
  filling.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  const output = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  const written = pipeline(tar, createGzip({ level: 6 }), new PlainGzipHeader(), output, { signal });
  const results = await Promise.allSettled([filling, written]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Byte 9 of a gzip header names the operating system (RFC 1952, section 2.3.1); 255: not known. */
class PlainGzipHeader extends Transform {
  private passed = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const at = 9 - this.passed;
    if (at >= 0 && at < chunk.length) chunk[at] = 255;
    this.passed += chunk.length;
    done(null, chunk);
  }
}

async function writeFolder(folder: string, artefacts: Iterable<Written>, signal: AbortSignal): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  let count = 0;
  for (const artefact of artefacts) {
    const { name } = artefact;
    signal.throwIfAborted();
    const file = path.join(folder, ...name.split('/'));
    mkdirSync(path.dirname(file), { recursive: true });
    writeDurably(file, artefact.bytes());
    // Whoever presses Ctrl-C is heard between files.
    if ((count += 1) % 64 === 0) await setImmediate();
  }
}

/** Writes a file and forces it to the disk. */
export function writeDurably(file: string, bytes: Buffer): void {
  const handle = openSync(file, 'w', 0o600);
  try {
    writeFileSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Gives the finished snapshot its name. A folder in its place is moved out of the way first: no system renames over one. */
function putInPlace(unfinished: string, target: SnapshotTarget): void {
  if (target.form === 'archive' || !existsSync(target.path)) {
    renameSync(unfinished, target.path);
  } else {
    const old = `${unfinished}.old`;
    renameSync(target.path, old);
    renameSync(unfinished, target.path);
    rmSync(old, { recursive: true, force: true });
  }
  syncFolder(path.dirname(path.resolve(target.path)));
}

/** Makes the new name durable; Windows has no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function notWritable(target: string, error: Error): InputError {
  const said = fileSystemError(target, error);
  return new InputError(
    target,
    `${target} cannot be written: ${error.message}`,
    said.remedy.startsWith('Check') ? 'Give a place in a folder that exists.' : 'Give a place that you may write to.',
    {
      cause: error,
    },
  );
}
