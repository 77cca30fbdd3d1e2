/**
 * V8's compiled code of a bundle, kept between runs. In: the bundle's path and content hash, and a word for the command. Out: the
 * bundle's exports, and a cache file that spares the next run of the command the compilation. Each command has a file of its own,
 * because V8 loads all functions of a file, and a small command would pay for a large one. Nothing here may make a command fail: without a usable cache the
 * bundle is compiled as usual. `KUBECTL_REACH_CODE_CACHE=off` leaves files alone.
 *
 * File: CRC-32 of the rest (4 bytes), names of the commands whose functions it holds (one line), V8's data. V8 compares only
 * the length of the source, its version and flags, and runs corrupt data without looking (a crash), hence hash and checksum.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { cacheFolder, isPrivateFolder, makePrivateFolder, readPrivateFile } from './cache-folder.ts';

const SUFFIX = '.code';
const CHECKSUM_BYTES = 4;
/** Cache files of other commands, versions of the tool or of Node that may stay. */
const OTHERS_KEPT = 30;

export interface CachedBundle {
  readonly exports: unknown;
  /** Tells which command ran: when the cache does not hold its functions, it is written again at exit. */
  ran(command: string): void;
}

interface CachedCode {
  readonly commands: readonly string[];
  readonly data: Buffer;
}

/** What `wrap` of node:module makes of a CommonJS file. */
type ModuleWrapper = (
  exports: object,
  require: NodeJS.Require,
  module: { readonly exports: object },
  filename: string,
  dirname: string,
) => void;

/**
 * Loads a CommonJS file as `require` does, with its compiled code from the cache where there is one.
 * @param use what the bundle is loaded for, as a part of a file's name
 * @param given what `require` is to give of files that are loaded already, by the names that the bundle calls them
 */
export function loadBundle(
  path: string,
  contentHash: string,
  use: string,
  given: Readonly<Record<string, unknown>> = {},
): CachedBundle {
  const cacheFile = process.env['KUBECTL_REACH_CODE_CACHE'] === 'off' ? undefined : cachePath(contentHash, use);
  const cached = cacheFile === undefined ? undefined : readCache(cacheFile);
  // The bundle is pure ASCII (esbuild escapes the rest), and V8 keeps Latin-1 text in half the space.
  const script = new Script(wrap(readFileSync(path, 'latin1')), {
    filename: path,
    cachedData: cached?.data,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  const evaluate = script.runInThisContext() as ModuleWrapper;
  const require = createRequire(path);
  const lend = (id: string): unknown => (Object.hasOwn(given, id) ? given[id] : require(id));
  evaluate(module.exports, Object.assign(lend, require), module, path, dirname(path));
  const commands = script.cachedDataRejected === false ? (cached?.commands ?? []) : [];
  return {
    exports: module.exports,
    ran: (command) => {
      if (cacheFile === undefined || commands.includes(command)) return;
      process.once('exit', () => {
        writeCache(cacheFile, { commands: [...commands, command], data: script.createCachedData() });
      });
    },
  };
}

function cachePath(contentHash: string, use: string): string | undefined {
  const folder = cacheFolder();
  return folder && join(folder, `${contentHash}-${cachedDataVersionTag().toString(16)}-${use}${SUFFIX}`);
}

/** @returns undefined when there is no cache file, or it is not to be trusted, or not whole */
export function readCache(path: string): CachedCode | undefined {
  try {
    if (!isPrivateFolder(dirname(path))) return undefined;
    const file = readPrivateFile(path);
    if (file === undefined) return undefined;
    const content = file.subarray(CHECKSUM_BYTES);
    if (!checksum(content).equals(file.subarray(0, CHECKSUM_BYTES))) return undefined;
    const line = content.indexOf('\n');
    return { commands: content.toString('latin1', 0, line).split(','), data: content.subarray(line + 1) };
  } catch {
    return undefined;
  }
}

/** Writes beside and renames, so that a reader never meets half a file. Does nothing where it may not write. */
export function writeCache(path: string, code: CachedCode): void {
  try {
    const folder = dirname(path);
    makePrivateFolder(folder);
    if (!isPrivateFolder(folder)) return;
    const content = Buffer.concat([Buffer.from(`${code.commands.join(',')}\n`), code.data]);
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, Buffer.concat([checksum(content), content]), { flag: 'wx', mode: 0o600 });
    renameSync(draft, path);
    dropOldest(folder, path);
  } catch {
    // A read-only home or a full disk: the next run compiles again.
  }
}

function dropOldest(folder: string, kept: string): void {
  const others = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => path !== kept)
    .map((path) => ({ path, age: statSync(path).mtimeMs }))
    .toSorted((a, b) => b.age - a.age);
  for (const { path } of others.slice(OTHERS_KEPT)) rmSync(path);
}

function checksum(content: Buffer): Buffer {
  // Against damage alone: the folder is its owner's. node:crypto would cost a tenth of a bare start to load.
  const sum = Buffer.alloc(CHECKSUM_BYTES);
  sum.writeUInt32BE(crc32(content));
  return sum;
}
