import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process of a pod, as this machine numbers it, by its command line; kubelet names the pod's cgroup after its uid.
 * @param isWanted takes the words of a command line
 */
export function processOfPod(uid: string, isWanted: (words: readonly string[]) => boolean): string | undefined {
  return readdirSync('/proc').find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`pod${uid}`)) return false;
      return isWanted(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
    } catch {
      // It ended in between.
      return false;
    }
  });
}
