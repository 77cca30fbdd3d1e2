import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseNftJson } from '../../../src/parse/nftables/json-ruleset.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import type { NftBaseChain } from '../../../src/model/nftables.ts';
import { divideBaseChains } from '../../../src/parse/nftables/foreign-chains.ts';
import { mutatedArtefact, textArtefact } from '../artefacts.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/nftables');
const JSON_TEXT = readFileSync(path.join(FIXTURES, 'foreign.json'), 'utf8');
const TEXT = readFileSync(path.join(FIXTURES, 'foreign.txt'), 'utf8');

const FORMS = [
  ['JSON', parseNftJson, JSON_TEXT],
  ['text', parseNftText, TEXT],
] as const;

const outline = (chains: readonly NftBaseChain[]) =>
  chains.map(({ family, table, chain, hook, priority, empty }) =>
    [family, table, chain, hook, priority, empty ? 'empty' : 'rules'].join(' '),
  );

describe.each(FORMS)('base chains of a ruleset as %s', (_, parse, text) => {
  it('are all found, with hook and priority, and told from those of iptables', () => {
    const { value, gaps } = parse(textArtefact(text));
    expect(gaps).toEqual([]);
    const { foreign, iptables } = divideBaseChains(value.baseChains);
    expect(outline(foreign)).toEqual([
      // no rule, but its policy drops
      'inet fw in input 5 rules',
      'inet fw out output -7 empty',
      'inet fw pre prerouting -100 rules',
      'bridge b fw1 forward -200 empty',
      'netdev n i ingress 0 rules',
      'netdev n j ingress 0 empty',
      'ip nat MINE output 7 empty',
    ]);
    expect(outline(iptables)).toEqual(['ip nat PREROUTING prerouting -100 empty']);
  });

  it('are taken to hold rules where the file was cut off', () => {
    const { value, gaps } = parse(textArtefact(text.slice(0, text.length * 0.7)));
    expect(gaps.length).toBeGreaterThan(0);
    expect(value.baseChains.length).toBeGreaterThan(0);
    expect(value.baseChains.filter(({ empty }) => empty)).toEqual([]);
  });

  it('never throws on mutated dumps, and never overlooks a chain without a gap', () => {
    fc.assert(
      fc.property(mutatedArtefact(text), (artefact) => {
        const { value, gaps } = parse(artefact);
        const left = artefact.bytes.toString('utf8');
        const hooks = left.match(/"hook"\s*:|^\s*type \S+ hook /gm) ?? [];
        const found = value.baseChains.length;
        expect(gaps.length > 0 || found >= hooks.length, left).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseNftText', () => {
  it('reads handles (-a), dormant tables and rules that go over several lines', () => {
    const text = `table ip filter { # handle 3
	flags dormant
	chain extra { # handle 1
		type filter hook forward priority mangle - 1; policy accept;
		ip saddr {
			10.0.0.1,
			10.0.0.2 } drop # handle 9
	}
}
`;
    const { value, gaps } = parseNftText(textArtefact(text));
    expect(gaps).toEqual([]);
    expect(outline(value.baseChains)).toEqual(['ip filter extra forward -151 rules']);
  });

  it.each([
    ['security', 'INPUT', 'input', 150, 'iptables'],
    ['security', 'INPUT', 'input', 51, 'foreign'],
    ['filter', 'INPUT', 'input', 0, 'iptables'],
    ['filter', 'INPUT', 'forward', 0, 'foreign'],
  ] as const)('knows whose chain %s %s on %s at %i is: %s', (table, chain, hook, priority, whose) => {
    const text = `table ip ${table} {\n\tchain ${chain} {\n\t\ttype filter hook ${hook} priority ${priority}; policy accept;\n\t}\n}\n`;
    expect(divideBaseChains(parseNftText(textArtefact(text)).value.baseChains)[whose].length).toBe(1);
  });

  it('takes time in proportion to hostile lines', () => {
    const start = performance.now();
    for (const word of ['type ', 'type x hook y priority ', '{ ', '"', 'policy ']) {
      parseNftText(textArtefact(`table ip x {\n\tchain y {\n${word.repeat(2_000_000 / word.length)}\n`));
    }
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it.each([
    ['', 'the file is empty'],
    ['{"nftables":[]}', 'the file looks like JSON'],
    ['hello\n', 'this opens no table'],
  ])('takes %j for no ruleset', (text, problem) => {
    expect(parseNftText(textArtefact(text)).gaps[0]?.problem).toContain(problem);
  });
});

describe('parseNftJson', () => {
  it.each([
    ['a kind of object from a newer nft', '{"nftables":[{"warpgate":{}}]}', 'this object is not understood'],
    ['a rule that names no chain', '{"nftables":[{"rule":{"family":"ip"}}]}', 'this object is not understood'],
    [
      'a chain without a name',
      '{"nftables":[{"chain":{"family":"ip","hook":"input"}}]}',
      'this object is not understood',
    ],
    ['another document', '{"a":1}', 'no array nftables'],
  ])('reports %s', (_, text, problem) => {
    expect(parseNftJson(textArtefact(text)).gaps[0]?.problem).toContain(problem);
  });

  it('reads a namespace without any table', () => {
    const text = '{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]}';
    const { value, gaps } = parseNftJson(textArtefact(text));
    expect([value.baseChains, value.tables, value.incomplete, gaps]).toEqual([[], [], undefined, []]);
  });
});
