import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Between two looks at a program's memory. */
const POLL_MS = 3;

/**
 * Runs a command and tells the most memory that it held, in MB, as the kernel counts (VmHWM). Linux alone.
 * @param fine exit statuses that are no failure
 * @throws Error when it fails
 */
export async function peakMemory(
  [command = '', ...words]: readonly string[],
  env: NodeJS.ProcessEnv,
  fine: readonly number[] = [0],
): Promise<number> {
  const child = spawn(command, words, { env, stdio: 'ignore' });
  let most = 0;
  const timer = setInterval(() => {
    try {
      const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      most = Math.max(most, Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0));
    } catch {
      // It has ended in between.
    }
  }, POLL_MS);
  const [status] = (await once(child, 'close')) as [number | null];
  clearInterval(timer);
  if (status === null || !fine.includes(status))
    throw new Error(`${command} ${words.join(' ')} ended with status ${status}`);
  return (most * 1024) / 1e6;
}
