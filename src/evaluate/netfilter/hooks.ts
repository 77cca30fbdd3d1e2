import type { Family } from '../../model/address.ts';
import type { Unknown } from '../../model/branching.ts';
import type { Hook, HookEntry, HookModule, IptablesRuleset, IptablesTable, Ruleset } from '../../model/netfilter.ts';
import type { NftRuleset } from '../../model/nftables.ts';
import type { Placed } from './placed.ts';
import type { BaseChain } from './state.ts';
import { IptablesRules } from './iptables-rules.ts';
import { nftBaseChains } from './nft/base-chains.ts';

/** What a packet meets at a hook, in order. */
export type Stage =
  | { readonly kind: 'chain'; readonly chain: BaseChain }
  /** nf_conntrack_in */
  | { readonly kind: 'conntrack' }
  /** The nat hook: its chains are asked in order until one sets up the connection. */
  | { readonly kind: 'nat'; readonly chains: readonly (BaseChain | { readonly missing: Unknown })[] }
  /** A function of a module. */
  | { readonly kind: 'module'; readonly entry: HookEntry }
  /** A table of which rules may be missing. */
  | { readonly kind: 'missing'; readonly unknown: Unknown };

export type HookStages = Readonly<Record<Hook, readonly Stage[]>>;

const HOOKS: readonly Hook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];

const CHAINS: Readonly<Record<Hook, string>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};

/** The hooks that each table registers. Source: net/ipv4/netfilter/iptable_{raw,mangle,nat,filter,security}.c. */
const TABLE_HOOKS: readonly (readonly [IptablesTable, readonly Hook[]])[] = [
  ['raw', ['prerouting', 'output']],
  ['mangle', HOOKS],
  ['nat', ['prerouting', 'input', 'output', 'postrouting']],
  ['filter', ['input', 'forward', 'output']],
  ['security', ['input', 'forward', 'output']],
];

/**
 * Priorities of the hooks. Source: include/uapi/linux/netfilter_ipv4.h nf_ip_hook_priorities; iptables-nft registers security at
 * 150 instead of 50 (iptables/nft.c xtables_ipv4).
 */
const PRIORITY = { raw: -300, conntrack: -200, mangle: -150, natDestination: -100, filter: 0, natSource: 100 } as const;
const SECURITY = { nf_tables: 150, legacy: 50, unknown: 50 } as const;

/** Everything that hangs on the hooks of a family. */
export function placeAll(hooked: readonly (Ruleset | HookModule)[], family: Family): readonly Placed[] {
  return hooked.flatMap((ruleset) => {
    if (isModule(ruleset)) return placeModule(ruleset);
    if (isNft(ruleset)) return nftBaseChains(ruleset, family);
    return ruleset.family === family ? placeIptables(ruleset) : [];
  });
}

export function isNft(ruleset: Ruleset): ruleset is NftRuleset {
  return 'baseChains' in ruleset;
}

export function isModule(hooked: Ruleset | HookModule): hooked is HookModule {
  return 'entries' in hooked;
}

/**
 * Whether the kernel may track connections: the nat hook passes packets that have no entry. Rules of iptables, and modules, count as if they
 * had it do so. Source: net/netfilter/nf_conntrack_proto.c nf_ct_netns_get, net/netfilter/nf_nat_core.c nf_nat_inet_fn.
 * @param placed what hangs on the hooks of a family
 */
export function mayTrack(hooked: readonly (Ruleset | HookModule)[], placed: readonly Placed[]): boolean {
  if (!placed.some(({ nat, speaks }) => nat && speaks)) return true;
  return hooked.some((one) =>
    !isModule(one) && isNft(one) ? one.tracks() : placed.some(({ speaks, owner }) => speaks && owner === one),
  );
}

function placeModule(module: HookModule): Placed[] {
  return module.entries.map((entry) => {
    const { hook, priority } = entry;
    return { hook, priority, nat: false, chain: { entry }, speaks: true, owner: module };
  });
}

function placeIptables(ruleset: IptablesRuleset): Placed[] {
  return TABLE_HOOKS.flatMap(([table, hooks]) => {
    const rules = new IptablesRules(ruleset, table);
    return hooks.flatMap((hook): Placed[] => {
      const missing = rules.incomplete();
      const chain = rules.base(CHAINS[hook]) ?? (missing === undefined ? undefined : { missing });
      if (chain === undefined) return [];
      const priority = priorityOf(table, hook, ruleset.backend);
      const nat = table === 'nat';
      return [{ hook, priority, nat, chain, speaks: rules.speaks(CHAINS[hook]), owner: ruleset }];
    });
  });
}

function priorityOf(table: IptablesTable, hook: Hook, backend: IptablesRuleset['backend']): number {
  if (table === 'security') return SECURITY[backend];
  if (table === 'nat') return isDestination(hook) ? PRIORITY.natDestination : PRIORITY.natSource;
  return PRIORITY[table];
}

/**
 * Sorts everything that packets meet at each hook as the kernel runs it. The nat hook stands at a place of its own, whatever the
 * priorities of its chains; those tell their order among themselves (net/netfilter/nf_nat_core.c nf_nat_register_fn).
 * @param placed in the order of registration where priorities are equal
 */
export function stagesOf(placed: readonly Placed[]): HookStages {
  const stages = (hook: Hook): Stage[] =>
    hookStages(
      hook,
      placed.filter((one) => one.hook === hook),
    );
  return {
    prerouting: stages('prerouting'),
    input: stages('input'),
    forward: stages('forward'),
    output: stages('output'),
    postrouting: stages('postrouting'),
  };
}

function hookStages(hook: Hook, placed: readonly Placed[]): Stage[] {
  const sorted = placed.toSorted((a, b) => a.priority - b.priority);
  const items = sorted
    .filter((one) => !one.nat)
    .map(({ priority, chain }): { readonly priority: number; readonly stage: Stage } => ({
      priority,
      stage: stageOf(chain),
    }));
  if (hook === 'prerouting' || hook === 'output')
    items.push({ priority: PRIORITY.conntrack, stage: { kind: 'conntrack' } });
  if (hook !== 'forward') {
    const chains = sorted.flatMap(({ nat, chain }) => (nat && !('entry' in chain) ? [chain] : []));
    const priority = isDestination(hook) ? PRIORITY.natDestination : PRIORITY.natSource;
    items.push({ priority, stage: { kind: 'nat', chains } });
  }
  return items.toSorted((a, b) => a.priority - b.priority).map(({ stage }) => stage);
}

function stageOf(chain: Placed['chain']): Stage {
  if ('entry' in chain) return { kind: 'module', entry: chain.entry };
  return 'missing' in chain ? { kind: 'missing', unknown: chain.missing } : { kind: 'chain', chain };
}

function isDestination(hook: Hook): boolean {
  return hook === 'prerouting' || hook === 'output';
}
