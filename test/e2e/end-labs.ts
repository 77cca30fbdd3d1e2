import { stopLab } from '../lab/lab.ts';
import { labOfWorker, WORKERS } from './lab-of-worker.ts';

/** vitest's global setup: no lab of another run is taken for one of this run, and none is left behind. */
export default async function startAndEndWithout(): Promise<() => Promise<void>> {
  await stopAll();
  return stopAll;
}

async function stopAll(): Promise<void> {
  for (let worker = 1; worker <= WORKERS; worker += 1) await stopLab(labOfWorker(worker));
}
