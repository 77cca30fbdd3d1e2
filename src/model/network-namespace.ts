import type { Family } from './address.ts';
import type { Evidence } from './evidence.ts';

/** `ip -j address`: one address of an interface. */
export interface InterfaceAddress {
  readonly device: string;
  readonly family: Family;
  readonly address: string;
  readonly prefixLength: number;
  /** `global`, `link`, `host`, or a number in text. */
  readonly scope: string;
  /** Peer of a point-to-point address, when there is one. */
  readonly peer?: string;
  /** IFA_F_SECONDARY (`"secondary": true`). */
  readonly secondary: boolean;
  /** Its preferred lifetime is over: source selection takes it last. */
  readonly deprecated: boolean;
  /** The other flags that iproute2 prints: `tentative`, `optimistic`, `temporary`, `dadfailed`, `noprefixroute` … */
  readonly flags: readonly string[];
  readonly evidence: Evidence;
}

/** `ip -j link`: an interface. */
export interface Link {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
  readonly loopback: boolean;
  readonly mtu: number | null;
  readonly mac: string | null;
  /** ifindex of the other end (veth) or of the lower device, and the namespace id it lives in (null: this one). */
  readonly peerIndex: number | null;
  readonly peerNamespace: number | null;
  /** Name of the bridge or bond that this interface is a port of. */
  readonly master: string | null;
  /** `veth`, `bridge`, `vxlan`, `ipip`, `dummy`, `wireguard` …; null when iproute2 names none (a physical device). */
  readonly kind: string | null;
  /** Whether the dump shows kinds and bridge settings at all (`ip -d`); without it `kind` is null and the flags below are false. */
  readonly detailed: boolean;
  /** For a bridge: its own nf_call_iptables and nf_call_ip6tables flags. */
  readonly bridgeCallsIptables: boolean;
  readonly bridgeCallsIp6tables: boolean;
  /** For a bridge port: hairpin mode. */
  readonly hairpin: boolean;
  readonly evidence: Evidence;
}

/** `ip -j [-6] route show table all`: one route. */
export interface Route {
  readonly family: Family;
  /** `unicast` unless the entry says otherwise: `local`, `broadcast`, `multicast`, `anycast`, `unreachable`, `blackhole`, `prohibit`, `throw`. */
  readonly type: string;
  /** CIDR text; `0.0.0.0/0` and `::/0` for `default`. */
  readonly destination: string;
  /** `main`, `local`, `default`, or a number in text. */
  readonly table: string;
  readonly nexthops: readonly Nexthop[];
  readonly preferredSource: string | null;
  /** `global` unless the entry says otherwise: `site`, `link`, `host`, `nowhere`, or a number in text. IPv4 alone. */
  readonly scope: string;
  readonly metric: number;
  readonly tos: number;
  /** IPv6 router preference (RFC 4191). */
  readonly preference: 'low' | 'medium' | 'high';
  /** `from PREFIX` of an IPv6 source route. */
  readonly source: string | null;
  /** `dead`, `linkdown`, `onlink`, `offload` … */
  readonly flags: readonly string[];
  /** Id of the nexthop object (`ip nexthop`) that the route uses; its next hops are shown all the same. */
  readonly nexthopId: number | null;
  /** Members of the entry that change where packets go and that no field above covers (`encap` …). */
  readonly notUnderstood: readonly string[];
  readonly evidence: Evidence;
}

export interface Nexthop {
  readonly gateway: string | null;
  readonly device: string | null;
  /** Relative weight among the route's next hops, 1 when there is one. */
  readonly weight: number;
  readonly flags: readonly string[];
}

/** `ip -j [-6] rule`: one rule of the routing policy database. */
export interface RoutingRule {
  readonly family: Family;
  readonly priority: number;
  readonly inverted: boolean;
  /** CIDR text; null is all. */
  readonly source: string | null;
  readonly destination: string | null;
  readonly inInterface: string | null;
  readonly outInterface: string | null;
  readonly mark: { readonly value: number; readonly mask: number } | null;
  readonly tos: number | null;
  readonly protocol: string | null;
  readonly sourcePorts: { readonly from: number; readonly to: number } | null;
  readonly destinationPorts: { readonly from: number; readonly to: number } | null;
  readonly uids: { readonly from: number; readonly to: number } | null;
  /** What it does: look up a table, or end there. */
  readonly action: 'lookup' | 'unreachable' | 'blackhole' | 'prohibit' | 'goto' | 'nop' | 'unknown';
  readonly table: string | null;
  readonly gotoPriority: number | null;
  readonly suppressPrefixLength: number | null;
  readonly suppressInterfaceGroup: string | null;
  /** Members of the entry that no rule above covers (`l3mdev` …). */
  readonly notUnderstood: readonly string[];
  readonly evidence: Evidence;
}

/** `ip -j neigh`. */
export interface Neighbour {
  readonly address: string;
  readonly device: string;
  readonly mac: string | null;
  readonly states: readonly string[];
  readonly evidence: Evidence;
}

/** `ss -lntup` (and what `sockets.txt` may be otherwise): one bound socket. */
export interface Socket {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly state: string;
  /** `*` and `[::]` are `::` with `dual: true` when the kernel takes IPv4 there as well. */
  readonly address: string;
  readonly family: Family;
  /** Takes both families (`*:8080`). */
  readonly dual: boolean;
  readonly device: string | null;
  readonly port: number;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  readonly evidence: Evidence;
}

/** One entry of /proc/net/nf_conntrack or `conntrack -L -o extended`. */
export interface ConntrackEntry {
  readonly family: Family;
  readonly protocol: string;
  readonly timeoutSeconds: number | null;
  /** TCP or SCTP state; null where the protocol has none. */
  readonly state: string | null;
  readonly original: ConntrackTuple;
  readonly reply: ConntrackTuple;
  readonly unreplied: boolean;
  readonly assured: boolean;
  readonly mark: number;
  readonly zone: number;
  readonly evidence: Evidence;
}

export interface ConntrackTuple {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
}

/** One set of `ipset save`. */
export interface IpSet {
  readonly name: string;
  /** `hash:ip`, `hash:ip,port`, `hash:net`, `bitmap:port`, `list:set` … */
  readonly type: string;
  readonly options: readonly string[];
  readonly entries: readonly { readonly text: string; readonly evidence: Evidence }[];
  readonly evidence: Evidence;
}

/** `sysctl -a`: settings by dotted name, in the kernel's own spelling (`net.ipv4.conf.eth0.rp_filter`). */
export type Sysctl = ReadonlyMap<string, { readonly value: string; readonly evidence: Evidence }>;

/** The setting of a network namespace, of both families, by which its kernel chooses source ports (inet_get_local_port_range). */
export const LOCAL_PORT_RANGE = 'net.ipv4.ip_local_port_range';
