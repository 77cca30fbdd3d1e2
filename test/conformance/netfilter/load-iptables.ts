import type { Family } from '../../../src/model/address.ts';
import type { IptablesRuleset } from '../../../src/model/netfilter.ts';
import { parseIptablesSave } from '../../../src/parse/iptables-save/iptables-save.ts';
import type { Lab } from './lab.ts';
import { placeKey } from './predict.ts';

/** Rules of iptables as the kernel has them. */
export interface Loaded {
  readonly ruleset: IptablesRuleset;
  /** `table chain ordinal` of each rule, by `placeKey`. */
  readonly ordinals: ReadonlyMap<string, string>;
  /** How many rules iptables or the kernel would not have. */
  readonly refused: number;
}

const ARTEFACT = 'iptables-save.txt';
const MOST_REFUSALS = 40;

/**
 * Loads rules, without those that iptables or the kernel will not have.
 * @param told what is done with each refusal
 * @returns undefined when nothing is left of them
 */
export function loadIptables(
  lab: Lab,
  rules: string,
  family: Family,
  backend: 'nft' | 'legacy',
  told: (refusal: string) => void,
): Loaded | undefined {
  const lines = rules.split('\n');
  let refusals = 0;
  let problem = lab.load(rules, family, backend);
  for (let attempt = 0; problem !== '' && attempt < MOST_REFUSALS; attempt += 1) {
    const line = Number(/line:? (\d+)/.exec(problem)?.[1] ?? 0) - 1;
    // The legacy kernel takes or refuses a table as a whole, at its COMMIT.
    const whole = lines[line] === 'COMMIT';
    const from = whole ? lines.findLastIndex((text, at) => at < line && text.startsWith('*')) : line;
    const refused = lines.slice(from, line + 1).filter((text) => text.startsWith('-A'));
    if (refused.length === 0) throw new Error(`iptables-restore: ${problem}`);
    told(`${refused.join(' | ')}: ${problem}`);
    refusals += refused.length;
    for (let at = from; at <= line; at += 1) if (refused.includes(lines[at] ?? '')) lines[at] = '#';
    problem = lab.load(lines.join('\n'), family, backend);
  }
  if (problem !== '') return undefined;
  const bytes = lab.save(family, backend);
  if (bytes.length === 0) return undefined;
  const { value: ruleset } = parseIptablesSave({ name: ARTEFACT, capturedAt: null, bytes }, family);
  const ordinals = new Map<string, string>();
  const chains = new Set([...bytes.toString().matchAll(/^:(\S+)/gm)].map((match) => match[1] ?? ''));
  for (const table of ruleset.tables) {
    for (const chain of chains) {
      for (const [ordinal, { line }] of [...(ruleset.chain(table, chain)?.rules() ?? [])].entries()) {
        ordinals.set(placeKey({ artefact: ARTEFACT, line }), `${table} ${chain} ${ordinal}`);
      }
    }
  }
  return { ruleset, ordinals, refused: refusals };
}
