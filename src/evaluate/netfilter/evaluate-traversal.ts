/**
 * What a network namespace's rules, of iptables and nftables, and modules beside them do to one packet. In: what hangs on its hooks, the
 * packet, where it comes from, and answers to what rules may ask of the namespace. Out: every way it may end, with the rules that it met. It must not read, print or keep
 * anything, and must not guess: what a rule asks and nobody knows makes an outcome undetermined where it depends on it.
 */
import type { Family } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type {
  HookModule,
  NetfilterEnvironment,
  Ruleset,
  TraversalEnd,
  TraversalOutcome,
} from '../../model/netfilter.ts';
import { agree } from './agreement.ts';
import { changeFlow } from './flow-change.ts';
import { isModule, isNft, mayTrack, placeAll, stagesOf, type HookStages } from './hooks.ts';
import type { KnownEnds } from './known-ends.ts';
import { registrationOrders } from './orders.ts';
import { notKnown, undetermined } from './outcome.ts';
import { outward, routeEnd, routeOf, takeRoutes } from './routing-decision.ts';
import type { WalkState } from './state.ts';
import { Walk } from './walk.ts';

const MOST_ORDERS = 64;

/**
 * Follows a packet from the wire (PREROUTING, routing, INPUT or FORWARD and POSTROUTING) or from a process (routing, OUTPUT,
 * POSTROUTING, and in again through the loopback device when it is for this namespace), as the kernel runs the hooks.
 *
 * `flow.tracking` is what this namespace's conntrack knows: a NEW connection meets the nat table, any other is translated as its
 * addresses say; see `replyFlow` for the way back. Probabilities of the outcomes add up to 1 for every choice of conditions.
 * Chains of equal priority run in the order of their registration, which no dump tells: where it matters, the outcome is
 * undetermined. Chains of type nat are consulted where connections are tracked; where no rule has them tracked, something else may, and an
 * answer that depends on it is undetermined. Of nftables, the families ip, ip6 and inet are evaluated; chains of bridges and devices are the caller's to see.
 */
export function evaluateTraversal(
  hooked: readonly (Ruleset | HookModule)[],
  flow: Flow,
  from: 'wire' | 'process',
  environment: NetfilterEnvironment,
): readonly TraversalOutcome[] {
  const start = startState(flow, from);
  const { plans, open } = plansOf(hooked, flow.family, from);
  if (plans === undefined) {
    return [undetermined(start, notKnown('too many chains of equal priority hold rules to try every order'))];
  }
  const [first, ...others] = plans.map((stages) => traverse(stages, start, from, environment));
  const answer = first ?? [];
  if (others.every((other) => agree(answer, other))) return answer;
  const mine = hooked.filter((one) => isModule(one) || isNft(one) || one.family === flow.family);
  const names = [...new Set(mine.map((ruleset) => ruleset.artefact))].join(' and ');
  const reason =
    open === 'order'
      ? `the answer depends on the order in which chains of ${names} were registered, which is not known`
      : `the answer depends on chains of type nat, which are consulted where connections are tracked, and no rule of ${names} has them tracked`;
  return [undetermined(start, notKnown(reason))];
}

/**
 * The same without the rules that were met, for anybody who asks about thousands of packets and only how they end.
 * @param known what earlier packets told, in this environment and with these rules
 */
export function evaluateEnds(
  hooked: readonly (Ruleset | HookModule)[],
  flow: Flow,
  from: 'wire' | 'process',
  environment: NetfilterEnvironment,
  known: KnownEnds,
): readonly TraversalEnd[] {
  const [stages, other] = plansOf(hooked, flow.family, from).plans ?? [];
  if (stages === undefined || other !== undefined) return evaluateTraversal(hooked, flow, from, environment);
  return traverse(stages, startState(flow, from), from, environment, known);
}

function traverse(
  stages: HookStages,
  start: WalkState,
  from: 'wire' | 'process',
  environment: NetfilterEnvironment,
  known?: KnownEnds,
): readonly TraversalOutcome[] {
  const walk = new Walk(stages, environment, known);
  if (from === 'wire') return walk.explore([start]);
  const routes = takeRoutes(start, routeOf(start.flow, from, environment));
  return walk.explore(routes.map((state) => routeEnd(state) ?? outward(state)));
}

interface Plans {
  /** The most likely one first; undefined: too many. */
  readonly plans: readonly HookStages[] | undefined;
  /** What is not known where there are several. */
  readonly open: 'order' | 'tracking';
}

/** The order of hooks is the same for every packet, and rulesets do not change. */
const remembered = new WeakMap<readonly (Ruleset | HookModule)[], Map<string, Plans>>();

/** What packets of a family meet at each hook: a plan for each order that chains may be registered in, and for what else is open. */
function plansOf(rulesets: readonly (Ruleset | HookModule)[], family: Family, from: 'wire' | 'process'): Plans {
  const made = remembered.get(rulesets) ?? new Map<string, Plans>();
  remembered.set(rulesets, made);
  const key = `${family} ${from}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const placed = placeAll(rulesets, family);
  const orders = registrationOrders(placed, from, MOST_ORDERS);
  const untracked = mayTrack(rulesets, placed) ? [] : (orders ?? []).map((one) => one.filter(({ nat }) => !nat));
  const plans: Plans = {
    plans: orders && [...untracked, ...orders].map(stagesOf),
    open: untracked.length > 0 ? 'tracking' : 'order',
  };
  made.set(key, plans);
  return plans;
}

function startState(flow: Flow, from: 'wire' | 'process'): WalkState {
  const fresh = flow.tracking.state === 'NEW' || flow.tracking.state === 'RELATED';
  // Copied in any case: outcomes are compared by what they hold, in the order in which they hold it.
  const sent = changeFlow(flow, from === 'process' ? { inInterface: null } : {});
  return {
    flow: sent,
    hook: from === 'wire' ? 'prerouting' : 'output',
    stage: 0,
    frame: null,
    inDevice: from === 'wire' ? flow.inInterface : null,
    outDevice: null,
    route: null,
    looped: false,
    tracked: false,
    template: 'none',
    destinationDone: !fresh,
    sourceDone: !fresh,
    probability: 1,
    conditions: null,
    rules: null,
    recent: null,
    changedSets: null,
    mayMatch: null,
    sourceNat: undefined,
    interception: undefined,
    serviceWritten: false,
    handled: false,
    resent: undefined,
    encapsulation: undefined,
  };
}
