import type { Family } from './address.ts';
import type { Unknown, Weighted } from './branching.ts';
import type { Evidence } from './evidence.ts';
import type { Flow } from './flow.ts';
import type { Match, Target } from './iptables-rule.ts';
import type { IpSet } from './network-namespace.ts';
import type { NftRuleset } from './nftables.ts';
import type { RouteDecision, RouteQuery } from './routing.ts';

export type IptablesTable = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** What every rule has, whichever front end made it. */
export interface PacketRule {
  /** `nat` of iptables; family and name of an nftables table: `ip kube-proxy`. */
  readonly table: string;
  readonly chain: string;
  /** As it stands in its dump. */
  readonly raw: string;
}

/** One rule of an iptables-save. */
export interface IptablesRule extends PacketRule {
  readonly table: IptablesTable;
  /** 1-based line in the artefact. */
  readonly line: number;
  /** The line as it stands, counters included. */
  readonly raw: string;
  readonly matches: readonly Match[];
  /** null: the rule only counts. */
  readonly target: Target | null;
}

/**
 * One chain. Rules are read lazily: a dump may hold hundreds of thousands, and a packet meets a dozen.
 */
export interface IptablesChain {
  readonly table: IptablesTable;
  readonly name: string;
  /** Policy of a built-in chain; null for a user chain. */
  readonly policy: 'ACCEPT' | 'DROP' | null;
  /** The chain's own line (`:INPUT ACCEPT [0:0]`). */
  readonly evidence: Evidence;
  /** Every rule, in order. */
  rules(): Iterable<IptablesRule>;
  /**
   * In order, at least every rule that can match a packet to `destination`: those without `-d`, with `! -d`, or with a `-d`
   * that holds it. A rule left out has a `-d` of one other address.
   */
  candidates(destination: string): readonly IptablesRule[];
}

/** An iptables-save or ip6tables-save. */
export interface IptablesRuleset {
  readonly artefact: string;
  readonly family: Family;
  /** Which kernel API holds these rules, from the file's header or name. */
  readonly backend: 'nf_tables' | 'legacy' | 'unknown';
  /** Tables that the file lists. */
  readonly tables: readonly IptablesTable[];
  /**
   * Why rules of a table may be missing here (the file is cut off, a line is unreadable, its section was never committed);
   * undefined: all of them are here. A walk that comes to the end of a chain of such a table is undetermined.
   */
  incomplete(table: IptablesTable): Unknown | undefined;
  chain(table: IptablesTable, name: string): IptablesChain | undefined;
}

/** Rules that a network namespace may hold. */
export type Ruleset = IptablesRuleset | NftRuleset;

/** Kernel code that hangs on the hooks of a network namespace beside its rules (IPVS). */
export interface HookModule {
  readonly artefact: string;
  readonly entries: readonly HookEntry[];
}

/** One function of a module on one hook. */
export interface HookEntry {
  readonly hook: Hook;
  readonly priority: number;
  /** What it does to a packet: one way for each branch. */
  ask(packet: HookedPacket, environment: NetfilterEnvironment): readonly HookWay[];
}

/** A packet as a module's function gets it. */
export interface HookedPacket {
  readonly flow: Flow;
  /** The routing decision before; null: none. */
  readonly route: RouteDecision | null;
  /** A module has handled it before, and leaves it alone now (skb->ipvs_property). */
  readonly handled: boolean;
  /** A process of this namespace sent it. */
  readonly madeHere: boolean;
}

/** What a module's function makes of a packet. */
export type HookWay = Weighted & {
  /** What decided, in order; empty where the packet is not its business. */
  readonly matched: readonly Omit<MatchedRule, 'hook' | 'base'>[];
} & (
    | { readonly kind: 'pass' }
    /** It goes on on the same hook, handled, and routed anew if there is a `route`. */
    | { readonly kind: 'change'; readonly flow: Flow; readonly route?: RouteDecision }
    /** It leaves the hook, is routed anew, and goes through output and postrouting, handled. */
    | {
        readonly kind: 'send';
        readonly flow: Flow;
        readonly route: RouteDecision;
        readonly encapsulation?: Encapsulation;
      }
    | { readonly kind: 'drop'; readonly endedBy: Evidence }
    | { readonly kind: 'reject'; readonly with: string; readonly endedBy: Evidence }
    | { readonly kind: 'unknown'; readonly unknown: Unknown }
  );

