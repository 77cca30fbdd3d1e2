// vitest's setup file, before each suite: what starts or opens a lab without a name, in whatever process, means the lab of this worker.
import { labOfWorker } from './lab-of-worker.ts';

process.env['KUBECTL_REACH_LAB'] = labOfWorker(Number(process.env['VITEST_POOL_ID']));
