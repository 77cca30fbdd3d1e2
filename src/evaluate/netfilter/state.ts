import type { Condition } from '../../model/branching.ts';
import type { Flow } from '../../model/flow.ts';
import type {
  Hook,
  IptablesRule,
  IptablesRuleset,
  IptablesTable,
  MatchedRule,
  NetfilterEnvironment,
  TraversalOutcome,
} from '../../model/netfilter.ts';
import type { RouteDecision } from '../../model/routing.ts';
import type { BaseChain } from './hooks.ts';
import type { List } from './list.ts';

/** Where a branch stands inside a chain, and where it returns to. */
export interface Frame {
  readonly base: BaseChain;
  /** Which of the nat hook's chains this is. */
  readonly natIndex: number;
  /** The packet as it came to the base chain. */
  readonly entered: Flow;
  /** Rules that may match the packet, in order. */
  readonly rules: readonly IptablesRule[];
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
  readonly recent: List<RecentEntry> | null;
  /** Sets that a SET target changed on the way. */
  readonly changedSets: List<string> | null;
  readonly sourceNat: TraversalOutcome['sourceNat'];
  readonly interception: TraversalOutcome['interception'];
}

/** What a test or a target may look at. */
export interface RuleContext {
  readonly state: WalkState;
  readonly rule: IptablesRule;
  readonly ruleset: IptablesRuleset;
  readonly table: IptablesTable;
  readonly environment: NetfilterEnvironment;
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
    recent: state.recent,
    changedSets: state.changedSets,
    sourceNat: state.sourceNat,
    interception: state.interception,
  };
  return Object.assign(copy, part);
}
