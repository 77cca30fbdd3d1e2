import type { NftBaseChain } from '../../model/nftables.ts';

/** Base chains by whose they may be. */
interface BaseChains {
  /** Those that cannot be iptables-nft's own. */
  readonly foreign: readonly NftBaseChain[];
  /** Those that are iptables-nft's, if iptables-save shows their table. */
  readonly iptables: readonly NftBaseChain[];
}

/** Hook and priority of the chains that iptables-nft makes (iptables/nft.c, xtables_ipv4), by table and chain. */
const IPTABLES_CHAINS: Readonly<
  Record<string, Readonly<Record<string, readonly [hook: string, ...priorities: number[]]>>>
> = {
  raw: { PREROUTING: ['prerouting', -300], OUTPUT: ['output', -300] },
  mangle: {
    PREROUTING: ['prerouting', -150],
    INPUT: ['input', -150],
    FORWARD: ['forward', -150],
    OUTPUT: ['output', -150],
    POSTROUTING: ['postrouting', -150],
  },
  filter: { INPUT: ['input', 0], FORWARD: ['forward', 0], OUTPUT: ['output', 0] },
  // The tool has its own idea of this one; the kernel's is 50 (NF_IP_PRI_SECURITY).
  security: { INPUT: ['input', 150, 50], FORWARD: ['forward', 150, 50], OUTPUT: ['output', 150, 50] },
  nat: {
    PREROUTING: ['prerouting', -100],
    INPUT: ['input', 100],
    OUTPUT: ['output', -100],
    POSTROUTING: ['postrouting', 100],
  },
};

/** Divides base chains into those that iptables-nft may own and all others. */
export function divideBaseChains(chains: readonly NftBaseChain[]): BaseChains {
  return { foreign: chains.filter((chain) => !ownedByIptables(chain)), iptables: chains.filter(ownedByIptables) };
}

function ownedByIptables({ family, table, chain, hook, priority }: NftBaseChain): boolean {
  if (family !== 'ip' && family !== 'ip6') return false;
  const chains = Object.hasOwn(IPTABLES_CHAINS, table) ? IPTABLES_CHAINS[table] : undefined;
  const own = chains !== undefined && Object.hasOwn(chains, chain) ? chains[chain] : undefined;
  if (own === undefined || priority === null) return false;
  const [ownHook, ...priorities] = own;
  return ownHook === hook && priorities.includes(priority);
}
