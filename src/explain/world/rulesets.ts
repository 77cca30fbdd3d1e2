import type { Family } from '../../model/address.ts';
import type { NetnsFacts } from '../../model/facts.ts';
import type { HookModule, Ruleset } from '../../model/netfilter.ts';
import { hookModules } from './hook-modules.ts';

/** The same list each time: evaluation remembers what it made of one. */
const remembered = new WeakMap<NetnsFacts, Map<Family, readonly (Ruleset | HookModule)[]>>();

/**
 * What hangs on the hooks of a namespace: its rules, of iptables and of nftables, and modules beside them. A namespace whose nftables were listed and hold no chain on any hook has
 * none, though nobody ran iptables-save there (iptables of the nf_tables back end would show up in that list).
 * @returns null when they are not known
 */
export function rulesetsOf(netns: NetnsFacts, family: Family): readonly (Ruleset | HookModule)[] | null {
  const iptables = netns.iptables(family).value;
  if (iptables === undefined) return null;
  const byFamily = remembered.get(netns) ?? new Map<Family, readonly (Ruleset | HookModule)[]>();
  remembered.set(netns, byFamily);
  const known = byFamily.get(family);
  if (known !== undefined) return known;
  const nftables = netns.nftables().value;
  const rulesets = [...iptables, ...(nftables === undefined ? [] : [nftables]), ...hookModules(netns)];
  byFamily.set(family, rulesets);
  return rulesets;
}
