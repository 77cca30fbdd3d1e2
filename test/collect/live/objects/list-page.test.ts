import { expect, it } from 'vitest';
import { readListPage } from '../../../../src/collect/live/objects/list-page.ts';

const page = (kind: string): Buffer => Buffer.from(JSON.stringify({ kind, apiVersion: 'v1', metadata: {}, items: [] }));

it('reads a List of what was asked for', () => {
  expect(readListPage(page('ServiceList'), 'Service')?.kind).toBe('ServiceList');
});

it.each(['PodList', 'List', 'Service', 'Status', ''])('an empty %s is no answer to a list of Services', (kind) => {
  expect(readListPage(page(kind), 'Service')).toBeUndefined();
});
