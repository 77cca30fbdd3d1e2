import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Suites that share a lab (test/e2e/shared-lab.ts) follow one another, those last that put more into it than they ask; then all others. */
const SHARING = ['services', 'node-access', 'snapshot', 'faults', 'proxy-config', 'istio'];

class OfOneLabTogether extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = SHARING.indexOf(basename(moduleId, '.test.ts'));
      return at < 0 ? SHARING.length : at;
    };
    return files.toSorted((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

/** Held against real clusters that the lab starts, as root on Linux: `npm run test:e2e`. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/lab/requirements.ts', 'test/e2e/shared-lab.ts'],
    sequence: { sequencer: OfOneLabTogether },
    // A lab takes both processors of a small machine: one at a time.
    fileParallelism: false,
    testTimeout: 60_000,
    // The first start builds Kubernetes.
    hookTimeout: 1_500_000,
    env: { FORCE_COLOR: '0', NODE_EXTRA_CA_CERTS: '' },
  },
});
