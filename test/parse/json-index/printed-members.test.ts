import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPrinted } from '../../../src/parse/json-index/json-document.ts';
import type { JsonNode } from '../../../src/parse/json-index/json-node.ts';

const SHAPE = { member: 'cluster', name: 'name', without: 'error_state' };

/** The list `list` of a document. */
function listOf(text: string): JsonNode {
  const document = readPrinted({ name: 'f', capturedAt: null, bytes: Buffer.from(text) });
  const list = document?.root?.member('list');
  if (list === undefined) throw new Error('it is not read by its lines');
  return list;
}

interface Element {
  readonly cluster?: { readonly name?: unknown };
}

/** What is found in a list, by name, with pointers; and the indices of what is not. */
function found(text: string, names: Iterable<string>): unknown {
  const members = listOf(text).namedMembers(SHAPE);
  if (members === undefined) return undefined;
  const named = [...names].flatMap((name) => {
    const member = members.find(name);
    const cursor = member?.cursor();
    return member === undefined
      ? []
      : [[name, cursor?.pointer, cursor?.value, JSON.parse(member.head() ?? '') as unknown]];
  });
  return { named, others: members.others.map((node) => [node.pointer, node.cursor().value]) };
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
        expect(found(text, new Set(names))).toEqual(expected(list, again));
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
    expect(found(text, ['a', 'b', 'c', 'ä'])).toEqual(expected(list, (_element, index) => index === 1));
  });

  it.each([
    ['elements on one line', '{\n "list": [\n  {"cluster": {"name": "a"}},\n  {"cluster": {"name": "b"}}\n ]\n}'],
    ['no elements', '{\n "list": []\n}'],
    ['a list of texts', '{\n "list": [\n  "a"\n ]\n}'],
    ['elements of two widths', '{\n "list": [\n  {\n   "a": 1\n  },\n   {\n   "a": 1\n   }\n ]\n}'],
  ])('are not looked for in %s', (_, text) => {
    expect(found(text, ['a'])).toBeUndefined();
  });

  it('of one name twice in an element are left to who parses it', () => {
    const text =
      '{\n "list": [\n  {\n   "cluster": {\n    "name": "a"\n   },\n   "cluster": {\n    "name": "b"\n   }\n  }\n ]\n}';
    expect(found(text, ['a', 'b'])).toEqual({ named: [], others: [['/list/0', { cluster: { name: 'b' } }]] });
  });
});
