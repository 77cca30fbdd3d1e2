import { parsePrefix, type Family } from '../../model/address.ts';
import type { ExtensionOption, Match } from '../../model/iptables-rule.ts';
import { parseNumber } from './values.ts';

/** Protocols by the name that iptables prints. Source: libxtables xtables_chain_protos, and /etc/protocols for the others. */
const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['all', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ipencap', 4],
  ['ipip', 4],
  ['tcp', 6],
  ['udp', 17],
  ['dccp', 33],
  ['ipv6', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ipv6-crypt', 50],
  ['ah', 51],
  ['ipv6-auth', 51],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['ospf', 89],
  ['pim', 103],
  ['ipcomp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['sctp', 132],
  ['mh', 135],
  ['mobility-header', 135],
  ['ipv6-mh', 135],
  ['udplite', 136],
]);

/** Turns `-s`, `-d`, `-i`, `-o`, `-p` or `-f` into a match; undefined when its value is not understood. */
export function buildBaseMatch(option: ExtensionOption, family: Family): Match | undefined {
  const { negated } = option;
  const value = option.values[0];
  if (option.name === 'f') return { kind: 'fragment', negated };
  if (value === undefined || value === '') return undefined;
  if (option.name === 'i' || option.name === 'o') {
    const wildcard = value.endsWith('+');
    const kind = option.name === 'i' ? 'in-interface' : 'out-interface';
    return { kind, negated, name: wildcard ? value.slice(0, -1) : value, wildcard };
  }
  if (option.name === 'p') return { kind: 'protocol', negated, ...protocol(value) };
  const prefix = parsePrefix(value);
  if (prefix?.family !== family) return undefined;
  return { kind: option.name === 's' ? 'source' : 'destination', negated, prefix };
}

/** Number of a protocol by name or number; null: not known. */
export function protocol(text: string): { readonly name: string; readonly number: number | null } {
  const name = text.toLowerCase();
  const number = parseNumber(name, 0xff) ?? PROTOCOL_NUMBERS.get(name) ?? null;
  return { name, number };
}
