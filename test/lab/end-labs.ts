import { stopLab } from './lab.ts';
import { labOfWorker, WORKERS } from './lab-of-worker.ts';

/** vitest's global setup: no lab of another run is taken for one of this run, and none is left behind. @returns what ends the run */
export default async (): Promise<() => Promise<void>> => {
  const stopAll = async (): Promise<void> => {
    for (let worker = 1; worker <= WORKERS; worker += 1) await stopLab(labOfWorker(worker));
  };
  await stopAll();
  return stopAll;
};
