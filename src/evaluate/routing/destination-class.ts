import { lengthMask, maskLength, parseAddress, parsePrefix, type Prefix } from '../../model/address.ts';
import type { RoutingTables } from './routing-tables.ts';

/** Where addresses of hosts lie that are neither the machine's own loopback ones nor groups: 1.0.0.0 to 223.255.255.255 without 127. */
const FIRST_HOST = 0x01000000n;
const FIRST_GROUP = 0xe0000000n;
const LOOPBACK = 127n;

/** An address's class; undefined: not known. */
export type DestinationClass = (text: string) => string | undefined;

/**
 * Sorts IPv4 destinations into classes that routing treats alike. Whatever it compares a host's address with is a prefix: that of a
 * route, of a routing rule (whose `from` meets it on the way back), or of an address of the machine. Prefixes hold each other or have
 * nothing in common, so that the longest one that holds an address tells all of them.
 */
export function destinationClasses(tables: RoutingTables): DestinationClass {
  let sorted: DestinationClass | undefined;
  return (text) => (sorted ??= sortedBy(tables))(text);
}

function sortedBy(tables: RoutingTables): DestinationClass {
  const prefixes = comparedWith(tables);
  if (tables.family === 6 || prefixes === undefined) return () => undefined;
  const byLength = new Map<number, Map<bigint, string>>();
  for (const prefix of prefixes) {
    const length = maskLength(prefix);
    if (length === undefined) return () => undefined;
    const networks = byLength.get(length) ?? new Map<bigint, string>();
    byLength.set(length, networks.set(prefix.bits, `${prefix.bits}/${length}`));
  }
  const longestFirst = [...byLength]
    .toSorted(([a], [b]) => b - a)
    .map(([length, networks]) => ({ mask: lengthMask(4, length), networks }));
  return (text) => {
    const address = parseAddress(text);
    if (address?.family !== 4) return undefined;
    const { bits } = address;
    if (bits < FIRST_HOST || bits >= FIRST_GROUP || bits >> 24n === LOOPBACK) return undefined;
    for (const { mask, networks } of longestFirst) {
      const found = networks.get(bits & mask);
      if (found !== undefined) return found;
    }
    return 'none';
  };
}

/** Every prefix that a host's address is compared with; undefined: one of them is not understood. */
function comparedWith({ routes, orderedRules, addresses, broken }: RoutingTables): readonly Prefix[] | undefined {
  if (broken !== undefined || addresses.value === undefined) return undefined;
  const texts = [
    ...(routes.value ?? []).filter(({ family }) => family === 4).map(({ destination }) => destination),
    ...(orderedRules ?? []).flatMap(({ source, destination }) => [source, destination]),
    ...addresses.value
      .filter(({ family }) => family === 4)
      .flatMap(({ address, peer, prefixLength }) => [address, peer, `${peer ?? address}/${prefixLength}`]),
  ];
  const prefixes = texts.flatMap((text) => (text === null || text === undefined ? [] : [parsePrefix(text)]));
  return prefixes.every((one) => one !== undefined) ? prefixes : undefined;
}
