import { stopLab } from './lab.ts';

/** For vitest's global setup: no lab of another run is taken for one of this run, and none is left behind. @returns what ends the run */
export async function beginAndEndWithout(names: readonly string[]): Promise<() => Promise<void>> {
  const stopAll = async (): Promise<void> => {
    for (const name of names) await stopLab(name);
  };
  await stopAll();
  return stopAll;
}
