/**
 * What a network namespace's iptables rules do to one packet. In: its rulesets, the packet, where it comes from, and answers to
 * what rules may ask of the namespace. Out: every way it may end, with the rules that it met. It must not read, print or keep
 * anything, and must not guess: what a rule asks and nobody knows makes an outcome undetermined where it depends on it.
 */
import type { Family } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { IptablesRuleset, NetfilterEnvironment, TraversalOutcome } from '../../model/netfilter.ts';
import { agree } from './agreement.ts';
import { contestedTables, stagesOf, type HookStages, type TableOrder } from './hooks.ts';
import { notKnown, undetermined } from './outcome.ts';
import { routeOf, takeRoutes } from './routing-decision.ts';
import type { WalkState } from './state.ts';
import { outward, routeEnd, Walk } from './walk.ts';

const MOST_ORDERS = 64;

/**
 * Follows a packet from the wire (PREROUTING, routing, INPUT or FORWARD and POSTROUTING) or from a process (routing, OUTPUT,
 * POSTROUTING, and in again through the loopback device when it is for this namespace), as the kernel runs the hooks.
 *
 * `flow.tracking` is what this namespace's conntrack knows: a NEW connection meets the nat table, any other is translated as its
 * addresses say; see `replyFlow` for the way back. Probabilities of the outcomes add up to 1 for every choice of conditions.
 * Two rulesets (nf_tables and legacy) run in an order that no dump tells: where it matters, the outcome is undetermined.
 */
export function evaluateTraversal(
  rulesets: readonly IptablesRuleset[],
  flow: Flow,
  from: 'wire' | 'process',
  environment: NetfilterEnvironment,
): readonly TraversalOutcome[] {
  const start = startState(flow, from);
  const plans = plansOf(rulesets, flow.family);
  if (plans.length > MOST_ORDERS) {
    return [undetermined(start, notKnown('too many rulesets hold rules for one table to try every order'))];
  }
  const [first, ...others] = plans.map((stages) => traverse(stages, start, from, environment));
  const answer = first ?? [];
  if (others.every((other) => agree(answer, other))) return answer;
  const names = rulesets.filter((ruleset) => ruleset.family === flow.family).map((ruleset) => ruleset.artefact);
  const reason = `the answer depends on the order in which ${names.join(' and ')} were registered, which is not known`;
  return [undetermined(start, notKnown(reason))];
}

function traverse(
  stages: HookStages,
  start: WalkState,
  from: 'wire' | 'process',
  environment: NetfilterEnvironment,
): readonly TraversalOutcome[] {
  const walk = new Walk(stages, environment);
  if (from === 'wire') return walk.explore([start]);
  const routes = takeRoutes(start, routeOf(start.flow, from, environment));
  return walk.explore(routes.map((state) => routeEnd(state) ?? outward(state)));
}

type Plans = readonly HookStages[];

/** The order of hooks is the same for every packet, and rulesets do not change. */
const remembered = new WeakMap<readonly IptablesRuleset[], Map<Family, Plans>>();

/** What packets of a family meet at each hook: one plan for each order that rulesets may be registered in. */
function plansOf(rulesets: readonly IptablesRuleset[], family: Family): Plans {
  const byFamily = remembered.get(rulesets) ?? new Map<Family, Plans>();
  remembered.set(rulesets, byFamily);
  const known = byFamily.get(family);
  if (known !== undefined) return known;
  const mine = rulesets.filter((ruleset) => ruleset.family === family);
  const plans = tableOrders(mine).map((order) => stagesOf(mine, order));
  byFamily.set(family, plans);
  return plans;
}

function startState(flow: Flow, from: 'wire' | 'process'): WalkState {
  const fresh = flow.tracking.state === 'NEW' || flow.tracking.state === 'RELATED';
  const sent: Flow = from === 'process' ? { ...flow, inInterface: null } : flow;
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
    sourceNat: undefined,
    interception: undefined,
  };
}

/** Every order of rulesets, table by table; one when no table has rules in two of them. */
function tableOrders(rulesets: readonly IptablesRuleset[]): TableOrder[] {
  let orders: TableOrder[] = [{}];
  for (const table of contestedTables(rulesets)) {
    const ways = permutations(rulesets);
    orders = orders.flatMap((order) => ways.map((way) => ({ ...order, [table]: way }) satisfies TableOrder));
    if (orders.length > MOST_ORDERS) return orders;
  }
  return orders;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length > 4) return Array.from({ length: MOST_ORDERS + 1 }, () => [...items]);
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
