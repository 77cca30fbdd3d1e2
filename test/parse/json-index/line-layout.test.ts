import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spansByLayout } from '../../../src/parse/json-index/line-layout.ts';
import { indexSpans, type Span } from '../../../src/parse/json-index/span-tree.ts';

/** A span down to some level, without what lies below. */
function outline(span: Span | null | undefined, levels: number): unknown {
  if (span === null || span === undefined) return null;
  const { start, end, kind } = span;
  if (levels === 0) return { start, end, kind };
  const values = (span.members?.values ?? span.elements ?? []).map((value) => outline(value, levels - 1));
  return { start, end, kind, keys: span.members?.keys ?? [], values };
}

const KEY = fc.stringMatching(/^[a-z_@]{1,8}$/);
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, fc.string(), fc.integer(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(KEY, tie('value'), { maxKeys: 4 }),
})).object;

describe('spansByLayout', () => {
  it('finds in what JSON.stringify indents what a look at each byte finds', () => {
    fc.assert(
      fc.property(VALUE, fc.integer({ min: 1, max: 4 }), (value, indent) => {
        const bytes = Buffer.from(JSON.stringify({ value }, null, indent));
        const expected = indexSpans(bytes, 0, { levels: 3, innermostKeys: null });
        expect(outline(spansByLayout(bytes, 0, 2, null), 2)).toEqual(outline(expected, 2));
      }),
    );
  });

  it.each([
    ['on one line', '{"a":[{"b":1}]}'],
    ['with an end further to the left', '{\n "a": [\n  {\n   "b": {\n  }\n  }\n ]\n}'],
    ['with an end further to the right', '{\n "a": [\n  {\n   "b": 1\n   }\n ]\n}'],
    ['with two elements on a line', '{\n "a": [\n  {\n   "b": 1\n  }, {\n   "b": 2\n  }\n ]\n}'],
    ['with carriage returns', '{\r\n "a": [\r\n  1\r\n ]\r\n}'],
    ['cut off', '{\n "a": [\n  {\n   "b": 1\n  }'],
  ])('gives up on a document %s', (_, text) => {
    expect(spansByLayout(Buffer.from(text), 0, 2, null)).toBeNull();
  });

  it('is not misled by brackets in strings', () => {
    const bytes = Buffer.from(JSON.stringify({ a: ['}\n ]', '\n}', { b: '\n  }' }] }, null, 1));
    expect(spansByLayout(bytes, 0, 2, null)?.members?.values[0]?.elements).toHaveLength(3);
  });
});
