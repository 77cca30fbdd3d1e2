/**
 * What routing decisions of one network namespace and address family are made of.
 *
 * In: readings of rules, routes, addresses, interfaces, neighbours and settings. Out: the same, with routes indexed by table and
 * prefix. What was not captured stays unknown; no table, rule or setting is made up here.
 */
import { parsePrefix, maskLength, type Address, type Family } from '../../model/address.ts';
import type { NetnsFacts, Reading } from '../../model/facts.ts';
import type { InterfaceAddress, Link, Neighbour, Route, RoutingRule, Sysctl } from '../../model/network-namespace.ts';

/** The readings that routing depends on. */
export interface RoutingReadings {
  readonly family: Family;
  readonly rules: Reading<readonly RoutingRule[]>;
  readonly routes: Reading<readonly Route[]>;
  readonly addresses: Reading<readonly InterfaceAddress[]>;
  readonly links: Reading<readonly Link[]>;
  readonly neighbours: Reading<readonly Neighbour[]>;
  readonly sysctl: Reading<Sysctl>;
}

/** Routes of one prefix, in the order in which the kernel tries them. */
export interface Leaf {
  readonly length: number;
  readonly routes: readonly Route[];
}

export interface RoutingTables extends RoutingReadings {
  /** Routing rules by priority; undefined: not captured. */
  readonly orderedRules: readonly RoutingRule[] | undefined;
  /** Whether the three rules that the kernel starts with are all there are. */
  readonly defaultRules: boolean;
  /** Why no lookup can be trusted: routes were not captured, or some could not be read. */
  readonly broken: string | undefined;
  /** Whether the dump shows other tables than main; if not, those may hold anything. */
  readonly allTables: boolean;
  /** The leaves of some tables that hold the address, longest prefix first. */
  leaves(tables: readonly string[], address: Address): readonly Leaf[];
  /** Name of the loopback device. */
  readonly loopback: string;
  /** Whether a device is, or may be, a VRF; undefined: interfaces were not captured with their kinds. */
  readonly hasVrf: boolean | undefined;
}

const DEFAULT_TABLES = ['local', 'main', 'default'];

/** Collects and indexes what one namespace's facts hold for a family. */
export function routingTables(netns: NetnsFacts, family: Family): RoutingTables {
  return indexRoutingTables({
    family,
    rules: netns.routingRules(family),
    routes: netns.routes(family),
    addresses: netns.addresses(),
    links: netns.links(),
    neighbours: netns.neighbours(),
    sysctl: netns.sysctl(),
  });
}

/** Indexes readings; costs one pass over the routes. */
export function indexRoutingTables(readings: RoutingReadings): RoutingTables {
  const { family, rules, routes, links } = readings;
  const all = (routes.value ?? []).filter((route) => route.family === family);
  const index = indexRoutes(family, all);
  const leaves = new Map<string, Map<string, readonly Leaf[]>>();
  const orderedRules = rules.value === undefined ? undefined : byPriority(rules.value);
  return {
    ...readings,
    orderedRules,
    defaultRules: orderedRules === undefined || areDefault(orderedRules, family),
    broken: brokenBecause(readings),
    allTables: all.some((route) => route.table !== 'main'),
    leaves: (tables, address) =>
      entry(
        entry(leaves, tables.join(' '), () => new Map<string, readonly Leaf[]>()),
        address.text,
        () => findLeaves(index, tables, address),
      ),
    loopback: links.value?.find((link) => link.loopback)?.name ?? 'lo',
    hasVrf: links.value?.every((link) => link.detailed) ? links.value.some((link) => link.kind === 'vrf') : undefined,
  };
}

/** A route or rule that could not be read may be the one that decides. */
function brokenBecause({ family, routes, rules }: RoutingReadings): string | undefined {
  if (routes.value === undefined) return `no IPv${family} routes were captured`;
  const route = routes.gaps.find((gap) => gap.kind !== 'missing');
  if (route !== undefined) return `some IPv${family} routes could not be read: ${route.problem}`;
  const rule = rules.gaps.find((gap) => gap.kind !== 'missing');
  return rule === undefined ? undefined : `some IPv${family} routing rules could not be read: ${rule.problem}`;
}

