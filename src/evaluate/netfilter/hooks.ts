import type { Unknown } from '../../model/branching.ts';
import type { Hook, IptablesChain, IptablesRuleset, IptablesTable } from '../../model/netfilter.ts';

/** A base chain of one ruleset. */
export interface BaseChain {
  readonly ruleset: IptablesRuleset;
  readonly table: IptablesTable;
  readonly chain: IptablesChain;
}

/** What a packet meets at a hook, in order. */
export type Stage =
  | ({ readonly kind: 'chain' } & BaseChain)
  /** nf_conntrack_in */
  | { readonly kind: 'conntrack' }
  /** The nat hook: its chains are asked in order until one sets up the connection. */
  | { readonly kind: 'nat'; readonly chains: readonly (BaseChain | { readonly missing: Unknown })[] }
  /** A table of which rules may be missing. */
  | { readonly kind: 'missing'; readonly unknown: Unknown };

export type HookStages = Readonly<Record<Hook, readonly Stage[]>>;

/** The order of rulesets of different kernel APIs within one table: that of their registration, which no dump tells. */
export type TableOrder = Readonly<Partial<Record<IptablesTable, readonly IptablesRuleset[]>>>;

const HOOKS: readonly Hook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];

const CHAINS: Readonly<Record<Hook, string>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};

/** The hooks that each table registers, but nat. Source: net/ipv4/netfilter/iptable_{raw,mangle,filter,security}.c. */
const TABLE_HOOKS: readonly (readonly [Exclude<IptablesTable, 'nat'>, readonly Hook[]])[] = [
  ['raw', ['prerouting', 'output']],
  ['mangle', HOOKS],
  ['filter', ['input', 'forward', 'output']],
  ['security', ['input', 'forward', 'output']],
];

/**
 * Priorities of the hooks. Source: include/uapi/linux/netfilter_ipv4.h nf_ip_hook_priorities; iptables-nft registers security at
 * 150 instead of 50 (iptables/nft.c xtables_ipv4).
 */
const PRIORITY = { raw: -300, conntrack: -200, mangle: -150, natDestination: -100, filter: 0, natSource: 100 } as const;
const SECURITY = { nf_tables: 150, legacy: 50, unknown: 50 } as const;

/** Sorts everything that packets meet at each hook as the kernel runs it. */
export function stagesOf(rulesets: readonly IptablesRuleset[], order: TableOrder): HookStages {
  const stages = (hook: Hook): Stage[] => hookStages(hook, rulesets, order);
  return {
    prerouting: stages('prerouting'),
    input: stages('input'),
    forward: stages('forward'),
    output: stages('output'),
    postrouting: stages('postrouting'),
  };
}

function hookStages(hook: Hook, rulesets: readonly IptablesRuleset[], order: TableOrder): Stage[] {
  const placed: { readonly priority: number; readonly stage: Stage }[] = [];
  for (const [table, hooks] of TABLE_HOOKS) {
    if (!hooks.includes(hook)) continue;
    for (const ruleset of order[table] ?? rulesets) {
      const found = baseChain(ruleset, table, hook);
      const priority = table === 'security' ? SECURITY[ruleset.backend] : PRIORITY[table];
      if (found === undefined) continue;
      placed.push({
        priority,
        stage: 'missing' in found ? { kind: 'missing', unknown: found.missing } : { kind: 'chain', ...found },
      });
    }
  }
  if (hook === 'prerouting' || hook === 'output')
    placed.push({ priority: PRIORITY.conntrack, stage: { kind: 'conntrack' } });
  if (hook !== 'forward') {
    const chains = (order.nat ?? rulesets).flatMap((ruleset) => baseChain(ruleset, 'nat', hook) ?? []);
    const destination = hook === 'prerouting' || hook === 'output';
    const priority = destination ? PRIORITY.natDestination : PRIORITY.natSource;
    placed.push({ priority, stage: { kind: 'nat', chains } });
  }
  return placed.toSorted((a, b) => a.priority - b.priority).map(({ stage }) => stage);
}

function baseChain(
  ruleset: IptablesRuleset,
  table: IptablesTable,
  hook: Hook,
): BaseChain | { readonly missing: Unknown } | undefined {
  const chain = ruleset.chain(table, CHAINS[hook]);
  if (chain !== undefined) return { ruleset, table, chain };
  const missing = ruleset.incomplete(table);
  return missing === undefined ? undefined : { missing };
}

/** Tables in which more than one ruleset has something to say to a packet. */
export function contestedTables(rulesets: readonly IptablesRuleset[]): IptablesTable[] {
  const tables: readonly IptablesTable[] = ['raw', 'mangle', 'nat', 'filter', 'security'];
  return tables.filter((table) => rulesets.filter((ruleset) => speaks(ruleset, table)).length > 1);
}

/** Whether a table's base chains hold a rule, or a policy other than ACCEPT, or may lack some. */
function speaks(ruleset: IptablesRuleset, table: IptablesTable): boolean {
  if (ruleset.incomplete(table) !== undefined) return true;
  return HOOKS.some((hook) => {
    const chain = ruleset.chain(table, CHAINS[hook]);
    if (chain === undefined) return false;
    const [first] = chain.rules();
    return first !== undefined || chain.policy === 'DROP';
  });
}
