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
import type { PrefixTest } from '../../model/iptables-rule.ts';
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

/** How packets of one network namespace end, for any number of Services. */
export class KnownEnds {
  /** null: packets of this kind are walked each time. */
  private readonly walks = new Map<string, KnownWalk[] | null>();

  /** What is known of a packet whose destination is settled; a recording where it is still to be found out. */
  recall(state: WalkState, environment: NetfilterEnvironment): KnownEnding | Recording | undefined {
    const key = kindOf(state, environment);
    if (key === undefined) return undefined;
    const known = this.walks.get(key);
    if (known === null) return undefined;
    const walk = known?.find((one) => holdsFor(one, state.flow.destination));
    if (walk !== undefined) return { ends: walk.ends.map((end) => endOf(end, state)), steps: walk.steps };
    return new Recording(state, (made) => {
      const before = this.walks.get(key) ?? [];
      this.walks.set(key, made === undefined || before.length >= MOST_WALKS ? null : [...before, made]);
    });
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

/**
 * Everything that the rest of the way may look at but the destination's own address and the one first asked for.
 * @returns undefined for a packet of which more than that counts
 */
function kindOf(state: WalkState, environment: NetfilterEnvironment): string | undefined {
  const { flow, recent, changedSets, interception, encapsulation, resent, looped, handled } = state;
  const { tracking, unknownPort } = flow;
  const { ipvs, translatedPorts } = tracking;
  const plain = recent === null && changedSets === null && !looped && !handled;
  const untouched = interception === undefined && encapsulation === undefined && resent === undefined;
  if (!plain || !untouched || ipvs !== undefined || translatedPorts !== undefined) return undefined;
  const towards = environment.destinationClass?.(flow.destination);
  if (towards === undefined) return undefined;
  const ports = unknownPort === undefined ? '' : `${unknownPort.from}-${unknownPort.to}`;
  const nat = state.sourceNat === undefined ? '' : `${state.sourceNat.kind} ${state.sourceNat.address}`;
  return [
    towards,
    `${state.hook} ${state.stage} ${state.inDevice} ${state.outDevice} ${state.tracked} ${state.template}`,
    `${state.destinationDone} ${state.sourceDone} ${nat}`,
    `${flow.protocol} ${flow.source} ${flow.sourcePort} ${flow.destinationPort} ${ports} ${flow.inInterface}`,
    `${flow.mark} ${flow.uid} ${flow.gid} ${tracking.state} ${tracking.direction} ${tracking.dnat} ${tracking.snat}`,
    `${tracking.originalSource} ${tracking.originalSourcePort} ${tracking.replyDestination}`,
    `${tracking.replyDestinationPort} ${tracking.mark} ${tracking.zoned}`,
  ].join('|');
}
