import { contains, parsePrefix, type Address } from '../../model/address.ts';
import type { RoutingRule } from '../../model/network-namespace.ts';
import type { LookupFlow } from './lookup-flow.ts';
import type { RoutingTables } from './routing-tables.ts';

/** Whether a rule matches; undefined: that depends on something unknown. */
export type RuleMatch = boolean | undefined;

type Range = { readonly from: number; readonly to: number };

/** The bits of the traffic class that rules and routes compare (INET_DSCP_LEGACY_TOS_MASK, include/net/inet_dscp.h). */
const IPV4_TOS_MASK = 0x1c;
/** All of DSCP (net/ipv6/fib6_rules.c, fib6_rule_match). */
const IPV6_TOS_MASK = 0xfc;

/** /etc/protocols */
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  sctp: 132,
  udplite: 136,
};

/**
 * Whether a routing rule matches a flow: fib_rule_match (net/core/fib_rules.c) with fib4_rule_match (net/ipv4/fib_rules.c) or
 * fib6_rule_match (net/ipv6/fib6_rules.c).
 */
export function matchRoutingRule(tables: RoutingTables, rule: RoutingRule, flow: LookupFlow): RuleMatch {
  const parts = selectors(tables, rule, flow);
  const all = parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
  return rule.inverted && all !== undefined ? !all : all;
}

/** Whether routes and rules with this traffic class, which is not 0, take the flow. */
export function matchTrafficClass(tables: RoutingTables, tos: number, flow: LookupFlow): boolean {
  const mask = tables.family === 4 ? IPV4_TOS_MASK : IPV6_TOS_MASK;
  return tos === (flow.tos & mask);
}

function selectors(tables: RoutingTables, rule: RoutingRule, flow: LookupFlow): RuleMatch[] {
  const { mark } = rule;
  return [
    ...rule.notUnderstood.map((key) => unknownSelector(tables, key)),
    rule.inInterface === null || (flow.inInterface === undefined ? undefined : flow.inInterface === rule.inInterface),
    rule.outInterface === null || flow.outInterface === rule.outInterface,
    mark === null || ((flow.mark ^ mark.value) & mark.mask) === 0,
    within(rule.uids, flow.uid),
    rule.source === null || holdsSource(rule.source, flow),
    rule.destination === null || holds(rule.destination, flow.destination),
    rule.tos === null || rule.tos === 0 || matchTrafficClass(tables, rule.tos, flow),
    rule.protocol === null || (flow.protocol === undefined ? undefined : sameProtocol(rule.protocol, flow.protocol)),
    within(rule.sourcePorts, flow.sourcePort),
    within(rule.destinationPorts, flow.destinationPort),
  ];
}

/** A rule for VRFs matches only packets of devices that belong to one (l3mdev_fib_rule_match, net/l3mdev/l3mdev.c). */
function unknownSelector(tables: RoutingTables, key: string): RuleMatch {
  return key === 'l3mdev' && tables.hasVrf === false ? false : undefined;
}

/** Before a source is chosen, IPv4 compares 0.0.0.0, and IPv6 matches no rule that names a source. */
function holdsSource(text: string, flow: LookupFlow): RuleMatch {
  if (flow.source !== null) return holds(text, flow.source);
  const prefix = parsePrefix(text);
  if (prefix?.family === 4) return prefix.bits === 0n;
  return prefix === undefined ? undefined : prefix.mask === 0n;
}

function holds(text: string, address: Address): RuleMatch {
  const prefix = parsePrefix(text);
  return prefix === undefined ? undefined : contains(prefix, address);
}

function within(range: Range | null, value: number | null | undefined): RuleMatch {
  if (range === null) return true;
  return value === null || value === undefined ? undefined : value >= range.from && value <= range.to;
}

/** iproute2 prints the name of a protocol that its machine knows, else `ipproto-N` (lib/inet_proto.c). */
function sameProtocol(rule: string, flow: string): RuleMatch {
  const [one, other] = [rule, flow].map((name) => PROTOCOLS[name] ?? Number(/^ipproto-(\d{1,3})$/.exec(name)?.[1]));
  return rule === flow || (Number.isNaN(one) || Number.isNaN(other) ? undefined : one === other);
}
