import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ageText, statusTable, subscriptionTable } from '../../../src/explain/proxy-status/sync-table.ts';
import { parseSyncz } from '../../../src/parse/istiod/syncz.ts';

const file = (name: string) => ({
  name,
  capturedAt: null,
  bytes: readFileSync(new URL(`../../fixtures/istiod/${name}`, import.meta.url)),
});
const grpc = parseSyncz(file('syncz-grpc.json'), 'somebody');
const http = parseSyncz(file('snapshot/clusters/lab/istiod/istiod-lab-0/syncz.json'), 'istiod-lab-0');

describe('syncz', () => {
  it('tells the istiod that answered, and why a proxy rejected something', () => {
    expect(grpc.gaps).toEqual([]);
    expect(grpc.value.map(({ istiod }) => istiod)).toEqual(['istiod-lab-0', 'istiod-lab-0', 'istiod-lab-0']);
    expect(grpc.value[0]?.types[0]).toMatchObject({
      status: 'ERROR',
      rejected: expect.stringContaining('no such type'),
    });
  });

  it('of HTTP has the same columns', () => {
    const { rows } = subscriptionTable(http.value);
    expect(rows[0]).toEqual([
      'istio-ingressgateway-abc.istio-system',
      'Kubernetes',
      'istiod-lab-0',
      '1.31.1',
      '4 (CDS,LDS,EDS,RDS)',
    ]);
  });

  it('with -v has a column for each kind', () => {
    const { columns, rows } = statusTable(grpc.value, new Date('2026-11-21T02:30:00Z'), true);
    expect(columns).toEqual(['NAME', 'CLUSTER', 'CDS', 'ECDS', 'EDS', 'LDS', 'RDS', 'ISTIOD', 'VERSION', 'REJECTED']);
    expect(rows.flat().filter((cell) => /^(?:ERROR|STALE) \(\d+s\)$/.test(cell))).toHaveLength(2);
    expect(rows.flat()).toContain('CDS: Error adding/updating cluster(s) x: no such type');
  });

  it.each(['', '{}', 'junk', '[{"a":1}]', '{"resources":[{}]}', '[1', 'null'])('%j is a gap', (text) => {
    const { gaps } = parseSyncz({ name: 'syncz.json', capturedAt: null, bytes: Buffer.from(text) }, 'x');
    expect(gaps).toHaveLength(1);
  });
});

/** Of k8s.io/apimachinery/pkg/util/duration, TestHumanDuration. */
it.each([
  [1, '1s'],
  [70, '70s'],
  [190, '3m10s'],
  [70 * 60, '70m'],
  [47 * 3600, '47h'],
  [49 * 3600, '2d1h'],
  [192 * 3600, '8d'],
  [4 * 365 * 86_400, '4y'],
  [4 * 365 * 86_400 + 86_400, '4y1d'],
  [-10, '<invalid>'],
])('%i s is %s', (seconds, text) => {
  expect(ageText(seconds * 1000)).toBe(text);
});
