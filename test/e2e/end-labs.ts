import { beginAndEndWithout } from '../lab/without-labs.ts';
import { labOfWorker, WORKERS } from './lab-of-worker.ts';

export default (): Promise<() => Promise<void>> =>
  beginAndEndWithout(Array.from({ length: WORKERS }, (_, at) => labOfWorker(at + 1)));
