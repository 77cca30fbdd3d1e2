import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeMembers } from '../../../src/model/free.ts';
import type { Free } from '../../../src/model/free.ts';
import { readPrinted } from '../../../src/parse/json-index/json-document.ts';
import type { JsonNode } from '../../../src/parse/json-index/json-node.ts';
import type { PrintedNames } from '../../../src/parse/json-index/printed-forms.ts';

const SHAPE = { member: 'cluster', name: 'name', without: 'error_state' };
/** What may differ between elements that are alike; null: none is looked for that is. */
const FREE = [
  null,
  freeMembers({ version_info: 'label', cluster: freeMembers({ name: 'text', a: 'text', list: 'any' }) }),
];

/** The list `list` of a document; undefined: that is not read by its lines. */
function listOf(text: string): JsonNode | undefined {
  return readPrinted({ name: 'f', capturedAt: null, bytes: Buffer.from(text) })?.root?.member('list');
}

interface Element {
  readonly cluster?: { readonly name?: unknown };
}

/** What is found in a list, by name, with pointers; and the indices of what is not. It is the same whether alike ones are looked for or not. */
function found(text: string): unknown {
  const [told, again] = FREE.map((free) => foundWith(text, free));
  expect(again).toEqual(told);
  return told;
}

function foundWith(text: string, free: Free | null): unknown {
  const list = listOf(text)?.namedMembers({ ...SHAPE, free });
  if (list === undefined) return undefined;
  const named = list.members.map((member) => {
    const node = list.node(member);
    const { pointer, value } = node.cursor();
    expectNames(member.printed, value);
    return [member.name, pointer, value, JSON.parse(node.head() ?? '') as unknown];
  });
  return { named, others: list.others.map((node) => [node.pointer, node.cursor().value]) };
}

/** Names that the text tells of a member are those in its value. */
function expectNames(printed: PrintedNames | null, value: unknown): void {
  for (const [index, pointer] of (printed?.form.pointers ?? []).entries())
    expect(printed?.names[index]).toBe((value as Record<string, unknown>)[pointer.replace('/cluster/', '')]);
}

/** The same of the parsed list. @param odd indices of elements that are told by themselves */
function expected(list: readonly Element[], odd: (element: Element, index: number) => boolean): unknown {
  const named = list.flatMap((element, index) =>
    odd(element, index) ? [] : [[element.cluster?.name, `/list/${index}/cluster`, element.cluster, element.cluster]],
  );
  const others = list.flatMap((element, index) => (odd(element, index) ? [[`/list/${index}`, element]] : []));
  return { named, others };
}

const KEY = fc.constantFrom('name', 'cluster', 'list', 'error', 'a', 'version_info');
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.constantFrom('\n    "name": "x"', '},\n  {', '"', '\\'),
    fc.integer(),
    fc.constant(null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(KEY, tie('value'), { maxKeys: 4 }),
})).object;
const NAME = fc.stringMatching(/^[a-z|.]{1,4}$/);
const ELEMENT = fc
  .tuple(
    fc.dictionary(fc.constantFrom('a', 'version_info'), VALUE),
    NAME,
    VALUE,
    fc.dictionary(fc.constantFrom('b', 'last_updated'), VALUE),
  )
  .map(([before, name, own, behind]) => ({ ...before, cluster: { ...own, name }, ...behind }));

describe('named members of a printed list', () => {
  it('are those that the parsed list has', () => {
    fc.assert(
      fc.property(fc.array(ELEMENT, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 4 }), (list, indent) => {
        const names = list.map(({ cluster }) => cluster.name);
        const again = (_: Element, index: number): boolean => names.indexOf(names[index] ?? '') < index;
        const text = JSON.stringify({ before: [1], list, behind: {} }, null, indent);
        expect(found(text)).toEqual(expected(list, again));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, object]>([
    ['no member', { version_info: '1' }],
    ['a member that is a text', { cluster: 'b' }],
    ['an empty member', { cluster: {} }],
    ['no name', { cluster: { type: 'EDS' } }],
    ['a name that is none', { cluster: { name: 7 } }],
    ['a name further down', { cluster: { metadata: { name: 'b' } } }],
    ['a name behind the member', { cluster: { type: 'EDS' }, other: { name: 'b' } }],
    ['a name beyond ASCII', { cluster: { name: 'ä' } }],
    ['a name with an escape', { cluster: { name: 'b"' } }],
    ['more to tell', { cluster: { name: 'b' }, error_state: { details: 'refused' } }],
    ['more to tell before', { error_state: { details: 'refused' }, cluster: { name: 'b' } }],
    ['the name of an earlier one', { cluster: { name: 'a', type: 'EDS' } }],
  ])('are told apart from an element with %s', (_, odd) => {
    const list = [{ cluster: { name: 'a' } }, odd, { cluster: { name: 'c' } }] as Element[];
    const text = JSON.stringify({ list }, null, 1);
    expect(found(text)).toEqual(expected(list, (_element, index) => index === 1));
  });

  it.each([
    ['elements on one line', '{\n "list": [\n  {"cluster": {"name": "a"}},\n  {"cluster": {"name": "b"}}\n ]\n}'],
    ['no elements', '{\n "list": []\n}'],
    ['a list of texts', '{\n "list": [\n  "a"\n ]\n}'],
    ['elements of two widths', '{\n "list": [\n  {\n   "a": 1\n  },\n   {\n   "a": 1\n   }\n ]\n}'],
  ])('are not looked for in %s', (_, text) => {
    expect(found(text)).toBeUndefined();
  });

  it('of one name twice in an element are left to who parses it', () => {
    const text =
      '{\n "list": [\n  {\n   "cluster": {\n    "name": "a"\n   },\n   "cluster": {\n    "name": "b"\n   }\n  }\n ]\n}';
    expect(found(text)).toEqual({ named: [], others: [['/list/0', { cluster: { name: 'b' } }]] });
  });

  it('have no value where a label before them is no JSON', () => {
    const element = (label: string, name: string): string =>
      `  {\n   "version_info": "${label}",\n   "cluster": {\n    "name": "${name}"\n   }\n  }`;
    const text = `{\n "list": [\n${element('1', 'a')},\n${element('1\n  }', 'b')}\n ]\n}`;
    const list = listOf(text)?.namedMembers({ ...SHAPE, free: FREE[1] ?? null });
    const values = list?.members.map((member) => [member.name, list.node(member).cursor().value]);
    expect(values).toEqual([
      ['a', { name: 'a' }],
      ['b', undefined],
    ]);
  });
});
