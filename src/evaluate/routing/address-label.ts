import { contains, parsePrefix, type Address, type Prefix } from '../../model/address.ts';

/** The policy table that the kernel starts with (net/ipv6/addrlabel.c, ip6addrlbl_init_table); `ip addrlabel` can change it. */
const LABELS: readonly (readonly [prefix: Prefix, label: number])[] = (
  [
    ['::1/128', 0],
    ['::/96', 3],
    ['::ffff:0:0/96', 4],
    ['2001::/32', 6],
    ['2001:10::/28', 7],
    ['3ffe::/16', 12],
    ['2002::/16', 2],
    ['fec0::/10', 11],
    ['fc00::/7', 5],
    ['::/0', 1],
  ] as const
).flatMap(([text, label]) => {
  const prefix = parsePrefix(text);
  return prefix === undefined ? [] : [[prefix, label] as const];
});

/** The label of an IPv6 address (RFC 6724, section 2.1; ipv6_addr_label); the longest prefix stands first. */
export function addressLabel(address: Address): number | undefined {
  return LABELS.find(([prefix]) => contains(prefix, address))?.[1];
}
