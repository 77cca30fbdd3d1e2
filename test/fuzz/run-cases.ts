import { describe, expect, it } from 'vitest';
import type { SampleName } from '../sample-facts.ts';
import { makeCase, story, Subject, violations } from './fuzz-case.ts';

/** Cases over all samples: some in every `npm test`, more in a long run. */
const CASES = Number(process.env['KUBECTL_REACH_FUZZ_CASES'] ?? 1000);
const BLOCK = 50;
/** Milliseconds for a block; one case takes some fifty. */
const BLOCK_LIMIT = 120_000;

/**
 * Tests a share of the cases on one sample. Cases have fixed numbers, so that one which fails can be made again.
 * @param share of all cases, 0 to 1
 */
export async function runCases(sample: SampleName, share: number): Promise<void> {
  const subject = await Subject.of(sample);
  const count = Math.ceil(CASES * share);
  const blocks = Array.from({ length: Math.ceil(count / BLOCK) }, (_, index) => index * BLOCK);
  describe(`wrong snapshots of ${sample}: no crash, no hang, no false "reachable"`, () => {
    it.each(blocks)(
      'cases from %i',
      (first) => {
        for (let number = first; number < Math.min(first + BLOCK, count); number++) {
          const one = makeCase(subject, number);
          expect(violations(subject, one), `case ${number}: ${story(one)}`).toEqual([]);
        }
      },
      BLOCK_LIMIT,
    );
  });
}
