import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ElementWish } from '../../../src/model/proxy-dump.ts';
import { printedStatuses } from '../../../src/parse/envoy/printed-statuses.ts';
import { storedInMemory } from '../../../src/parse/envoy/printed-sections.ts';
import { readProxyDocument } from '../../../src/parse/envoy/proxy-dump.ts';

const found = (text: string) => printedStatuses(storedInMemory(Buffer.from(text)));

/** What is read of an answer by its lines where that is possible, and the pointers of what could not be read. */
function read(text: string, wish: ElementWish = {}): { values: unknown[]; gaps: (string | undefined)[] } {
  const document = readProxyDocument({ name: 'clusters', capturedAt: null, bytes: Buffer.from(text) }, 0);
  if (document.kind !== 'clusters') throw new Error(`it is ${document.kind}`);
  const values = [...document.clusters.statuses(wish)];
  return { values, gaps: document.clusters.gaps().map(({ pointer }) => pointer) };
}

const STATUS = fc.record({
  name: fc.constantFrom('outbound|80||a', 'outbound|443||b', '},\n  {'),
  host_statuses: fc.array(
    fc.record({ port_value: fc.constantFrom(80, 443), stats: fc.array(fc.record({ name: fc.string() })) }),
    { maxLength: 3 },
  ),
});
const printedBy = (statuses: unknown, indent = 1): string =>
  JSON.stringify({ cluster_statuses: statuses }, null, indent);

describe('the statuses of clusters as Envoy prints them', () => {
  it('are those of JSON.parse, however they are printed', () => {
    fc.assert(
      fc.property(fc.array(STATUS, { maxLength: 6 }), fc.integer({ min: 0, max: 2 }), (statuses, indent) => {
        expect(read(printedBy(statuses, indent))).toEqual({ values: statuses, gaps: [] });
      }),
    );
  });

  it('that hold some characters are among those that are given, in their order', () => {
    fc.assert(
      fc.property(fc.array(STATUS, { maxLength: 6 }), (statuses) => {
        const holds = (one: unknown): boolean => JSON.stringify(one).includes('443');
        expect(read(printedBy(statuses), { holding: '443' }).values.filter(holds)).toEqual(statuses.filter(holds));
      }),
    );
  });

  const many = Array.from({ length: 6000 }, (_, index) => ({
    name: `outbound|${index}||a`,
    host_statuses: [{ stats: [{ name: 'x'.repeat(index === 77 ? 2_000_000 : 400) }], port_value: index }],
  }));

  it('are read a window at a time, also where one is longer than that', () => {
    const text = printedBy(many);
    expect(text.length).toBeGreaterThan(4_000_000);
    expect(read(text)).toEqual({ values: many, gaps: [] });
    expect(read(text, { holding: '|5999|' })).toEqual({ values: [many[5999]], gaps: [] });
    const stats = read(text, { without: ['host_statuses": ['] }).values;
    expect(stats).toEqual(many.map(({ name }) => ({ name, host_statuses: [] })));
  });

  it.each<readonly [what: string, change: (text: string) => string]>([
    [
      'another member behind them',
      (text) => text.replace(/\n \]\n\}$/, '\n ],\n "more": [\n  {\n   "a": 1\n  }\n ]\n}'),
    ],
    ['an element on the line of another', (text) => text.replaceAll('\n  },\n  {', '\n  }, {')],
    ['an inner object as far to the left', (text) => text.replace(/\n {4}\{/g, '\n  {').replace(/\n {4}\}/g, '\n  }')],
  ])('are the same with %s', (_, change) => {
    const text = change(printedBy(many));
    expect(found(text)).not.toBeNull();
    expect(read(text)).toEqual({ values: many, gaps: [] });
  });

  it('that are no JSON are named, and the others are read', () => {
    const text = printedBy(many).replace('"port_value": 4000', '"port_value": oops');
    expect(read(text)).toEqual({ values: many.toSpliced(4000, 1), gaps: ['/cluster_statuses/4000'] });
  });

  it.each([
    ['indented by two', printedBy(many.slice(0, 3), 2)],
    ['on one line', printedBy(many.slice(0, 3), 0)],
    ['cut off', printedBy(many.slice(0, 3)).slice(0, -3)],
    ['with text behind it', `${printedBy(many.slice(0, 3))}x`],
    ['without any', printedBy([])],
    ['of another kind', JSON.stringify({ configs: [{ a: 1 }] }, null, 1)],
    ['empty', ''],
  ])('are not looked for in an answer %s', (_, text) => {
    expect(found(text)).toBeNull();
  });
});
