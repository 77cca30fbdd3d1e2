import { defineConfig } from 'vitest/config';

/** Held against the real kernel and real programs, as root on Linux: `npm run test:conformance`. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: ['test/conformance/requirements.ts'],
    // Network namespaces and rules are the machine's: one file at a time.
    fileParallelism: false,
    testTimeout: 60_000,
  },
});
