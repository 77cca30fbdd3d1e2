import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const NAME = 'kubectl-reach';
const WRITABLE_BY_OTHERS = 0o022;
const OPEN_TO_OTHERS = 0o077;

/**
 * Where this user's caches live: XDG_CACHE_HOME where it is set and absolute (XDG Base Directory Specification), else
 * `%LOCALAPPDATA%` on Windows, `~/Library/Caches` on macOS, `~/.cache` elsewhere.
 * @returns undefined when no such place is known
 */
export function cacheFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string | undefined {
  const xdg = environment['XDG_CACHE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, NAME);
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'];
    return local === undefined ? undefined : join(local, NAME, 'Cache');
  }
  if (!isAbsolute(home)) return undefined;
  return platform === 'darwin' ? join(home, 'Library', 'Caches', NAME) : join(home, '.cache', NAME);
}

/**
 * Whether what lies in the folder may be run: a real folder (no link) of this user that is closed to all others. A code cache
 * is executable content, so that whoever can write it can run code as this user.
 */
export function isPrivateFolder(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats !== undefined && stats.isDirectory() && isOwn(stats) && isClosed(stats, OPEN_TO_OTHERS);
}

/**
 * Makes the folder and the one around it, closed to others, unless they are there; a home is never made. One by one, because Node's
 * recursive mkdir tries for ever where a file system makes no folders and says that there is none (procfs, autofs).
 */
export function makePrivateFolder(folder: string): void {
  for (const one of [dirname(folder), folder]) {
    if (lstatSync(one, { throwIfNoEntry: false }) === undefined) mkdirSync(one, { mode: 0o700 });
  }
}

/**
 * Reads a file of a private folder when nobody else can have written it. The check is made on the open file, so that the
 * file that was checked is the one that is read.
 * @returns undefined when there is no such file, or it is not to be trusted
 * @throws what opening or reading it throws, beside ENOENT
 */
export function readPrivateFile(path: string): Buffer | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const file = openSync(path, constants.O_RDONLY | noFollow());
  try {
    const stats = fstatSync(file);
    return stats.isFile() && isOwn(stats) && isClosed(stats, WRITABLE_BY_OTHERS) ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

/** Windows has no such flag; there the folder's access list protects the file. */
function noFollow(): number {
  return process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
}

/** Windows has no owners and modes to look at: `%LOCALAPPDATA%` is closed to other users by its access list. */
function isOwn(stats: Stats): boolean {
  return process.getuid === undefined || stats.uid === process.getuid();
}

function isClosed(stats: Stats, mask: number): boolean {
  return process.platform === 'win32' || (stats.mode & mask) === 0;
}