/** A packet travels inside another one. */
export interface Encapsulation {
  readonly kind: string;
  readonly destination: string;
}

/** What rules can ask about the network namespace they run in. */
export interface NetfilterEnvironment {
  route(query: RouteQuery): readonly RouteDecision[];
  /** RTN_* type of an address as `addrtype` sees it (`LOCAL`, `UNICAST`, `BROADCAST`, `MULTICAST`, `BLACKHOLE` …); undefined: not known. */
  addressType(address: string, device?: string): string | undefined;
  /** The source that MASQUERADE takes for packets leaving by a device to a next hop; undefined: not known. */
  masqueradeAddress(device: string, nexthop: string, destination: string): string | undefined;
  /** The address that REDIRECT takes for packets that came in by a device; undefined: not known. */
  redirectAddress(device: string, destination: string): string | undefined;
  /** The one address beside the loopback ones that this namespace has; undefined: not known, or it has several. */
  soleAddress?(family: Family): string | undefined;
  ipset(name: string): IpSet | undefined;
  /** Value of a sysctl in dotted spelling; undefined: not known. */
  sysctl(name: string): string | undefined;
  /**
   * Hosts of one class are alike as destinations in each answer above, but for ipsets; undefined: nothing is known of it. Absent: of
   * none.
   */
  destinationClass?(address: string): string | undefined;
}

/** A rule that matched the packet, where it stood in the walk. */
export interface MatchedRule {
  readonly hook: Hook;
  /** The chain on the hook from which the packet came to the rule. */
  readonly base: string;
  readonly rule: PacketRule;
  readonly evidence: Evidence;
  /** What it did: `jump`, `goto`, `return`, `continue` (no target, or one that does not end the walk), or the target's name. */
  readonly action: string;
  /** The flow after the rule, when the rule changed it. */
  readonly after?: Flow;
  /** Clauses: what was taken for granted. */
  readonly assumptions?: readonly string[];
}

/** A rule on a packet's way of which nobody knows whether it matches. The packet ends alike either way. */
export interface OpenRule extends Pick<MatchedRule, 'rule' | 'evidence'> {
  /** Why it is not known, one clause. */
  readonly reason: string;
}

/** How a packet leaves the network namespace's netfilter hooks. */
export interface TraversalOutcome extends Weighted {
  readonly verdict:
    /** leaves by `route.device` */
    | 'forward'
    /** reaches a socket of this namespace */
    | 'local'
    | 'drop'
    | 'reject'
    /** the routing decision says no: `route` tells how */
    | 'unroutable'
    | 'undetermined';
  /** The packet as it ends, translated. */
  readonly flow: Flow;
  /** Every rule that matched, in the order that the packet met them. */
  readonly rules: readonly MatchedRule[];
  /** Absent: of every rule it is known whether it matches. */
  readonly mayMatch?: readonly OpenRule[];
  /** The last routing decision. */
  readonly route: RouteDecision | null;
  /** The rule, or the chain's policy line, that dropped or rejected it. */
  readonly endedBy?: Evidence;
  /** For `reject`: the kind, e.g. `icmp-port-unreachable`, `tcp-reset`. */
  readonly rejectWith?: string;
  /**
   * Source translation, if any. When the address is not known (null), `flow.source` still has the one before and must not be
   * taken for what the receiver sees.
   */
  readonly sourceNat?: { readonly kind: 'masquerade' | 'snat'; readonly address: string | null };
  /** TPROXY gave the packet to the transparent socket bound here (null: to any address); it is dropped when there is none. */
  readonly interception?: { readonly address: string | null; readonly port: number };
  /** It leaves inside another packet, for which `route` was decided. */
  readonly encapsulation?: Encapsulation;
  /** For `undetermined`: why. */
  readonly unknown?: Unknown;
}

/** The same without the rules on its way. */
export type TraversalEnd = Omit<TraversalOutcome, 'rules' | 'mayMatch'>;
