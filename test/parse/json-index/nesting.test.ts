/** What is told of the nesting of a text by its brackets alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isShallow } from '../../../src/parse/json-index/nesting.ts';

/** Levels of containers in a value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

const text = fc.string({ unit: fc.constantFrom('a', ' ', '{', '}', '[', ']', '"', '\\', '\n', ',', 'ä') });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom(null, 1, {}, []),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
}));
const indent = fc.constantFrom(undefined, 1, 2, '\t');

describe('nesting told by brackets', () => {
  it('is never deeper than what is told', () => {
    let told = 0;
    fc.assert(
      fc.property(value, indent, fc.nat(8), (one, by, limit) => {
        const shallow = isShallow(JSON.stringify(one, null, by), limit);
        if (shallow) told++;
        return !shallow || depthOf(one) <= limit;
      }),
      { numRuns: 2000 },
    );
    expect(told).toBeGreaterThan(200);
  });

  it('is told to the level where each container has lines of its own', () => {
    for (const depth of [1, 2, 3, 500]) {
      const nested = Array.from({ length: depth }).reduce((inner: unknown) => [{}, 'a', inner], 1);
      const printed = JSON.stringify(nested, null, 1);
      expect(isShallow(printed, depth + 1)).toBe(true);
      expect(isShallow(printed, depth - 1)).toBe(false);
    }
  });

  it.each([
    ['closes inside a string', '[[["]\\n]","a ] b"]]]'],
    ['opens and closes inside a string', '[["{}[]",[1]]]'],
    ['closes behind a value of its line', '[\n[\n[1],\n[2],\n[3]\n]\n]'],
  ])('that %s is not told to be less', (_, json) => {
    expect(isShallow(json, 2)).toBe(false);
  });

  it('ends with a text that breaks off', () => {
    expect(isShallow('{\n "a": [', 2)).toBe(true);
    expect(isShallow('', 0)).toBe(true);
  });
});
