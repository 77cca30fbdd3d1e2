import type { Family } from '../../../model/address.ts';
import type { Unknown } from '../../../model/branching.ts';
import type { Hook } from '../../../model/netfilter.ts';
import type { NftBaseChain, NftRuleset, NftTable } from '../../../model/nftables.ts';
import type { Placed } from '../placed.ts';
import { NftTableRules } from './table-rules.ts';

const HOOKS: readonly string[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'] satisfies Hook[];
const TYPES: ReadonlySet<string> = new Set(['filter', 'route', 'nat']);
/** Families whose chains packets of a family meet on the hooks of IP. */
const MEETS: Readonly<Record<Family, ReadonlySet<string>>> = {
  4: new Set(['ip', 'inet']),
  6: new Set(['ip6', 'inet']),
};

/**
 * The base chains of a ruleset that packets of a family meet. A ruleset that could not be read whole may have more of them, in front
 * of all others.
 */
export function nftBaseChains(ruleset: NftRuleset, family: Family): Placed[] {
  const { incomplete } = ruleset;
  if (incomplete !== undefined) return HOOKS.filter(isHook).map((hook) => hole(hook, incomplete, ruleset));
  const tables = new Map(
    ruleset.tables.map((table) => [`${table.family} ${table.name}`, new NftTableRules(ruleset, table)]),
  );
  const placed = ruleset.baseChains.flatMap((base): Placed[] => {
    if (!MEETS[family].has(base.family) || !isHook(base.hook)) return [];
    const rules = tables.get(`${base.family} ${base.table}`);
    const reason = rules === undefined ? 'its table is not in the dump' : problemOf(base);
    if (rules?.table.dormant === true) return [];
    if (rules === undefined || base.priority === null || reason !== undefined) {
      const unknown = {
        reason: `chain ${base.chain}: ${reason ?? 'its priority is not understood'}`,
        evidence: [base.evidence],
      };
      return [hole(base.hook, unknown, ruleset)];
    }
    return [place(base, base.hook, base.priority, rules)];
  });
  // Of equal priority, the one that was registered last comes first (net/netfilter/core.c nf_hook_entries_grow).
  return placed.toReversed();
}

function problemOf(base: NftBaseChain): string | undefined {
  return TYPES.has(base.type) ? undefined : `its type ${base.type} is not understood`;
}

function place(base: NftBaseChain, hook: Hook, priority: number, rules: NftTableRules): Placed {
  return {
    hook,
    priority,
    nat: base.type === 'nat',
    chain: {
      table: rules,
      name: base.chain,
      rules: () => rules.all(base.chain),
      policy: base.policy,
      evidence: base.evidence,
      reroutes: base.type === 'route',
    },
    speaks: !base.empty,
    owner: rules.table satisfies NftTable,
  };
}

/** Stands where a chain may be that nobody knows. */
function hole(hook: Hook, missing: Unknown, owner: object): Placed {
  return { hook, priority: Number.NEGATIVE_INFINITY, nat: false, chain: { missing }, speaks: true, owner };
}

function isHook(text: string): text is Hook {
  return HOOKS.includes(text);
}
