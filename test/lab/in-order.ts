import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** @param order names of suites, `mesh` of mesh.test.ts, as they are to start; others follow @returns what vitest puts them in order by */
export function inOrder(order: readonly string[]): typeof BaseSequencer {
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const place = ({ moduleId }: TestSpecification): number => {
        const at = order.indexOf(basename(moduleId, '.test.ts'));
        return at < 0 ? order.length : at;
      };
      return files.toSorted((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1));
    }
  };
}
