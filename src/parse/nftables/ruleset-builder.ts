import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Unknown } from '../../model/branching.ts';
import type { GapLog } from '../../model/gap-log.ts';
import type { NftBaseChain, NftRuleset } from '../../model/nftables.ts';
import { TableSource, type RuleFinder } from './table-source.ts';
import { LazyTable } from './table.ts';

/** Of a form of which every rule is added. */
const NO_MORE: RuleFinder = {
  placesOf: () => undefined,
  open: (place) => {
    throw new Error(`nobody makes rule ${place}`);
  },
};

/**
 * Words of one form or the other, one of which stands in every rule that has connections tracked, and perhaps in others. Source: callers of
 * nf_ct_netns_get: net/netfilter/nft_ct.c, nft_nat.c, nft_masq.c, nft_redir.c, nft_connlimit.c, nft_flow_offload.c, nft_synproxy.c, and xt_*.c by
 * nft_compat.c.
 */
const TRACKING = 'masquerade|dnat|snat|redirect|synproxy|flow|"ct"|"ct | ct |\tct |"xt"| xt |\txt '.split('|');

/** Puts together what both forms of a ruleset hold. */
export class RulesetBuilder {
  private readonly artefact: Artefact;
  private readonly gaps: GapLog;
  private readonly tables = new Map<string, TableSource>();
  private readonly chains: Omit<NftBaseChain, 'empty'>[] = [];

  private readonly finder: RuleFinder;

  constructor(artefact: Artefact, gaps: GapLog, finder = NO_MORE) {
    this.artefact = artefact;
    this.gaps = gaps;
    this.finder = finder;
  }

  /** The table of that name, a new one when it was not seen before. */
  table(family: string, name: string): TableSource {
    const key = `${family} ${name}`;
    const known = this.tables.get(key);
    if (known !== undefined) return known;
    const made = new TableSource(family, name, this.finder);
    this.tables.set(key, made);
    return made;
  }

  baseChain(chain: Omit<NftBaseChain, 'empty'>): void {
    this.chains.push(chain);
  }

  /** Rules may be among what could not be read, so that no chain is known to be empty then. */
  finish(): Parsed<NftRuleset> {
    const found = this.gaps.list();
    const [gap] = found;
    const { name: artefact, bytes } = this.artefact;
    const unread: Unknown | undefined =
      gap === undefined ? undefined : { reason: `rules of nftables could not be read: ${gap.problem}`, evidence: [] };
    // Rules that turn out not to be understood are gaps of their own, later.
    const late = this.gaps;
    const onProblem = (
      at: { readonly line?: number; readonly pointer?: string; readonly raw: string },
      problem: string,
    ) => late.add('not-understood', problem, at);
    const tables = [...this.tables.values()].map((source) => new LazyTable(source, onProblem));
    const baseChains = this.chains.map((chain): NftBaseChain => {
      const table = this.tables.get(`${chain.family} ${chain.table}`);
      const holds = table?.hasRules(chain.chain) === true;
      return { ...chain, empty: unread === undefined && !holds && chain.policy === 'accept' };
    });
    return {
      value: {
        artefact,
        tables,
        baseChains,
        tracks: () => unread !== undefined || TRACKING.some((word) => bytes.includes(word)),
        incomplete: unread,
      },
      get gaps() {
        return late.list();
      },
    };
  }
}
