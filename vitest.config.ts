import { configDefaults, defineConfig } from 'vitest/config';

/** Everything that needs neither root nor a cluster: `npm test`. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/conformance/**', 'test/e2e/**'],
    // Only npm run golden writes what tests are held against.
    update: 'none',
    // Expected texts are without colours. Node 20 reads NODE_EXTRA_CA_CERTS at each start of a child, three times its own cost.
    // A busy machine is no failure; `npm run bench` measures.
    testTimeout: 60_000,
    // By default one processor is left idle, which is half of a machine with two.
    maxWorkers: '100%',
    env: { FORCE_COLOR: '0', NODE_EXTRA_CA_CERTS: '' },
  },
});
