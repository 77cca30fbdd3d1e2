import type { Prefix } from './address.ts';

/** Numbers from `from` to `to`, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** A test that `!` may turn round. */
export interface Negatable {
  readonly negated: boolean;
}

export interface PortTest extends NumberRange, Negatable {}

export interface PrefixTest extends Negatable {
  readonly prefix: Prefix;
}

/** Addresses in text, both included; canonical. */
export interface AddressRange {
  readonly from: string;
  readonly to: string;
}

/** One option of an extension whose meaning the evaluator may or may not use, as it stood in the rule. */
export interface ExtensionOption extends Negatable {
  /** Long name without dashes, the one that iptables-save prints. */
  readonly name: string;
  readonly values: readonly string[];
}

/** Names of the bits of `--ctstate` and `--state`. */
export type ConnectionState = 'INVALID' | 'NEW' | 'ESTABLISHED' | 'RELATED' | 'UNTRACKED' | 'SNAT' | 'DNAT';

/** The tests of a `-m conntrack` or `-m state`; those that the rule does not make are absent. */
export interface ConntrackMatch {
  readonly kind: 'conntrack';
  readonly spelling: 'conntrack' | 'state';
  readonly state?: Negatable & { readonly states: readonly ConnectionState[] };
  /** Protocol number. */
  readonly protocol?: Negatable & { readonly number: number };
  readonly originalSource?: PrefixTest;
  readonly originalDestination?: PrefixTest;
  readonly replySource?: PrefixTest;
  readonly replyDestination?: PrefixTest;
  readonly originalSourcePort?: PortTest;
  readonly originalDestinationPort?: PortTest;
  readonly replySourcePort?: PortTest;
  readonly replyDestinationPort?: PortTest;
  /** `NONE`, `EXPECTED`, `SEEN_REPLY`, `ASSURED`, `CONFIRMED`. */
  readonly status?: Negatable & { readonly statuses: readonly string[] };
  /** Seconds. */
  readonly expires?: PortTest;
  readonly direction?: 'ORIGINAL' | 'REPLY';
}

/** One test of a rule. A rule matches when all of its tests do. */
export type Match =
  | (Negatable & { readonly kind: 'source' | 'destination'; readonly prefix: Prefix })
  /** `wildcard`: the text ended in `+`, which is cut off; any name that begins so. */
  | (Negatable & {
      readonly kind: 'in-interface' | 'out-interface';
      readonly name: string;
      readonly wildcard: boolean;
    })
  /** `name` as iptables prints it; `number` 0 is every protocol, null is a name that this tool does not know. */
  | (Negatable & { readonly kind: 'protocol'; readonly name: string; readonly number: number | null })
  | (Negatable & { readonly kind: 'fragment' })
  | {
      readonly kind: 'ports';
      readonly protocol: 'tcp' | 'udp' | 'udplite' | 'sctp' | 'dccp';
      readonly source?: PortTest;
      readonly destination?: PortTest;
      /** `--tcp-flags MASK SET`. */
      readonly flags?: Negatable & { readonly mask: readonly string[]; readonly set: readonly string[] };
      readonly others: readonly ExtensionOption[];
    }
  | (Negatable & {
      readonly kind: 'multiport';
      readonly side: 'source' | 'destination' | 'either';
      readonly ports: readonly NumberRange[];
    })
  | {
      readonly kind: 'iprange';
      readonly source?: Negatable & AddressRange;
      readonly destination?: Negatable & AddressRange;
    }
  | {
      readonly kind: 'addrtype';
      readonly source?: Negatable & { readonly types: readonly string[] };
      readonly destination?: Negatable & { readonly types: readonly string[] };
      readonly limitInterface: 'in' | 'out' | null;
    }
  | (Negatable & { readonly kind: 'mark' | 'connmark'; readonly value: number; readonly mask: number })
  | ConntrackMatch
  /** Matches when `random & 0x7fffffff < threshold`; `text` is the probability as printed. */
  | (Negatable & {
      readonly kind: 'statistic';
      readonly mode: 'random';
      readonly threshold: number;
      readonly text: string;
    })
  /** Matches packet number `packet` (from 0) of every `every`. */
  | (Negatable & {
      readonly kind: 'statistic';
      readonly mode: 'nth';
      readonly every: number;
      readonly packet: number;
    })
  | (Negatable & {
      readonly kind: 'recent';
      readonly mode: 'set' | 'rcheck' | 'update' | 'remove';
      readonly seconds: number | null;
      readonly reap: boolean;
      readonly hits: number | null;
      readonly ttl: boolean;
      readonly list: string;
      readonly mask: string;
      readonly side: 'source' | 'destination';
    })
  | (Negatable & {
      readonly kind: 'set';
      readonly name: string;
      readonly sides: readonly ('src' | 'dst')[];
      readonly returnNomatch: boolean;
      /** `--packets-eq`, `! --update-counters` … */
      readonly others: readonly ExtensionOption[];
    })
  | {
      readonly kind: 'owner';
      readonly uid?: Negatable & NumberRange;
      readonly gid?: Negatable & NumberRange;
      readonly socketExists?: Negatable;
      readonly supplementaryGroups: boolean;
    }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'limit'; readonly rate: string; readonly burst: number }
  | { readonly kind: 'rpfilter'; readonly flags: readonly string[]; readonly negated: boolean }
  | { readonly kind: 'nfacct'; readonly name: string }
  /** An extension whose options are known to the parser; the evaluator knows what they mean, or says that it does not. */
  | { readonly kind: 'extension'; readonly name: string; readonly options: readonly ExtensionOption[] }
  /** Not understood; `extension` is null for options that belong to none. */
  | { readonly kind: 'unknown'; readonly extension: string | null; readonly tokens: readonly string[] };

/** Where SNAT, DNAT and their kin translate to; what is absent stays as it is. */
export interface NatRange {
  readonly addresses?: AddressRange;
  readonly ports?: NumberRange;
  /** Base of a shifted port range (`:1000-2000/1000`). */
  readonly basePort?: number;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}

/** What a rule does to a packet that it matches. */
export type Target =
  | { readonly kind: 'accept' | 'drop' | 'return' }
  /** `with`: `icmp-port-unreachable`, `tcp-reset` … */
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump'; readonly chain: string; readonly goto: boolean }
  | { readonly kind: 'dnat' | 'snat' | 'redirect' | 'masquerade'; readonly range: NatRange }
  | { readonly kind: 'netmap'; readonly prefix: Prefix }
  /** `mark = (mark & ~mask) ^ value`; the address null: that of the packet or the incoming interface. */
  | {
      readonly kind: 'tproxy';
      readonly port: number;
      readonly address: string | null;
      readonly value: number;
      readonly mask: number;
    }
  /** `mark = (mark & ~mask) ^ value`. */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | {
      readonly kind: 'connmark';
      readonly mode: 'set' | 'save' | 'restore';
      readonly value: number;
      readonly connectionMask: number;
      readonly packetMask: number;
      /** Bits to the left; negative: to the right. */
      readonly shift: number;
    }
  /** CT: `notrack`, or options that set up the tracking. */
  | { readonly kind: 'ct'; readonly notrack: boolean; readonly options: readonly ExtensionOption[] }
  | { readonly kind: 'extension'; readonly name: string; readonly options: readonly ExtensionOption[] }
  | { readonly kind: 'unknown'; readonly name: string; readonly tokens: readonly string[] };
