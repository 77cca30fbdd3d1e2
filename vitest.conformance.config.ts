import { defineConfig } from 'vitest/config';
import { inOrder } from './test/lab/in-order.ts';
import { WORKERS } from './test/lab/lab-of-worker.ts';

/** Suites that take minutes, the longest ones first. */
const ORDER = ['ipvs', 'random-mesh', 'live', 'mesh-faults', 'iptables', 'proxy-protocol', 'connect', 'nftables'];

/** Held against the real kernel and real programs, as root on Linux: `npm run test:conformance`. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: ['test/conformance/requirements.ts', 'test/lab/end-labs.ts'],
    setupFiles: ['test/lab/name-lab.ts'],
    sequence: { sequencer: inOrder(ORDER) },
    // Each has network namespaces, a guest or a lab of its own.
    maxWorkers: WORKERS,
    testTimeout: 60_000,
    // The first start of a lab builds Kubernetes and Istio.
    hookTimeout: 1_500_000,
  },
});
