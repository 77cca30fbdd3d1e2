/**
 * Takes one branch of a packet through its hooks, forking where chance, conditions, routes or rules that are not understood make
 * it fork. Work is bounded: past the budget a branch is undetermined, so that no ruleset can make it hang.
 */
import type { Evidence } from '../../model/evidence.ts';
import type { MatchedRule, NetfilterEnvironment, OpenRule, TraversalOutcome } from '../../model/netfilter.ts';
import { agree } from './agreement.ts';
import { findConnection, isRedirected, settleDestination, settleSource } from './connection.ts';
import type { HookStages, Stage } from './hooks.ts';
import { append, findLast } from './list.ts';
import { askModule, type AskedWay } from './module.ts';
import { manipulationAt } from './nat/manipulate.ts';
import type { KnownEnds, Recording } from './known-ends.ts';
import { endBranch, notKnown, undetermined } from './outcome.ts';
import { outward, rerouteOf, routeEnd, routeOf, takeRoutes } from './routing-decision.ts';
import { change, hasEntry, MISS, type Effect, type Frame, type WalkState, type Way } from './state.ts';
import { advance, atHook, atRule, changesNothing, enter, nextStage } from './steps.ts';

const MOST_STEPS = 2_000_000;
const MOST_OUTCOMES = 50_000;
/** Tests that nobody can tell double the work each time that their rules end alike; past this many the answer is left open. */
const MOST_UNKNOWN = 400;
/** Chains jump deeper than this in no ruleset that a kernel accepts (nf_tables: 16). */
const DEEPEST_JUMP = 256;

/** A branch under way, or at its end. */
export type Branch = WalkState | TraversalOutcome;

type OpenWay = Extract<Way, { kind: 'open' }>;

export class Walk {
  private readonly stages: HookStages;
  private readonly environment: NetfilterEnvironment;
  /** undefined: every branch is walked to its end, and the rules that it met are noted. */
  private readonly known: KnownEnds | undefined;
  private recording: Recording | undefined;
  private steps = 0;
  private unknowns = 0;

  /** @param known how packets end that were walked before; outcomes have no `rules` then */
  constructor(stages: HookStages, environment: NetfilterEnvironment, known?: KnownEnds) {
    this.stages = stages;
    this.environment = environment;
    this.known = known;
  }

  /** Every end of the branches, in the order of the rules that lead there. */
  explore(start: readonly Branch[]): TraversalOutcome[] {
    const outcomes: TraversalOutcome[] = [];
    const pending = start.toReversed();
    for (let branch = pending.pop(); branch !== undefined; branch = pending.pop()) {
      if ('verdict' in branch) {
        outcomes.push(branch);
        continue;
      }
      this.steps += 1;
      if (this.steps > MOST_STEPS || outcomes.length > MOST_OUTCOMES) {
        outcomes.push(undetermined(branch, notKnown('the rules branch too often to be followed')));
        continue;
      }
      const next = branch.frame === null ? this.stage(branch) : this.rule(branch, branch.frame);
      for (let index = next.length - 1; index >= 0; index -= 1) {
        const one = next[index];
        if (one !== undefined) pending.push(one);
      }
    }
    return outcomes;
  }

  private stage(state: WalkState): readonly Branch[] {
    const stage = this.stages[state.hook][state.stage];
    if (stage === undefined) return this.leaveHook(state);
    switch (stage.kind) {
      case 'chain':
        return [enter(state, stage.chain, 0)];
      case 'conntrack':
        return [this.conntrack(state)];
      case 'nat':
        return this.nat(state, stage, 0);
      case 'module':
        this.recording?.spoil();
        return askModule(stage.entry, state, this.environment).map((asked) => this.goOn(asked));
      case 'missing':
        return [undetermined(state, stage.unknown)];
    }
  }

  /** After a module's function: to the next stage, or out of the machine. */
  private goOn({ state, way }: AskedWay): Branch {
    switch (way.kind) {
      case 'pass':
        return nextStage(state);
      case 'change':
        return way.route === undefined ? nextStage(state) : (routeEnd(state) ?? nextStage(state));
      case 'send':
        return routeEnd(state) ?? (state.encapsulation === undefined ? state : this.tunnelled(state));
      case 'drop':
        return endBranch(state, 'drop', { endedBy: way.endedBy });
      case 'reject':
        return endBranch(state, 'reject', { endedBy: way.endedBy, rejectWith: way.with });
      case 'unknown':
        return undetermined(state, way.unknown);
    }
  }

  /** The outer packet is of a protocol that is not evaluated: it passes only where no rule may look at it. */
  private tunnelled(state: WalkState): TraversalOutcome {
    const stages = [...this.stages.output, ...this.stages.postrouting];
    const looked = stages.some(
      (stage) =>
        stage.kind === 'chain' || stage.kind === 'missing' || (stage.kind === 'nat' && stage.chains.length > 0),
    );
    if (!looked) return endBranch(state, 'forward');
    return undetermined(
      state,
      notKnown('what rules of OUTPUT and POSTROUTING do to the tunnel packet is not evaluated'),
    );
  }

