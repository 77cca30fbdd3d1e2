/**
 * Remembers how packets end that leave the translation of their destination alike. A Service leads to many endpoints, and what comes
 * after its own rules (the routing decision, FORWARD, POSTROUTING) treats most of them the same: it is walked once for all of them.
 *
 * Two packets are alike when they agree in everything but the address they go to and the one first asked for, when routes tell no
 * difference between the two addresses (`destinationClass`), and when every test of a rule that looked at the destination gives the
 * same answer for both. A walk that met anything else that may look there is not remembered, nor is one with chance, conditions or
 * something unknown in it.
 */
import { contains, parseAddress } from '../../model/address.ts';
import type { Flow, Tracking } from '../../model/flow.ts';
import type { NumberRange, PrefixTest } from '../../model/iptables-rule.ts';
import type { NetfilterEnvironment, TraversalOutcome } from '../../model/netfilter.ts';
import { changeFlow, changeTracking } from './flow-change.ts';
import { toArray } from './list.ts';
import type { ChainRules, WalkState } from './state.ts';

/** Different walks that are kept for packets alike in all but the tests of their destination; more are walked each time. */
const MOST_WALKS = 64;

/** What the rules of one walk asked of the destination, and how it ended. */
interface KnownWalk {
  readonly tests: readonly (readonly [test: PrefixTest, holds: boolean])[];
  readonly chains: readonly ChainRules[];
  readonly ends: readonly TraversalOutcome[];
  readonly steps: number;
}

/** Packets that are alike in everything but the tests of their destination. */
interface Kind {
  /** The first one that was met. */
  readonly like: WalkState;
  /** null: packets of this kind are walked each time. */
  walks: KnownWalk[] | null;
}

/** How packets of one network namespace end, for any number of Services. */
export class KnownEnds {
  /** By what routes tell of the destination, and by its port. */
  private readonly kinds = new Map<string, Map<number, Kind[]>>();

  /** What is known of a packet whose destination is settled; a recording where it is still to be found out. */
  recall(state: WalkState, environment: NetfilterEnvironment): KnownEnding | Recording | undefined {
    const kind = this.kindOf(state, environment);
    if (kind === undefined || kind.walks === null) return undefined;
    const walk = kind.walks.find((one) => holdsFor(one, state.flow.destination));
    if (walk !== undefined) return { ends: walk.ends.map((end) => endOf(end, state)), steps: walk.steps };
    return new Recording(state, (made) => {
      if (made === undefined || kind.walks === null || kind.walks.length >= MOST_WALKS) kind.walks = null;
      else kind.walks.push(made);
    });
  }

  /** @returns undefined for a packet of which more counts than its kind tells */
  private kindOf(state: WalkState, environment: NetfilterEnvironment): Kind | undefined {
    if (!isPlain(state)) return undefined;
    const towards = environment.destinationClass?.(state.flow.destination);
    if (towards === undefined) return undefined;
    const byPort = this.kinds.get(towards) ?? new Map<number, Kind[]>();
    const { destinationPort } = state.flow;
    const kinds = byPort.get(destinationPort) ?? [];
    if (kinds.length === 0) this.kinds.set(towards, byPort.set(destinationPort, kinds));
    const known = kinds.find(({ like }) => isAlike(like, state));
    if (known !== undefined) return known;
    const made: Kind = { like: state, walks: [] };
    kinds.push(made);
    return made;
  }
}

export interface KnownEnding {
  readonly ends: readonly TraversalOutcome[];
  /** How many steps the walk took. */
  readonly steps: number;
}

/** Watches one walk for what it asks of the destination. */
export class Recording {
  private readonly state: WalkState;
  private readonly keep: (made: KnownWalk | undefined) => void;
  private readonly tests: (readonly [PrefixTest, boolean])[] = [];
  private readonly chains: ChainRules[] = [];
  private spoilt = false;

  constructor(state: WalkState, keep: (made: KnownWalk | undefined) => void) {
    this.state = state;
    this.keep = keep;
  }

  /** The walk met something whose answer may differ for another destination. */
  spoil(): void {
    this.spoilt = true;
  }

  enter(rules: ChainRules): void {
    if (rules.meetsAlike === undefined) this.spoil();
    else this.chains.push(rules);
  }

  visit(rules: ChainRules, index: number): void {
    if (this.spoilt) return;
    const asked = rules.destinationTests?.(index);
    if (asked === undefined) this.spoil();
    else for (const test of asked) this.tests.push([test, holds(test, this.state.flow.destination)]);
  }

