import type { Condition, Unknown } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';
import type { PrefixTest } from '../../model/iptables-rule.ts';
import type {
  Encapsulation,
  Hook,
  IptablesRule,
  IptablesRuleset,
  IptablesTable,
  MatchedRule,
  NetfilterEnvironment,
  OpenRule,
  TraversalOutcome,
} from '../../model/netfilter.ts';
import type { RouteDecision } from '../../model/routing.ts';
import type { List } from './list.ts';

/** Where a branch stands inside a chain, and where it returns to. */
export interface Frame {
  readonly base: BaseChain;
  /** Which of the nat hook's chains this is. */
  readonly natIndex: number;
  /** The packet as it came to the base chain. */
  readonly entered: Flow;
  /** Rules that may match the packet, in order. */
  readonly rules: ChainRules;
  /** Next rule. */
  readonly index: number;
  readonly caller: Frame | null;
  /** Chains that led here by jump or goto, this one included, to find circles. */
  readonly path: List<string>;
  readonly depth: number;
}

/** What the walk knows of an address in an xt_recent list after its own rules: put in, or taken out. */
export interface RecentEntry {
  readonly key: string;
  readonly present: boolean;
}

/** One branch of a walk: the packet, what it met, and where it stands. Never changed; each step makes a new one. */
export interface WalkState {
  readonly flow: Flow;
  readonly hook: Hook;
  /** Next stage of the hook. */
  readonly stage: number;
  /** null: between two stages. */
  readonly frame: Frame | null;
  /** null: none; undefined: not known. */
  readonly inDevice: string | null | undefined;
  readonly outDevice: string | null | undefined;
  readonly route: RouteDecision | null;
  /** The packet was made here, went out of the loopback device, and comes in again. */
  readonly looped: boolean;
  /** nf_conntrack_in has run, or the packet carried its entry along (loopback). */
  readonly tracked: boolean;
  /** CT set up a template that conntrack takes over. */
  readonly template: 'none' | 'plain' | 'zone';
  /** IPS_DST_NAT_DONE and IPS_SRC_NAT_DONE: nat rules are not asked again. */
  readonly destinationDone: boolean;
  readonly sourceDone: boolean;
  readonly probability: number;
  readonly conditions: List<Condition> | null;
  readonly rules: List<MatchedRule> | null;
  readonly mayMatch: List<OpenRule> | null;
  readonly recent: List<RecentEntry> | null;
  /** Sets that a SET target changed on the way. */
  readonly changedSets: List<string> | null;
  readonly sourceNat: TraversalOutcome['sourceNat'];
  readonly interception: TraversalOutcome['interception'];
  /** A rule of this base chain, or below it, wrote the type of service, or of IPv6 the flow label or hop limit. */
  readonly serviceWritten: boolean;
  /** A module has handled the packet (skb->ipvs_property). */
  readonly handled: boolean;
  /** A module took the packet from its hook and sent it out: the device by which it had come in. */
  readonly resent: { readonly inDevice: string | null | undefined } | undefined;
  readonly encapsulation: Encapsulation | undefined;
}

/** What a target makes of a packet that its rule matched. */
export type Effect =
  /** The next rule, with a packet that may be changed. */
  | { readonly kind: 'next'; readonly state: WalkState }
  /** The chain ends and the packet goes on to the next stage: one branch for each way. */
  | { readonly kind: 'accept'; readonly states: readonly WalkState[] }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump'; readonly chain: string; readonly goto: boolean }
  | { readonly kind: 'return' }
  /** One clause: why nobody can tell. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** One way that a rule may turn out for a packet. */
export type Way =
  /** It does not match; the state tells what it left behind all the same. */
  | { readonly kind: 'pass'; readonly state: WalkState }
  /** It matches; `state` is the packet that the effect is done to. */
  | { readonly kind: 'match'; readonly state: WalkState; readonly effect: Effect; readonly action: string }
  /** Nobody can tell: `ways` if the test in question holds, and otherwise the packet goes on as `before`. */
  | {
      readonly kind: 'open';
      readonly before: WalkState;
      readonly ways: readonly Way[];
      readonly reason: string;
      /** The cases in which it can be told; absent: there are none that a condition could name. */
      readonly split?: (() => readonly Case[]) | undefined;
    };

