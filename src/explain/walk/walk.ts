import type { Question } from '../../model/question.ts';
import type { Trace, Visit } from '../../model/trace.ts';
import { formatEndpoint } from '../../model/address.ts';
import { ownerName } from '../sentences/names.ts';
import type { World } from '../world/world.ts';
import { podDevice } from '../world/attachment.ts';
import { moveBridge } from './bridge.ts';
import { moveClient } from './client.ts';
import { finishBranches, type Finished } from './finish.ts';
import { underPolicies } from './policies.ts';
import { moveProxy } from './proxy.ts';
import { moveSocket } from './socket.ts';
import { arriving, end, type End, type WalkState } from './state.ts';
import { moveThrough, type Moved } from './through.ts';
import { moveWire } from './wire.ts';

/** Places that one walk may visit: a bound on the work that hostile or looping input can cause. */
const MOVE_LIMIT = 50_000;

/** Proxies that one request may pass; no mesh sends a request through as many on purpose. */
const PROXY_LIMIT = 32;

/** Walks the question to every end. Pure: the same world and question give the same trace. */
export function walk(world: World, question: Question): Trace {
  const visits: Visit[] = [];
  const ends: Finished[] = [];
  const pending: WalkState[] = [start(question)];
  for (let moved = 0; pending.length > 0; moved++) {
    const state = pending.pop();
    if (state === undefined) break;
    const { moves, visits: met } =
      moved < MOVE_LIMIT ? guarded(world, question, state) : givenUp(state, `${MOVE_LIMIT} places`);
    visits.push(...met);
    for (const move of moves) if (move.kind === 'end') ends.push(move);
    // The stack takes the branches backwards, so that they come out in the order of the decision.
    for (const move of moves.toReversed()) if (move.kind === 'on') pending.push(move.state);
  }
  return { question, visits, branches: finishBranches(ends) };
}

function start(question: Question): WalkState {
  return {
    probability: 1,
    conditions: [],
    place: { kind: 'client' },
    flow: null,
    request: question.request,
    hops: [],
    proxies: [],
    passages: [],
    met: [],
  };
}

/** Moves the state on, unless it stands where this very request stood before, in this connection or in one before it. */
function guarded(world: World, question: Question, state: WalkState): Moved {
  const key = placeKey(state);
  const here = { key, connection: state.proxies.length };
  const before = state.met.find((one) => one.key === key);
  if (before !== undefined) {
    const back = `comes back to ${placeText(state)} as it was before and runs in a circle`;
    // Each proxy makes a connection of its own, so that no TTL ends what runs through one.
    const how: End =
      before.connection === here.connection
        ? { disposition: 'loop', detail: 'ttl-exceeded', reason: `The packet ${back} until its TTL ends.` }
        : { disposition: 'loop', reason: `The request ${back}, by a new connection each time, until ports run out.` };
    return { moves: [end(state, how)], visits: [] };
  }
  if (state.proxies.length > PROXY_LIMIT) return givenUp(state, `${PROXY_LIMIT} proxies`);
  return moveOn(world, question, { ...state, met: [...state.met, here] });
}

function moveOn(world: World, question: Question, state: WalkState): Moved {
  const { place } = state;
  switch (place.kind) {
    case 'client':
      return moveClient(world, question, state);
    case 'process':
      return moveThrough(world, state, place.owner, 'process');
    case 'node':
      return moveThrough(
        world,
        arrivedBy(state, place.device),
        { kind: 'node', cluster: place.cluster, node: place.node },
        'wire',
      );
    case 'pod':
      return enterPod(world, state, place);
    case 'wire':
      return moveWire(world, state, place);
    case 'bridge':
      return moveBridge(world, state, place);
    case 'socket':
      return moveSocket(world, state, place.owner);
    case 'proxy':
      return moveProxy(world, state, { kind: 'pod', cluster: place.cluster, pod: place.pod });
  }
}

/** A packet arrives at a pod: policies first, as network plugins apply them at the pod's interface, then its own hooks. */
function enterPod(world: World, state: WalkState, place: WalkState['place'] & { readonly kind: 'pod' }): Moved {
  const owner = { kind: 'pod' as const, cluster: place.cluster, pod: place.pod };
  const policies = underPolicies(world, state, place.cluster, place.pod);
  if (policies.end !== null) return { moves: [end(state, policies.end)], visits: policies.visits };
  const moved = moveThrough(world, arrivedBy(state, podDevice(world, owner)), owner, 'wire');
  return { moves: moved.moves, visits: [...policies.visits, ...moved.visits] };
}

function arrivedBy(state: WalkState, device: string | undefined): WalkState {
  return state.flow === null ? state : { ...state, flow: arriving(state.flow, device) };
}

function placeKey(state: WalkState): string {
  const { flow } = state;
  const at = placeText(state);
  if (flow === null) return at;
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const { originalDestination, originalDestinationPort } = flow.tracking;
  const meant = formatEndpoint(originalDestination, originalDestinationPort);
  return `${state.place.kind}|${at}|${flow.source}>${to}|${meant}|${flow.mark}|${flow.uid ?? ''}|${JSON.stringify(state.request)}`;
}

function placeText({ place }: WalkState): string {
  switch (place.kind) {
    case 'client':
      return 'the client';
    case 'process':
    case 'socket':
      return ownerName(place.owner);
    case 'pod':
    case 'proxy':
      return `${place.pod.namespace}/${place.pod.name}`;
    case 'wire':
      return `the wire from ${place.fromNode} to ${place.to}`;
    case 'node':
    case 'bridge':
      return place.node;
  }
}

function givenUp(state: WalkState, after: string): Moved {
  const reason = `The walk was given up after ${after}; what follows was not looked at.`;
  return {
    moves: [end(state, { disposition: 'undetermined', reason, unknown: { reason, evidence: [] } })],
    visits: [],
  };
}