  /** The walk is over. */
  end(ends: readonly TraversalOutcome[], steps: number): void {
    const steady = !this.spoilt && ends.every((one) => isSteady(one, this.state));
    this.keep(steady ? { tests: this.tests, chains: this.chains, ends, steps } : undefined);
  }
}

function holdsFor({ tests, chains }: KnownWalk, destination: string): boolean {
  return (
    tests.every(([test, answer]) => holds(test, destination) === answer) &&
    chains.every((rules) => rules.meetsAlike?.(destination) === true)
  );
}

function holds({ prefix, negated }: PrefixTest, destination: string): boolean {
  const address = parseAddress(destination);
  return address !== undefined && contains(prefix, address) !== negated;
}

/** Nothing but the packet's kind decided: neither chance nor a condition, and every route and rule on the way was known. */
function isSteady(end: TraversalOutcome, state: WalkState): boolean {
  const { verdict, route, flow, probability, conditions } = end;
  const routed = route?.kind === 'forward' || route?.kind === 'local';
  return (
    routed &&
    verdict !== 'undetermined' &&
    verdict !== 'unroutable' &&
    probability === state.probability &&
    conditions.length === toArray(state.conditions).length &&
    flow.destination === state.flow.destination &&
    flow.tracking.replySource === state.flow.tracking.replySource
  );
}

/** The end of a walk as it is for another packet of the same kind; `rules` are left out. */
function endOf(end: TraversalOutcome, { flow: sent, probability, conditions }: WalkState): TraversalOutcome {
  const { originalDestination, originalDestinationPort, replySource, replySourcePort } = sent.tracking;
  const addresses = { originalDestination, originalDestinationPort, replySource, replySourcePort };
  const tracking = changeTracking(end.flow.tracking, addresses);
  const flow = changeFlow(end.flow, { destination: sent.destination, tracking });
  return { ...end, flow, probability, conditions: toArray(conditions) };
}

/** Whether nothing was done to a packet that `isAlike` does not look at. */
function isPlain({
  flow,
  recent,
  changedSets,
  interception,
  encapsulation,
  resent,
  looped,
  handled,
}: WalkState): boolean {
  const plain = recent === null && changedSets === null && !looped && !handled;
  const untouched = interception === undefined && encapsulation === undefined && resent === undefined;
  return plain && untouched && flow.tracking.ipvs === undefined && flow.tracking.translatedPorts === undefined;
}

/** Whether two plain packets agree in everything that the rest of the way may look at but the destination's own address and the one first asked for. */
function isAlike(one: WalkState, other: WalkState): boolean {
  return (
    one.hook === other.hook &&
    one.stage === other.stage &&
    one.inDevice === other.inDevice &&
    one.outDevice === other.outDevice &&
    one.tracked === other.tracked &&
    one.template === other.template &&
    one.destinationDone === other.destinationDone &&
    one.sourceDone === other.sourceDone &&
    one.sourceNat?.kind === other.sourceNat?.kind &&
    one.sourceNat?.address === other.sourceNat?.address &&
    isSamePacket(one.flow, other.flow) &&
    isTrackedAlike(one.flow.tracking, other.flow.tracking)
  );
}

function isSamePacket(one: Flow, other: Flow): boolean {
  return (
    one.protocol === other.protocol &&
    one.source === other.source &&
    one.sourcePort === other.sourcePort &&
    one.destinationPort === other.destinationPort &&
    isSameRange(one.unknownPort, other.unknownPort) &&
    one.inInterface === other.inInterface &&
    one.mark === other.mark &&
    one.uid === other.uid &&
    one.gid === other.gid
  );
}

function isTrackedAlike(one: Tracking, other: Tracking): boolean {
  return (
    one.state === other.state &&
    one.direction === other.direction &&
    one.dnat === other.dnat &&
    one.snat === other.snat &&
    one.originalSource === other.originalSource &&
    one.originalSourcePort === other.originalSourcePort &&
    one.replyDestination === other.replyDestination &&
    one.replyDestinationPort === other.replyDestinationPort &&
    isSameRange(one.originalPorts, other.originalPorts) &&
    one.mark === other.mark &&
    one.zoned === other.zoned
  );
}

function isSameRange(one: NumberRange | undefined, other: NumberRange | undefined): boolean {
  return one?.from === other?.from && one?.to === other?.to;
}
