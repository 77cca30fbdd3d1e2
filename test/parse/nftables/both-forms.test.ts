/** One ruleset with everything that nft knows, listed by nft itself as text and as JSON: both must be read as the same rules. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NftRuleset, NftStatement } from '../../../src/model/nftables.ts';
import { parseNftJson } from '../../../src/parse/nftables/json-ruleset.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import { textArtefact } from '../artefacts.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/nftables');
const fixture = (name: string) => textArtefact(readFileSync(path.join(FIXTURES, name), 'utf8'));

const inJson = parseNftJson(fixture('every-statement.json')).value;
const inText = parseNftText(fixture('every-statement.txt')).value;
const CHAINS = ['bar', 'base', 'nat', 'nats'];

/** Without what is worded otherwise in the two forms. */
function plain(statements: readonly NftStatement[]): readonly unknown[] {
  const tree: unknown = JSON.parse(
    JSON.stringify(statements, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
    (key, value: unknown) => (key === 'reason' ? 'not understood' : value),
  );
  return Array.isArray(tree) ? tree : [];
}

function statementsOf(
  ruleset: NftRuleset,
  chain: string,
): readonly (readonly [raw: string, statements: readonly unknown[]])[] {
  const rules = ruleset.tables.find((table) => table.name === 't')?.rules(chain) ?? [];
  return rules.map((rule) => [rule.raw.trim(), plain(rule.statements)] as const);
}

describe('text and JSON of one ruleset', () => {
  it('hang the same chains on the same hooks', () => {
    const outline = (ruleset: NftRuleset) => ruleset.baseChains.map(({ evidence: _, ...chain }) => chain);
    expect(outline(inText)).toEqual(outline(inJson));
    expect(outline(inText).length).toBe(8);
  });

  it.each(CHAINS)('have the same rules in chain %s', (chain) => {
    const text = statementsOf(inText, chain);
    const json = statementsOf(inJson, chain);
    expect(text.length).toBe(json.length);
    expect(text.length).toBeGreaterThan(0);
    for (const [index, [raw, statements]] of text.entries()) {
      const other = json[index]?.[1] ?? [];
      // Text that is not understood takes the rest of its rule along; then JSON has something there that is not understood either.
      const end = statements.findIndex((one) => JSON.stringify(one).startsWith('{"kind":"unknown"'));
      const understood = end < 0 ? undefined : end;
      expect(statements.slice(0, understood), raw).toEqual(other.slice(0, understood));
      expect(end < 0 || JSON.stringify(other[end]).includes('"kind":"unknown"'), raw).toBe(true);
    }
  });

  it.each(['s1', 's2', 's3', 's4', 's5', 's6', 's7', 'm1', 'm2', 'm3', 'm4'])('have the same set %s', (name) => {
    const set = (ruleset: NftRuleset) => ruleset.tables.find((table) => table.name === 't')?.set(name);
    const members = (ruleset: NftRuleset) => {
      const { types, dynamic, timeoutSeconds, elements, incomplete } = set(ruleset) ?? {};
      return { types, dynamic, timeoutSeconds, elements, incomplete };
    };
    expect(members(inText)).toEqual(members(inJson));
    expect(set(inText)?.incomplete).toBeUndefined();
  });
});