  private conntrack(state: WalkState): Branch {
    const found = findConnection(state);
    return found === undefined
      ? undetermined(state, notKnown('the connection is tracked in a zone to which no rule sends this packet'))
      : nextStage(found);
  }

  /** Source: net/netfilter/nf_nat_core.c nf_nat_inet_fn. */
  private nat(state: WalkState, stage: Extract<Stage, { kind: 'nat' }>, index: number): readonly Branch[] {
    if (!hasEntry(state)) return [nextStage(state)];
    const source = manipulationAt(state.hook) === 'source';
    const settled = source ? state.sourceDone : state.destinationDone;
    const chain = settled ? undefined : stage.chains[index];
    if (chain !== undefined) {
      return ['missing' in chain ? undetermined(state, chain.missing) : enter(state, chain, index)];
    }
    const done = source ? settleSource(state) : settleDestination(state);
    return state.hook === 'output' && isRedirected(done)
      ? this.settled(done, () => this.reroute(done))
      : [nextStage(done)];
  }

  /** The rest of the way of a packet whose destination stands. */
  private settled(state: WalkState, onward: () => readonly Branch[]): readonly Branch[] {
    const found = this.recording === undefined ? this.known?.recall(state, this.environment) : undefined;
    if (found === undefined) return onward();
    if ('ends' in found) {
      this.steps += found.steps;
      return found.ends;
    }
    const before = this.steps;
    this.recording = found;
    const ends = this.explore(onward());
    this.recording = undefined;
    found.end(ends, this.steps - before);
    return ends;
  }

  /** Goes on to the next rule that matches, or may, or leaves a trace. */
  private rule(state: WalkState, frame: Frame): readonly Branch[] {
    const { rules } = frame;
    if (frame.index === 0) this.recording?.enter(rules);
    for (let index = frame.index; ; index += 1) {
      if (index >= rules.count) return this.endOfChain(state, frame);
      this.steps += 1;
      this.recording?.visit(rules, index);
      const ways = rules.ways(index, state, this.environment);
      if (ways === MISS) continue;
      const here = index === frame.index ? frame : atRule(frame, index);
      const [first] = ways;
      return ways.length === 1 && first !== undefined
        ? this.takeWay(first, state, here)
        : ways.flatMap((way) => this.takeWay(way, state, here));
    }
  }

  /** @param entered the packet as it came to the rule */
  private takeWay(way: Way, entered: WalkState, frame: Frame): readonly Branch[] {
    switch (way.kind) {
      case 'pass':
        return [advance(way.state, frame)];
      case 'match':
        return this.apply(way, entered, frame);
      case 'open':
        this.recording?.spoil();
        return way.ways.every((one) => changesNothing(one, way.before))
          ? [advance(this.passed(way, frame), frame)]
          : this.bothWays(way, entered, frame);
    }
  }

  /** A rule that nobody knows to match: the answer stands when it is the same either way; else each case is followed that can be told. */
  private bothWays(way: OpenWay, entered: WalkState, frame: Frame): readonly Branch[] {
    const open = [undetermined(way.before, notKnown(way.reason, [frame.rules.evidence(frame.index)]))];
    this.unknowns += 1;
    if (this.unknowns > MOST_UNKNOWN) return open;
    const apart = (): readonly Branch[] =>
      way.split?.().flatMap((one) => one.ways.flatMap((next) => this.takeWay(next, one.entered, frame))) ?? open;
    const matching = this.explore(way.ways.flatMap((one) => this.takeWay(one, entered, frame)));
    if (matching.every((outcome) => outcome.verdict === 'undetermined')) return apart();
    const passing = this.explore([advance(this.passed(way, frame), frame)]);
    return agree(matching, passing) ? passing : apart();
  }

  /** The packet behind a rule that may have matched it. */
  private passed({ before, reason }: OpenWay, { rules, index }: Frame): WalkState {
    if (this.known !== undefined) return before;
    const open: OpenRule = { rule: rules.rule(index), evidence: rules.evidence(index), reason };
    return change(before, { mayMatch: append(before.mayMatch, open) });
  }

  private apply(
    { state, effect, action }: Extract<Way, { kind: 'match' }>,
    entered: WalkState,
    frame: Frame,
  ): readonly Branch[] {
    const rule = frame.rules.rule(frame.index);
    const evidence = frame.rules.evidence(frame.index);
    const record = (next: WalkState): WalkState => {
      if (this.known !== undefined) return next;
      const changed = next.flow === entered.flow ? {} : { after: next.flow };
      const matched: MatchedRule = { hook: state.hook, base: frame.base.name, rule, evidence, action, ...changed };
      return change(next, { rules: append(state.rules, matched) });
    };
    switch (effect.kind) {
      case 'next':
        return [advance(record(effect.state), frame)];
      case 'accept':
        return effect.states.flatMap((next) => this.endOfStage(record(next), frame));
      case 'drop':
        return [endBranch(record(state), 'drop', { endedBy: evidence })];
      case 'reject':
        return [endBranch(record(state), 'reject', { endedBy: evidence, rejectWith: effect.with })];
      case 'return':
        return this.return(record(state), frame);
      case 'jump':
        return [this.jump(record(state), frame, effect, evidence)];
      case 'unknown':
        return [undetermined(record(state), notKnown(effect.reason, [evidence]))];
    }
  }