/** How a rule turns out where something is supposed of the packet. */
export interface Case {
  /** The packet at the rule, of which that is supposed. */
  readonly entered: WalkState;
  readonly ways: readonly Way[];
}

/** The rule does not match, and left no trace. */
export const MISS = 'miss';

/** The rules of one chain that a packet may meet, in order. */
export interface ChainRules {
  readonly count: number;
  rule(index: number): MatchedRule['rule'];
  evidence(index: number): Evidence;
  /** How a rule may turn out: its probabilities and conditions are those of the states. */
  ways(index: number, state: WalkState, environment: NetfilterEnvironment): readonly Way[] | typeof MISS;
  /** Whether a packet that differs in its destination alone may meet the very same rules here. Absent: not known. */
  meetsAlike?(destination: string): boolean;
  /**
   * The prefixes that a rule holds the destination against, beside what routes tell of it.
   * @returns undefined when it may look at more of the addresses that the packet goes to, or at something that no packet has
   */
  destinationTests?(index: number): readonly PrefixTest[] | undefined;
}

/** The table of a chain, where jumps find others. */
export interface RuleTable {
  /** Rules of a chain for this packet; undefined: there is no such chain. */
  chain(name: string, state: WalkState): ChainRules | undefined;
  /** Why rules may be missing; undefined: all of them are here. */
  incomplete(): Unknown | undefined;
}

/** A chain that hangs on a hook. */
export interface BaseChain {
  readonly table: RuleTable;
  readonly name: string;
  /** Its rules for this packet. */
  rules(state: WalkState): ChainRules;
  readonly policy: 'accept' | 'drop';
  /** The line, or the object, that tells its policy. */
  readonly evidence: Evidence;
  /** A packet whose mark or addresses it changed in OUTPUT is routed anew (`route` of nftables, table mangle of iptables). */
  readonly reroutes: boolean;
}

/** What a test or a target may look at. */
export interface RuleContext {
  readonly state: WalkState;
  readonly rule: IptablesRule;
  readonly ruleset: IptablesRuleset;
  readonly table: IptablesTable;
  readonly environment: NetfilterEnvironment;
}

/** The same test or target, of another branch. */
export function withState({ rule, ruleset, table, environment }: RuleContext, state: WalkState): RuleContext {
  return { state, rule, ruleset, table, environment };
}

/** Whether the tracker has an entry for the packet that rules can see (`nf_ct_get` gives one). */
export function hasEntry(state: WalkState): boolean {
  return state.tracked && state.flow.tracking.state !== 'INVALID' && state.flow.tracking.state !== 'UNTRACKED';
}

/**
 * The packet's source as rules see it; undefined: MASQUERADE gave it an address that is not known. Only a packet that comes in again
 * by the loopback device meets rules behind MASQUERADE.
 */
export function sourceOf({ flow, looped }: WalkState): string | undefined {
  const { snat, direction, replyDestination } = flow.tracking;
  return looped && snat && direction === 'ORIGINAL' && replyDestination === null ? undefined : flow.source;
}

/** The state with some of it changed. Members are copied one by one: spreading an object of this size takes thirty times as long. */
export function change(state: WalkState, part: Partial<WalkState>): WalkState {
  const copy: WalkState = {
    flow: state.flow,
    hook: state.hook,
    stage: state.stage,
    frame: state.frame,
    inDevice: state.inDevice,
    outDevice: state.outDevice,
    route: state.route,
    looped: state.looped,
    tracked: state.tracked,
    template: state.template,
    destinationDone: state.destinationDone,
    sourceDone: state.sourceDone,
    probability: state.probability,
    conditions: state.conditions,
    rules: state.rules,
    mayMatch: state.mayMatch,
    recent: state.recent,
    changedSets: state.changedSets,
    sourceNat: state.sourceNat,
    interception: state.interception,
    serviceWritten: state.serviceWritten,
    handled: state.handled,
    resent: state.resent,
    encapsulation: state.encapsulation,
  };
  return Object.assign(copy, part);
}
