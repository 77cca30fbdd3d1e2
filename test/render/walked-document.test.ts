/** A config_dump that is printed piece by piece is what it is when it is printed whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DumpFilter, FilterLookups } from '../../src/explain/proxy-config/filtered-dump.ts';
import { filterDump } from '../../src/explain/proxy-config/filtered-dump.ts';
import { readProxyDocument } from '../../src/parse/envoy/proxy-dump.ts';
import { dumpPieces } from '../../src/render/istioctl/dump.ts';
import { indentedList, renderIndented } from '../../src/render/istioctl/json.ts';
import { array, plainTree } from '../../src/render/istioctl/json-tree.ts';
import { goYamlList, renderGoYaml } from '../../src/render/istioctl/yaml.ts';

const WHOLE = {
  json: (value: unknown) => `${renderIndented(plainTree(value), JSON.stringify)}\n`,
  yaml: (value: unknown) => `${renderGoYaml(plainTree(value))}\n`,
};

/** @param parseWholeBytes up to which the document is not read part by part */
function printed(text: string, format: 'json' | 'yaml', parseWholeBytes: number): string {
  const read = readProxyDocument({ name: 'dump', capturedAt: null, bytes: Buffer.from(text) }, parseWholeBytes);
  if (read.kind !== 'config-dump') throw new Error(`it is ${read.kind}`);
  return [...dumpPieces(read.dump.document(), format)].join('');
}

const NAME = fc.constantFrom('name', 'b', 'A_1', '@type', 'version_info');
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer(),
    fc.constantFrom(null, true, 0.5, 'yes', '0x1', 'a: b', 'two\nlines', '{}'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(fc.record({ name: fc.string() }), { maxLength: 3 })
      .map((list) => list.flatMap((one) => Array(200).fill(one))),
    fc.dictionary(NAME, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const SECTION = fc.record({
  '@type': fc.constantFrom('type.googleapis.com/envoy.admin.v3.ClustersConfigDump', 'type.googleapis.com/x'),
  version_info: fc.string(),
  static_clusters: fc.array(fc.dictionary(NAME, VALUE, { maxKeys: 3 }), { maxLength: 4 }),
  more: VALUE,
});

describe('a list of messages in pieces', () => {
  it('is that in one piece, with long lists in its elements and without', () => {
    fc.assert(
      fc.property(fc.array(VALUE, { maxLength: 4 }), (values) => {
        const trees = values.map(plainTree);
        const whole = array(trees, 'field');
        expect([...indentedList(trees, JSON.stringify)].join('')).toBe(renderIndented(whole, JSON.stringify));
        expect([...goYamlList(trees)].join('')).toBe(renderGoYaml(whole));
      }),
    );
  });

  it('has a piece for each element of a long list', () => {
    const [hosts, pieces] = [1000, (parts: Iterable<string>) => [...parts].map((part) => part.length)];
    const tree = plainTree({
      name: '9080',
      virtualHosts: Array.from({ length: hosts }, (_one, at) => ({ name: `host-${at}` })),
    });
    expect(Math.max(...pieces(indentedList([tree], JSON.stringify)))).toBeLessThan(100);
    expect(Math.max(...pieces(goYamlList([tree])))).toBeLessThan(100);
  });
});

describe('a config_dump in pieces', () => {
  it.each(['json', 'yaml'] as const)('is that in one piece, as %s', (format) => {
    fc.assert(
      fc.property(
        fc.array(SECTION, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 2 }),
        (configs, indent) => {
          const text = JSON.stringify({ configs }, null, indent);
          for (const parseWholeBytes of [0, Number.POSITIVE_INFINITY]) {
            expect(printed(text, format, parseWholeBytes)).toBe(WHOLE[format](JSON.parse(text)));
          }
        },
      ),
    );
  });

  it.each<readonly [what: string, document: object]>([
    ['without sections', { configs: [] }],
    ['with members beside them', { z: 1, configs: [{ a: [] }, 'text', [1], {}], a: { b: [1, { c: 2 }] } }],
  ])('is that in one piece %s', (_, document) => {
    const text = JSON.stringify(document);
    for (const format of ['json', 'yaml'] as const) {
      expect(printed(text, format, 0)).toBe(WHOLE[format](document));
    }
  });

  it('has what passes a filter, and the sections whole', () => {
    const cluster = (name: string): object => ({ version_info: '1', cluster: { name } });
    const section = { '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump', version_info: '7' };
    const dump = (...names: string[]): object => ({
      configs: [{ ...section, dynamic_active_clusters: names.map(cluster) }],
    });
    const bytes = Buffer.from(JSON.stringify(dump('outbound|80||a.b', 'outbound|80||c.d')));
    const read = readProxyDocument({ name: 'dump', capturedAt: null, bytes });
    if (read.kind !== 'config-dump') throw new Error('it is no dump');
    const none = { selection: {} };
    const filter: DumpFilter = {
      cluster: { fqdn: 'c.d', ...none },
      listener: { type: null, ...none },
      route: { name: null, ...none },
      endpoint: { cluster: null, ...none },
    };
    const lookups: FilterLookups = { endpoints: () => () => [], destinations: () => () => [], places: () => () => [] };
    const text = [...dumpPieces(filterDump(read.dump.document(), filter, lookups), 'json')].join('');
    expect(JSON.parse(text)).toEqual(dump('outbound|80||c.d'));
  });
});
