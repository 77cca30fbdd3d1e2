import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { progress } from '../progress.ts';

/** Everything that the lab builds or unpacks, outside of the tree. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kubectl-reach-lab');
}

/**
 * A folder of the cache that is made once per key and machine. Two processes that want the same do not both make it: one holds a lock
 * file with its process id, the others wait; a lock of a process that is gone counts for nothing. The folder stands under its name only
 * when it is whole.
 * @param key names what is inside with its versions
 * @param make fills an empty folder
 * @returns the folder's path
 */
export async function cached(key: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), key);
  if (await exists(folder)) return folder;
  await locked(`${folder}.lock`, async () => {
    if (await exists(folder)) return;
    const fresh = `${folder}.${process.pid}`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true });
    try {
      await make(fresh);
      await rename(fresh, folder);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  });
  return folder;
}

/** Whether a folder of the cache was made. */
export async function isCached(key: string): Promise<boolean> {
  return await exists(join(cacheFolder(), key));
}

/** Does one thing at a time among all processes of the machine. */
export async function locked<T>(path: string, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  for (;;) {
    const lock = await open(path, 'wx').catch(() => undefined);
    if (lock !== undefined) {
      await lock.writeFile(String(process.pid));
      await lock.close();
      break;
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder > 0 && !isRunning(holder)) await rm(path, { force: true });
    else if (!told) progress(`waits for process ${holder}, which holds ${path}`);
    told = true;
    await sleep(500);
  }
  try {
    return await action();
  } finally {
    await rm(path, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
