import { defineConfig } from 'vitest/config';

/** Held against the real kernel and real programs, as root on Linux: `npm run test:conformance`. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: ['test/conformance/requirements.ts', 'test/conformance/end-lab.ts'],
    // Network namespaces and rules are the machine's: one file at a time.
    fileParallelism: false,
    testTimeout: 60_000,
    // The first start of a lab builds Kubernetes and Istio.
    hookTimeout: 1_500_000,
  },
});
