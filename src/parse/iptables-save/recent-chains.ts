import type { IptablesChain } from '../../model/netfilter.ts';

/** Fewer chains than this stand between the packets of one Service, unless it has more endpoints. */
const GENERATION = 64;

/**
 * The chains that were asked for last, with the rules that were read of them: whoever asks about all Services of a cluster meets most
 * chains a few times in a row, and then never again. null stands for a chain that there is none of.
 */
export class RecentChains {
  private young = new Map<string, IptablesChain | null>();
  private old = new Map<string, IptablesChain | null>();

  get(name: string): IptablesChain | null | undefined {
    const known = this.young.get(name);
    if (known !== undefined) return known;
    const before = this.old.get(name);
    if (before !== undefined) this.set(name, before);
    return before;
  }

  set(name: string, chain: IptablesChain | null): void {
    if (this.young.size >= GENERATION) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(name, chain);
  }
}
