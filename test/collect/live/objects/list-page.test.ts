import { expect, it } from 'vitest';
import { joinItems, readListPage } from '../../../../src/collect/live/objects/list-page.ts';

const page = (kind: string): Buffer => Buffer.from(JSON.stringify({ kind, apiVersion: 'v1', metadata: {}, items: [] }));

it('reads a List of what was asked for', () => {
  expect(readListPage(page('ServiceList'), 'Service')?.kind).toBe('ServiceList');
});

it.each(['PodList', 'List', 'Service', 'Status', ''])('an empty %s is no answer to a list of Services', (kind) => {
  expect(readListPage(page(kind), 'Service')).toBeUndefined();
});

it.each([
  ['objects', '{"metadata":{"name":"a","namespace":"x"}} , {"metadata":{"name":"b","namespace":"x"}}', ['x/a', 'x/b']],
  [
    'what is no object keeps its place',
    'null, 7 ,"a,]}","", [1,{}],{"metadata":{"name":"b"}}',
    ['null', '7', '"a,]}"', '""', '[1,{}]', '/b'],
  ],
  [
    'an object without a name',
    '{"kind":"Pod"},{"metadata":{"name":7}},{"metadata":{"name":"c"}}',
    ['{"kind":"Pod"}', '{"metadata":{"name":7}}', '/c'],
  ],
  ['none', ' ', []],
])('%s: no item of a page is lost', (_, items, keys) => {
  const text = `{"kind":"PodList","items": [${items}\n],"metadata":{"items":["x"]},"apiVersion":"v1"}`;
  const read = readListPage(Buffer.from(text), 'Pod');
  const listed = read?.items() ?? [];
  expect(listed.map(({ key }) => key)).toEqual(keys);
  const joined = joinItems(
    { kind: 'PodList', apiVersion: 'v1', resourceVersion: '' },
    listed.map(({ bytes }) => bytes),
  );
  expect(JSON.parse(joined.toString())).toMatchObject({ items: JSON.parse(`[${items}]`) as unknown });
});
