import type { Address } from '../../model/address.ts';
import type { Unknown } from '../../model/branching.ts';
import type { NetnsFacts } from '../../model/facts.ts';
import { replyFlow, type Flow } from '../../model/flow.ts';
import type { NetfilterEnvironment, TraversalEnd, TraversalOutcome } from '../../model/netfilter.ts';
import type { RouteDecision } from '../../model/routing.ts';
import type { Owner } from '../../model/trace.ts';
import { evaluateEnds, evaluateTraversal } from '../../evaluate/netfilter/evaluate-traversal.ts';
import type { KnownEnds } from '../../evaluate/netfilter/known-ends.ts';
import { evaluateRoute } from '../../evaluate/routing/evaluate-route.ts';
import { blindSpot } from './blind-spots.ts';
import { rulesetsOf } from './rulesets.ts';
import type { World } from './world.ts';

/**
 * Takes a packet through the hooks of a network namespace by its own rules and routes.
 * @returns null when its rules or routes were not captured
 */
export function traverse(
  world: World,
  owner: Owner,
  flow: Flow,
  from: 'wire' | 'process',
): readonly TraversalOutcome[] | null {
  return asked(world, owner, flow, (rulesets, environment) => evaluateTraversal(rulesets, flow, from, environment));
}

/**
 * The same without the rules on the way, for somebody who asks about many packets.
 * @param known what earlier packets of this owner told
 */
export function traverseEnds(
  world: World,
  owner: Owner,
  flow: Flow,
  from: 'wire' | 'process',
  known: KnownEnds,
): readonly TraversalEnd[] | null {
  return asked(world, owner, flow, (rulesets, environment) => evaluateEnds(rulesets, flow, from, environment, known));
}

/** Asks a namespace whose rules and routes were captured, unless more than these decides; null where they were not. */
function asked<T extends TraversalEnd>(
  world: World,
  owner: Owner,
  flow: Flow,
  evaluate: (rulesets: NonNullable<ReturnType<typeof rulesetsOf>>, environment: NetfilterEnvironment) => readonly T[],
): readonly (T | TraversalOutcome)[] | null {
  const netns = netnsOf(world, owner);
  const rulesets = rulesetsOf(netns, flow.family);
  if (rulesets === null || netns.routes(flow.family).value === undefined) return null;
  const unknown = blindSpot(world, owner, flow);
  if (unknown !== null) return [undeterminedOutcome(flow, unknown)];
  return evaluate(rulesets, world.environment(netns, flow.family));
}

/**
 * Takes the first answer back through a namespace that the request passed.
 * @param sent the request as it left the namespace, with what its tracker knows
 * @param device the device by which it left, and by which the answer comes in
 * @returns null when its rules or routes were not captured
 */
export function traverseReply(
  world: World,
  owner: Owner,
  sent: Flow,
  device: string | null,
): readonly TraversalOutcome[] | null {
  const answer: Flow = { ...replyFlow(sent), inInterface: device ?? undefined };
  return traverse(world, owner, answer, 'wire');
}

/**
 * Takes the first answer of a process out of its namespace.
 * @param received the request as it reached the process's socket, with what the namespace's tracker knows
 * @returns null when its rules or routes were not captured
 */
export function traverseAnswer(world: World, owner: Owner, received: Flow): readonly TraversalOutcome[] | null {
  return traverse(world, owner, { ...replyFlow(received), inInterface: null }, 'process');
}

/**
 * Where the namespace would send a packet of its own to an address; `[]` when its routes were not captured.
 * @param source its source address; null: none chosen yet
 */
export function routeTo(
  world: World,
  owner: Owner,
  ip: string,
  source: string | null = null,
): readonly RouteDecision[] {
  const netns = netnsOf(world, owner);
  const family = ip.includes(':') ? 6 : 4;
  if (netns.routes(family).value === undefined) return [];
  return evaluateRoute(world.routing(netns, family), { destination: ip, source, mark: 0, inInterface: null });
}

/** The device by which a packet from `ip` comes in, judged by the route back to it; undefined: not known. */
export function deviceTowards(world: World, owner: Owner, ip: string | undefined): string | undefined {
  if (ip === undefined) return undefined;
  const [route, other] = routeTo(world, owner, ip);
  return other === undefined && route?.kind === 'forward' ? (route.device ?? undefined) : undefined;
}

/**
 * The address that a process sends from: as the routes pick it, else the owner's first address of the family.
 * @returns null when the owner has none
 */
export function localSource(world: World, owner: Owner, to: Address): string | null {
  return sourceBy(world, owner, to, routeTo(world, owner, to.text));
}

/** As `localSource`, for somebody who asks about many destinations: those that routes treat alike are looked up once. */
export function localSources(world: World, owner: Owner): (to: Address) => string | null {
  const known = new Map<string, string | null>();
  const netns = netnsOf(world, owner);
  return (to) => {
    if (netns.routes(to.family).value === undefined) return localSource(world, owner, to);
    const alike = world.environment(netns, to.family).destinationClass?.(to.text);
    const before = alike === undefined ? undefined : known.get(alike);
    if (before !== undefined) return before;
    const routes = routeTo(world, owner, to.text);
    const source = sourceBy(world, owner, to, routes);
    // What is sent to an address of the machine comes from that address itself.
    if (alike !== undefined && routes.every(({ kind }) => kind === 'forward')) known.set(alike, source);
    return source;
  };
}

function sourceBy(world: World, owner: Owner, to: Address, routes: readonly RouteDecision[]): string | null {
  const chosen = routes.find((route) => route.preferredSource !== null)?.preferredSource;
  if (chosen !== null && chosen !== undefined) return chosen;
  const own =
    owner.kind === 'pod'
      ? owner.pod.ips
      : (world.cluster(owner.cluster).nodeNamed(owner.node)?.addresses ?? []).map((one) => one.address);
  return own.find((ip) => ip.includes(':') === (to.family === 6)) ?? null;
}

function netnsOf(world: World, owner: Owner): NetnsFacts {
  return world.cluster(owner.cluster).netns(owner);
}

function undeterminedOutcome(flow: Flow, unknown: Unknown): TraversalOutcome {
  return { probability: 1, conditions: [], verdict: 'undetermined', flow, rules: [], route: null, unknown };
}
