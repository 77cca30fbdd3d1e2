import { defaultName } from './lab.ts';

/** Suites run side by side, so many at a time. */
export const WORKERS = 2;

/** @param worker from 1 @returns the name of its lab; none is the beginning of another one's */
export function labOfWorker(worker: number): string {
  return defaultName() + 'abcdefgh'.charAt(worker - 1);
}