  private jump(
    state: WalkState,
    frame: Frame,
    { chain: name, goto }: Extract<Effect, { kind: 'jump' }>,
    evidence: Evidence,
  ): Branch {
    const rules = frame.base.table.chain(name, state);
    const open = (reason: string): Branch => undetermined(state, notKnown(reason, [evidence]));
    if (rules === undefined) return open(`chain ${name} is not in the dump, nor is it a target that is understood`);
    const circle = findLast(frame.path, (one) => one === name) !== undefined;
    if (circle || frame.depth >= DEEPEST_JUMP) return open(`the rules jump in a circle or too deep at chain ${name}`);
    const next: Frame = {
      base: frame.base,
      natIndex: frame.natIndex,
      entered: frame.entered,
      rules,
      index: 0,
      caller: goto ? frame.caller : atRule(frame, frame.index + 1),
      path: append(frame.path, name),
      depth: frame.depth + 1,
    };
    return change(state, { frame: next });
  }

  private endOfChain(state: WalkState, frame: Frame): readonly Branch[] {
    const incomplete = frame.base.table.incomplete();
    return incomplete === undefined ? this.return(state, frame) : [undetermined(state, incomplete)];
  }

  /** Back to the caller; from a base chain, to its policy. */
  private return(state: WalkState, frame: Frame): readonly Branch[] {
    if (frame.caller !== null) return [change(state, { frame: frame.caller })];
    const { policy, evidence } = frame.base;
    if (policy === 'drop') return [endBranch(state, 'drop', { endedBy: evidence })];
    return this.endOfStage(state, frame);
  }

  /** A base chain let the packet pass. */
  private endOfStage(state: WalkState, { base, entered, natIndex }: Frame): readonly Branch[] {
    const { hook, flow } = state;
    const stage = this.stages[hook][state.stage];
    if (stage?.kind === 'nat') return this.nat(change(state, { frame: null }), stage, natIndex + 1);
    if (hook !== 'output' || !base.reroutes) return [nextStage(state)];
    // Source: net/ipv4/netfilter/iptable_mangle.c ipt_mangle_out, net/netfilter/nft_chain_route.c.
    if (entered.mark !== flow.mark || entered.source !== flow.source || entered.destination !== flow.destination)
      return this.reroute(state);
    return state.serviceWritten ? this.rerouteByService(state) : [nextStage(state)];
  }

  /** The type of service is no part of a flow, so that nobody knows whether it was another one before. */
  private rerouteByService(state: WalkState): readonly Branch[] {
    const [route, ...others] = rerouteOf(state.flow, this.environment);
    const [kind, device, gateway] = [state.route?.kind, state.route?.device, state.route?.gateway];
    const same = others.length === 0 && route?.kind === kind && route?.device === device && route?.gateway === gateway;
    if (same) return [nextStage(state)];
    return [
      undetermined(state, notKnown('whether a rule changed the type of service, and so the route, is not known')),
    ];
  }

  /** The hook goes on with the device that it began with (struct nf_hook_state): `-o` sees the new one from POSTROUTING on. */
  private reroute(state: WalkState): readonly Branch[] {
    const routes = takeRoutes(state, rerouteOf(state.flow, this.environment));
    return routes.map((next) => routeEnd(next) ?? nextStage(next));
  }

  /** A packet from the wire goes to this machine, or on. */
  private routed(state: WalkState): readonly Branch[] {
    return takeRoutes(state, routeOf(state.flow, 'wire', this.environment)).map((next) => {
      if (next.route?.kind === 'local') return atHook(next, 'input');
      return routeEnd(next) ?? atHook(outward(next), 'forward');
    });
  }

  private leaveHook(state: WalkState): readonly Branch[] {
    switch (state.hook) {
      case 'prerouting':
        // A packet that comes back through the loopback device keeps the route it had (ip_rcv_finish: skb_valid_dst).
        if (state.looped) return [atHook(state, 'input')];
        return this.settled(state, () => this.routed(state));
      case 'input':
        return [endBranch(state, 'local')];
      case 'forward':
      case 'output':
        return [atHook(outward(arrivedBy(state)), 'postrouting')];
      case 'postrouting':
        if (state.route?.kind !== 'local') return [endBranch(state, 'forward')];
        return [atHook(change(state, { looped: true, inDevice: 'lo', outDevice: null }), 'prerouting')];
    }
  }
}

/** Source: net/ipv4/ip_output.c ip_output, which takes the device from the packet: output itself had none. */
function arrivedBy(state: WalkState): WalkState {
  return state.resent === undefined ? state : change(state, { inDevice: state.resent.inDevice });
}
