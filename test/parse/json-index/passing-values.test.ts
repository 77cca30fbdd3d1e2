import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printedPart, readJson } from '../../../src/parse/json-index/json-document.ts';

const VALUE = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.string(), fc.integer(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(fc.constantFrom('stats', 'name', 'a', '"stats": [\n'), tie('value'), { maxKeys: 4 }),
})).object;

interface Wish {
  readonly holding?: string | null;
  readonly without?: readonly string[];
}

/** What is read of a list that is printed in this way, and the pointers of what could not be. */
function passing(text: string, { holding = null, without = [] }: Wish = {}): { values: unknown[]; broken: string[] } {
  const broken: string[] = [];
  const list = printedPart('dump', Buffer.from(text), () => '').member('list');
  const wish = { holding, without, broken: (pointer: string) => broken.push(pointer) };
  return { values: [...(list?.passingElements(wish) ?? [])], broken };
}

/** Without what the members of this name hold. */
function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(emptied);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]): [string, unknown] => [
    key,
    key === 'stats' && Array.isArray(member) ? [] : emptied(member),
  ]);
  return Object.fromEntries(entries);
}

describe('the elements of a printed list', () => {
  const lists = fc.array(VALUE, { maxLength: 6 });

  it('are those of JSON.parse', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 0, max: 3 }), (list, indent) => {
        expect(passing(JSON.stringify({ list }, null, indent))).toEqual({ values: list, broken: [] });
      }),
    );
  });

  it('may lack what a member holds that is not asked for, and nothing else', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const { values } = passing(JSON.stringify({ list }, null, 1), { without: ['stats": ['] });
        expect(values.map(emptied)).toEqual(list.map(emptied));
      }),
    );
  });

  it('that hold some characters are among those that are given, in their order', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const { values } = passing(JSON.stringify({ list }, null, 1), { holding: '"name"' });
        const wanted = list.filter((one) => JSON.stringify(one).includes('"name"')).map((one) => JSON.stringify(one));
        expect(values.map((one) => JSON.stringify(one)).filter((one) => one.includes('"name"'))).toEqual(wanted);
      }),
    );
  });

  it('are read in more than one piece when there are many', () => {
    const list = Array.from({ length: 9000 }, (_, index) => ({ index, stats: [{ name: 'x'.repeat(100) }] }));
    const text = JSON.stringify({ list }, null, 1);
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(passing(text).values).toEqual(list);
    expect(passing(text, { without: ['stats": ['] }).values).toEqual(list.map(({ index }) => ({ index, stats: [] })));
    expect(passing(text, { holding: '"index": 8123,' }).values).toEqual([list[8123]]);
  });

  it('that are no JSON are named, and the others are read', () => {
    const text = '{\n "list": [\n  {\n   "a": 1\n  },\n  {\n   "b": oops\n  },\n  {\n   "c": 3\n  }\n ]\n}';
    expect(passing(text)).toEqual({ values: [{ a: 1 }, { c: 3 }], broken: ['/list/1'] });
    expect(passing(text, { holding: 'oops' })).toEqual({ values: [], broken: ['/list/1'] });
  });

  it('are found in a document that is printed in another way', () => {
    const { root } = readJson(
      { name: 'dump', capturedAt: null, bytes: Buffer.from('{"list":[{"a":1},{"b":2}]}') },
      0,
      'layout',
    );
    const wish = { holding: null, without: [], broken: () => undefined };
    expect([...(root?.member('list')?.passingElements(wish) ?? [])]).toEqual([{ a: 1 }, { b: 2 }]);
  });
});
