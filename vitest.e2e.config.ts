import { defineConfig } from 'vitest/config';

/** Held against real clusters that the lab starts, as root on Linux: `npm run test:e2e`. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/lab/requirements.ts'],
    // A lab takes both processors of a small machine: one at a time.
    fileParallelism: false,
    testTimeout: 60_000,
    // The first start builds Kubernetes.
    hookTimeout: 1_500_000,
    env: { FORCE_COLOR: '0', NODE_EXTRA_CA_CERTS: '' },
  },
});
