import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printedSections, storedInMemory } from '../../../src/parse/envoy/printed-sections.ts';

const TYPE = 'type.googleapis.com/envoy.admin.v3.';
const found = (text: string) => printedSections(storedInMemory(Buffer.from(text)));
const texts = (text: string) =>
  found(text)
    ?.all()
    .map(({ type, start, end }) => [type, text.slice(start, end)]);

const CONTENT = fc.dictionary(
  fc.constantFrom('a', 'dynamic_listeners', 'ConfigDump"'),
  fc.oneof(
    fc.string(),
    fc.array(fc.record({ '@type': fc.constantFrom(`${TYPE}RoutesConfigDump`, 'ConfigDump"'), name: fc.string() })),
    fc.constant({}),
  ),
);
const SECTION = fc
  .tuple(fc.constantFrom('Bootstrap', 'Clusters', 'ScopedRoutes'), CONTENT)
  .map(([name, content]) => ({ '@type': `${TYPE}${name}ConfigDump`, ...content }));

describe('the sections of a config_dump as Envoy prints it', () => {
  it('are found whatever stands in them', () => {
    fc.assert(
      fc.property(fc.array(SECTION, { minLength: 1, maxLength: 5 }), (configs) => {
        const text = JSON.stringify({ configs }, null, 1);
        const sections = texts(text)?.map(([type, part]) => [type, JSON.parse(part ?? '') as unknown]);
        expect(sections).toEqual(configs.map((one) => [one['@type'].slice(TYPE.length), one]));
      }),
    );
  });

  it('are found by their types in whatever order, the last of each', () => {
    fc.assert(
      fc.property(
        fc.array(SECTION, { minLength: 1, maxLength: 5 }),
        fc.shuffledSubarray(['Bootstrap', 'Clusters', 'ScopedRoutes', 'Secrets'], { minLength: 1 }),
        (configs, asked) => {
          const text = JSON.stringify({ configs }, null, 1);
          const sections = found(text);
          for (const name of asked) {
            const last = sections?.last(`${name}ConfigDump`);
            const wanted = configs.findLast((one) => one['@type'] === `${TYPE}${name}ConfigDump`);
            expect(last && JSON.parse(text.slice(last.start, last.end))).toEqual(wanted);
            // Each is one object, however it is found.
            expect(sections?.all().filter((one) => one === last)).toHaveLength(last === undefined ? 0 : 1);
          }
        },
      ),
    );
  });

  it('are looked for from the end, no further than is needed', () => {
    const configs = ['Bootstrap', 'Clusters', 'Routes'].map((name) => ({
      '@type': `${TYPE}${name}ConfigDump`,
      list: Array.from({ length: 80_000 }, (_, at) => ({ name: `some name ${at}` })),
    }));
    const memory = storedInMemory(Buffer.from(JSON.stringify({ configs }, null, 1)));
    const starts: number[] = [];
    const stored = {
      ...memory,
      peek: (start: number, end: number) => {
        if (end - start > 1000) starts.push(start);
        return memory.peek(start, end);
      },
    };
    const routes = printedSections(stored)?.last('RoutesConfigDump');
    expect(routes?.end).toBeGreaterThan(routes?.start ?? Number.POSITIVE_INFINITY);
    expect(Math.min(...starts)).toBeGreaterThan((routes?.start ?? 0) - 1.1 * 1024 * 1024);
  });

  it('are found when they are larger than what is looked at at once', () => {
    const names = ['Bootstrap', 'Clusters', 'Endpoints'];
    const configs = names.map((name, index) => ({
      '@type': `${TYPE}${name}ConfigDump`,
      list: Array.from({ length: 30_000 * index }, (_, at) => ({ name: `some name ${at}` })),
    }));
    const text = JSON.stringify({ configs }, null, 1);
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(texts(text)?.map(([, part]) => JSON.parse(part ?? '') as unknown)).toEqual(configs);
  });

  const dump = { configs: [{ '@type': `${TYPE}ClustersConfigDump`, static_clusters: [{ a: 1 }] }] };
  it.each([
    ['indented by two', JSON.stringify(dump, null, 2)],
    ['on one line', JSON.stringify(dump)],
    ['cut off', JSON.stringify(dump, null, 1).slice(0, -3)],
    ['with text behind it', `${JSON.stringify(dump, null, 1)}x`],
    ['of another kind', JSON.stringify({ cluster_statuses: [{ name: 'a' }] }, null, 1)],
    ['empty', ''],
  ])('are not looked for in a document %s', (_, text) => {
    expect(found(text)).toBeNull();
  });
});
