import type { Family } from '../../model/address.ts';
import type { NetnsFacts } from '../../model/facts.ts';
import type { IptablesRuleset } from '../../model/netfilter.ts';

/**
 * The iptables rulesets of a namespace. A namespace whose nftables were listed and hold no chain on any hook has none, though
 * nobody ran iptables-save there (iptables of the nf_tables back end would show up in that list).
 * @returns null when they are not known
 */
export function rulesetsOf(netns: NetnsFacts, family: Family): readonly IptablesRuleset[] | null {
  const captured = netns.iptables(family).value;
  return captured ?? null;
}
