/** A listing says the same however it is printed: as nft prints it, which is read by the beginnings of its objects, or in another way. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseNftJson } from '../../../src/parse/nftables/json-ruleset.ts';
import { textArtefact } from '../artefacts.ts';

const SAMPLE = new URL(
  '../../../samples/kube-proxy-nftables/clusters/lab/nodes/node1/nft-ruleset.json',
  import.meta.url,
);
const text = readFileSync(SAMPLE, 'utf8');
const listing = JSON.parse(text) as { nftables: Record<string, { chain?: string; name?: string }>[] };

/** Every chain and set that the listing names, with all that is read of it. */
function told(print: string) {
  const { value, gaps } = parseNftJson(textArtefact(print));
  const chains = listing.nftables.flatMap(({ rule, chain }) => rule?.chain ?? chain?.name ?? []);
  const sets = listing.nftables.flatMap(({ set, map }) => set?.name ?? map?.name ?? []);
  return {
    gaps,
    baseChains: value.baseChains,
    tables: value.tables.map((table) => ({
      name: `${table.family} ${table.name}`,
      rules: chains.map((chain) =>
        table.rules(chain)?.map(({ evidence, statements }) => [evidence, ...statements.map(({ kind }) => kind)]),
      ),
      sets: sets.map((name) => {
        const set = table.set(name);
        return [set?.types, set?.dynamic, set?.elements, set?.incomplete];
      }),
    })),
  };
}

it.each([
  ['without spaces', JSON.stringify(listing)],
  ['on many lines', JSON.stringify(listing, null, 2)],
  ['with something behind it', `${text}{}`],
])('printed %s', (how, print) => {
  const { gaps, ...rest } = told(print);
  const { gaps: none, ...expected } = told(text);
  expect(none).toEqual([]);
  // What is read of a broken listing is no less, but rules may be missing.
  const isBroken = how.startsWith('with something');
  expect(gaps).toHaveLength(isBroken ? 1 : 0);
  expect(isBroken ? expected : rest).toEqual(expected);
  expect(rest.tables.map(({ rules }) => rules)).toEqual(expected.tables.map(({ rules }) => rules));
});

it('a member that stands twice counts as JSON has it, the last time', () => {
  const rule =
    '{"rule": {"family": "ip", "table": "t", "chain": "a", "handle": 1, "chain": "b", "expr": [{"accept": null}]}}';
  const { value } = parseNftJson(
    textArtefact(`{"nftables": [${rule}, {"chain": {"family": "ip", "table": "t", "name": "a", "handle": 2}}]}`),
  );
  expect(value.tables.map((table) => [table.rules('a')?.length, table.rules('b')?.length])).toEqual([[0, 1]]);
});

it.each([
  '{"nftables": [{"chain": {"family": "ip", "table": "t"',
  '{"nftables": [{"a": 1} {"b": 2}]}',
  '{"nftables": [1]}',
])('%s is not all understood', (print) => {
  expect(parseNftJson(textArtefact(print)).value.incomplete).toBeDefined();
});
