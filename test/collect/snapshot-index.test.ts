/** What snapshot.json says of Lists that do not hold everything. */
import { expect, it } from 'vitest';
import { formatSnapshotIndex, readSnapshotIndex } from '../../src/collect/snapshot-index.ts';
import { collectSnapshot } from '../../src/collect/snapshot.ts';
import { temporaryFolder } from './temporary-folder.ts';

const LIST = 'clusters/lab/resources/core/v1/pods.json';
const SELECTIONS = [{ namespace: 'shop' }, { namespace: 'kube-system', labels: 'a=b', fields: 'metadata.name=web' }];
const index = formatSnapshotIndex({
  tool: { name: 'kubectl-reach', version: '0' },
  capturedAt: null,
  clusters: ['lab'],
  redacted: 'none',
  scope: [],
  partial: [{ artefact: LIST, selections: SELECTIONS }],
  skipped: [],
});
const partOf = async (text: string) =>
  (await collectSnapshot(temporaryFolder({ 'snapshot.json': text, [LIST]: '{"items":[]}' }))).artefact(LIST)?.part;

it('a part of a List comes back as it was written', async () => {
  expect(readSnapshotIndex('snapshot.json', index).parts?.get(LIST)).toEqual(SELECTIONS);
  const part = await partOf(index.toString());
  expect(part?.holds({ namespace: 'shop', fields: 'metadata.name=x' })).toBe(true);
  expect(part?.holds({ namespace: 'other' })).toBe(false);
  expect(part?.holds({})).toBe(false);
});

it.each([
  ['an index that is no JSON', '{'],
  ['an entry without a name', '{"partial":[{}]}'],
  ['an entry without selections', `{"partial":[{"artefact":"${LIST}"}]}`],
  ['a selection with an unknown member', `{"partial":[{"artefact":"${LIST}","part":{"selections":[{"not":"x"}]}}]}`],
  ['a selection that is no text', `{"partial":[{"artefact":"${LIST}","part":{"selections":[{"namespace":1}]}}]}`],
])('nothing of a List is taken for whole after %s', async (_, text) => {
  expect((await partOf(text))?.holds({ namespace: 'shop' })).toBe(false);
});
