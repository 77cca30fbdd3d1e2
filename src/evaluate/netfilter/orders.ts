import type { Hook } from '../../model/netfilter.ts';
import type { Placed } from './placed.ts';

/** Hooks that a packet may come to, by where it begins; one that a process sends may come back through the loopback device. */
const REACHED: Readonly<Record<'wire' | 'process', readonly Hook[]>> = {
  wire: ['prerouting', 'input', 'forward', 'postrouting'],
  process: ['output', 'postrouting', 'prerouting', 'input'],
};

/**
 * Every order that chains of equal priority may have been registered in, by different owners. No dump tells it: the kernel puts a
 * chain in front of those of its priority that are there already (net/netfilter/core.c nf_hook_entries_grow). Chains of one owner
 * keep their order, and those that do nothing to any packet are left out.
 * @returns undefined when there are more than `most`
 */
export function registrationOrders(
  placed: readonly Placed[],
  from: 'wire' | 'process',
  most: number,
): readonly (readonly Placed[])[] | undefined {
  // A module may send a packet on from the input hook, as a process does (IPVS: net/netfilter/ipvs/ip_vs_xmit.c, ip_vs_nat_send_or_cont).
  const sends = placed.some(({ chain }) => 'entry' in chain);
  const reached = new Set([...REACHED[from], ...(sends ? REACHED.process : [])]);
  const speaking = placed.filter((one) => one.speaks && reached.has(one.hook));
  const groups = new Map<string, Placed[]>();
  for (const one of speaking) {
    const key = `${one.hook} ${one.nat} ${one.priority}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  let orders: (readonly Placed[])[] = [[]];
  for (const group of groups.values()) {
    const ways = ownerOrders(group);
    if (ways === undefined || orders.length * ways.length > most) return undefined;
    orders = orders.flatMap((order) => ways.map((way) => [...order, ...way]));
  }
  return orders;
}

const MOST_OWNERS = 4;

function ownerOrders(group: readonly Placed[]): readonly (readonly Placed[])[] | undefined {
  const owners = [...new Set(group.map((one) => one.owner))];
  if (owners.length > MOST_OWNERS) return undefined;
  return permutations(owners).map((order) => order.flatMap((owner) => group.filter((one) => one.owner === owner)));
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
