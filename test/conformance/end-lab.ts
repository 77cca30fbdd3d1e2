import { defaultName, stopLab } from '../lab/lab.ts';

/** vitest's global setup: a lab that a suite started and could not stop ends with the run. */
export default async function endWithoutLab(): Promise<() => Promise<void>> {
  const stop = (): Promise<void> => stopLab(defaultName());
  await stop();
  return stop;
}
