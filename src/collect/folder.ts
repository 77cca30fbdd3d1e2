import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  type Dirent,
} from 'node:fs';
import path from 'node:path';
import type { Gap } from '../model/artefact.ts';
import { skippedEntry, type Entries } from './entries.ts';
import { entryName, printableName } from './entry-name.ts';
import { fileSystemError, InputError } from './input-error.ts';
import { formatBytes, type Limits } from './limits.ts';

/**
 * Lists a folder's files. Nothing is read yet; a link is followed only to a file inside the folder. Synchronous calls, because a
 * detour by Node's thread pool costs several times what the call does.
 */
export function listFolder(root: string, limits: Limits): Entries {
  const real = realpathSync(root);
  const files = new Map<string, () => Buffer>();
  const gaps: Gap[] = [];
  let seen = 0;
  const pending: { readonly folder: string; readonly depth: number }[] = [{ folder: '', depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { folder, depth } = next;
    for (const entry of entriesOf(real, folder, gaps)) {
      seen += 1;
      if (seen > limits.entries) throw tooManyEntries(root, limits);
      const named = entryName(folder === '' ? entry.name : `${folder}/${entry.name}`);
      if (named.kind === 'litter') continue;
      if (named.kind === 'refused') {
        gaps.push(skippedEntry(printableName(`${folder}/${entry.name}`), named.problem));
        continue;
      }
      const { name } = named;
      const problem = refusal(real, name, entry, depth, limits);
      if (problem !== undefined) gaps.push(problem);
      else if (entry.isDirectory()) pending.push({ folder: name, depth: depth + 1 });
      else files.set(name, () => readPlainFile(path.join(real, ...name.split('/')), limits));
    }
  }
  return { files, gaps };
}

export function tooManyEntries(source: string, limits: Limits): InputError {
  const remedy = 'Give the folder or archive of the snapshot alone, without other files.';
  return new InputError(source, `${source} holds more than ${limits.entries} files`, remedy);
}

function entriesOf(root: string, folder: string, gaps: Gap[]): readonly Dirent[] {
  try {
    const entries = readdirSync(path.join(root, ...folder.split('/')), { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    // The folder as a whole is the caller's business; one inside that cannot be read is a gap.
    if (folder === '') throw fileSystemError(root, error);
    gaps.push({ ...skippedEntry(folder, fileSystemError(folder, error).message), remedy: 'make the folder readable' });
    return [];
  }
}

/** Why an entry is not read; undefined for a folder or a file that can be. */
function refusal(root: string, name: string, entry: Dirent, depth: number, limits: Limits): Gap | undefined {
  if (entry.isDirectory()) {
    return depth < limits.depth ? undefined : skippedEntry(name, 'it lies too deep in folders', 'too-large');
  }
  if (!entry.isFile() && !entry.isSymbolicLink()) return skippedEntry(name, 'it is neither a file nor a folder');
  const full = path.join(root, ...name.split('/'));
  try {
    if (entry.isSymbolicLink()) {
      const target = realpathSync(full);
      if (!target.startsWith(root + path.sep)) return skippedEntry(name, 'it is a link that leads out of the snapshot');
    }
    const stats = statSync(full);
    if (!stats.isFile()) return skippedEntry(name, 'it is a link to something that is no file');
    return stats.size > limits.entryBytes ? tooLargeEntry(name, stats.size, limits) : undefined;
  } catch (error) {
    const dangling = entry.isSymbolicLink() ? 'it is a link that leads nowhere' : fileSystemError(name, error).message;
    return skippedEntry(name, dangling);
  }
}

export function tooLargeEntry(name: string, size: number, limits: Limits): Gap {
  const problem = `it has ${formatBytes(size)}, and no more than ${formatBytes(limits.entryBytes)} are read`;
  return { kind: 'too-large', artefact: name, problem, remedy: 'capture less in one file' };
}

/** Reads a file that may have been exchanged since it was listed: only if it is still a plain one of bearable size. */
function readPlainFile(full: string, limits: Limits): Buffer {
  const file = openSync(full, 'r');
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no plain file any more');
    if (stats.size > limits.entryBytes) throw new Error(`it has grown to ${formatBytes(stats.size)}`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
