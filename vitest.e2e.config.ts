import { defineConfig } from 'vitest/config';
import { inOrder } from './test/lab/in-order.ts';
import { WORKERS } from './test/lab/lab-of-worker.ts';

/**
 * In which order suites start: the longest one first, which leaves the other worker to suites that share a lab (test/e2e/shared-lab.ts) and
 * follow one another. What then remains is so divided that both workers end at about the same time.
 */
const ORDER = [
  'ipvs-cluster',
  'services',
  'node-access',
  'snapshot',
  'faults',
  'mesh',
  'services-nftables',
  'lab',
  'services-legacy',
];

/** Held against real clusters that the lab starts, as root on Linux: `npm run test:e2e`. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/lab/requirements.ts', 'test/lab/end-labs.ts'],
    setupFiles: ['test/lab/name-lab.ts'],
    sequence: { sequencer: inOrder(ORDER) },
    maxWorkers: WORKERS,
    testTimeout: 60_000,
    // The first start builds Kubernetes.
    hookTimeout: 1_500_000,
    env: { FORCE_COLOR: '0', NODE_EXTRA_CA_CERTS: '' },
  },
});