/** Rules of equal priority keep the order of the dump (net/core/fib_rules.c, fib_nl_newrule inserts after its equals). */
function byPriority(rules: readonly RoutingRule[]): readonly RoutingRule[] {
  return rules.toSorted((a, b) => a.priority - b.priority);
}

/** fib_default_rules_init (net/ipv4/fib_rules.c) and fib6_rules_net_init (net/ipv6/fib6_rules.c). */
function areDefault(rules: readonly RoutingRule[], family: Family): boolean {
  const expected = family === 4 ? DEFAULT_TABLES : DEFAULT_TABLES.slice(0, 2);
  return (
    rules.length === expected.length &&
    rules.every((rule, at) => rule.action === 'lookup' && rule.table === expected[at] && selectsEverything(rule))
  );
}

function selectsEverything(rule: RoutingRule): boolean {
  const selectors = [
    rule.source,
    rule.destination,
    rule.inInterface,
    rule.outInterface,
    rule.mark,
    rule.tos,
    rule.protocol,
  ];
  const others = [
    rule.sourcePorts,
    rule.destinationPorts,
    rule.uids,
    rule.suppressPrefixLength,
    rule.suppressInterfaceGroup,
  ];
  return !rule.inverted && rule.notUnderstood.length === 0 && [...selectors, ...others].every((one) => one === null);
}

/** Table name → prefix length → network bits → routes. */
type RouteIndex = ReadonlyMap<string, readonly (readonly [length: number, ReadonlyMap<bigint, readonly Route[]>])[]>;

function indexRoutes(family: Family, routes: readonly Route[]): RouteIndex {
  const tables = new Map<string, Map<number, Map<bigint, Route[]>>>();
  for (const route of routes) {
    const prefix = parsePrefix(route.destination);
    const length = prefix === undefined ? undefined : maskLength(prefix);
    if (prefix === undefined || length === undefined) continue;
    const lengths = entry(tables, route.table, () => new Map<number, Map<bigint, Route[]>>());
    entry(
      entry(lengths, length, () => new Map<bigint, Route[]>()),
      prefix.bits,
      (): Route[] => [],
    ).push(route);
  }
  const order = family === 4 ? ipv4Order : ipv6Order;
  return new Map(
    [...tables].map(([table, lengths]) => {
      for (const networks of lengths.values()) {
        for (const [bits, list] of networks) networks.set(bits, list.toSorted(order));
      }
      return [table, [...lengths].toSorted(([a], [b]) => b - a)];
    }),
  );
}

/** fib_find_alias (net/ipv4/fib_trie.c) keeps routes of one prefix by traffic class, highest first, then by metric. */
function ipv4Order(a: Route, b: Route): number {
  return b.tos - a.tos || a.metric - b.metric;
}

/** fib6_add_rt2node (net/ipv6/ip6_fib.c) keeps them by metric; source prefixes hang below the destination, the longest first. */
function ipv6Order(a: Route, b: Route): number {
  return sourceLength(b) - sourceLength(a) || a.metric - b.metric;
}

/** Length of an IPv6 route's source prefix, 0 without one. */
export function sourceLength(route: Route): number {
  return route.source === null ? 0 : Number(route.source.slice(route.source.indexOf('/') + 1));
}

function findLeaves(index: RouteIndex, tables: readonly string[], address: Address): readonly Leaf[] {
  const width = address.family === 4 ? 32 : 128;
  const found = tables.flatMap((table) =>
    (index.get(table) ?? []).flatMap(([length, networks]) => {
      const shift = BigInt(width - length);
      const routes = networks.get((address.bits >> shift) << shift);
      return routes === undefined ? [] : [{ length, routes }];
    }),
  );
  return tables.length === 1 ? found : found.toSorted((a, b) => b.length - a.length);
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
