import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { WORKERS } from './test/e2e/lab-of-worker.ts';

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
] as const;

class OfOneLabTogether extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = ORDER.findIndex((name) => name === basename(moduleId, '.test.ts'));
      return at < 0 ? ORDER.length : at;
    };
    return files.toSorted((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

/** Held against real clusters that the lab starts, as root on Linux: `npm run test:e2e`. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/lab/requirements.ts', 'test/e2e/end-labs.ts'],
    setupFiles: ['test/e2e/name-lab.ts'],
    sequence: { sequencer: OfOneLabTogether },
    maxWorkers: WORKERS,
    testTimeout: 60_000,
    // The first start builds Kubernetes.
    hookTimeout: 1_500_000,
    env: { FORCE_COLOR: '0', NODE_EXTRA_CA_CERTS: '' },
  },
});
