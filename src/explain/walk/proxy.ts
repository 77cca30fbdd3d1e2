import { parseAddress } from '../../model/address.ts';
import type { EnvoyConnection, EnvoyOutcome, EnvoyUpstream } from '../../model/envoy.ts';
import type { Unknown } from '../../model/branching.ts';
import type { Step } from '../../model/explanation.ts';
import { newFlow, type Flow } from '../../model/flow.ts';
import type { Owner, ProxyVisit } from '../../model/trace.ts';
import { evaluateEnvoy } from '../../evaluate/proxies/envoy/evaluate-envoy.ts';
import { envoySteps, envoyEndReason } from '../sentences/envoy.ts';
import { ownerName } from '../sentences/names.ts';
import { envoyOf } from '../world/proxy.ts';
import { localSource } from '../world/netns.ts';
import { sourcePorts } from '../world/source-ports.ts';
import type { World } from '../world/world.ts';
import { moveIntendedProxy } from './intended-proxy.ts';
import { proxyEnd, waitingProxy } from './proxy-end.ts';
import { branched, end, hop, on, withHop, type Move, type ProxyFrame, type WalkState } from './state.ts';
import type { Moved } from './through.ts';

/** uid and gid of Istio's proxy, which its own interception rules let pass. */
const PROXY_UID = 1337;

type PodOwner = Owner & { readonly kind: 'pod' };

/** A connection reaches a proxy: it answers, closes, or asks an upstream, which starts a new connection from its pod. */
export function moveProxy(world: World, state: WalkState, owner: PodOwner): Moved {
  const { flow } = state;
  if (flow === null) return { moves: [], visits: [] };
  const facts = envoyOf(world, owner);
  if (facts === undefined || facts.config === null) return moveIntendedProxy(world, state, owner);
  const connection = connectionOf(state, flow);
  const outcomes = evaluateEnvoy(facts, connection);
  const visit: ProxyVisit = { kind: 'proxy', cluster: owner.cluster, pod: owner.pod, connection, outcomes };
  const moves = outcomes.flatMap((outcome) => {
    const next = branched(state, outcome);
    return next === undefined ? [] : [follow(world, next, owner, flow, outcome, visit)];
  });
  return { moves, visits: [visit] };
}

/** `outbound` and `inbound` are Istio's interception ports; any other listener is asked directly, as a gateway is. */
function proxyRole(port: number): 'outbound' | 'inbound' | 'gateway' {
  if (port === 15001) return 'outbound';
  return port === 15006 ? 'inbound' : 'gateway';
}

/** The connection as the listener's socket sees it; SO_ORIGINAL_DST gives what the namespace's own rules translated. */
function connectionOf(state: WalkState, flow: Flow): EnvoyConnection {
  const here = state.passages.at(-1)?.before ?? flow;
  return {
    localAddress: flow.destination,
    localPort: flow.destinationPort,
    originalAddress: here.destination,
    originalPort: here.destinationPort,
    remoteAddress: flow.source,
    remotePort: flow.sourcePort,
    request: state.request,
  };
}

function follow(
  world: World,
  state: WalkState,
  owner: PodOwner,
  flow: Flow,
  outcome: EnvoyOutcome,
  visit: ProxyVisit,
): Move {
  const view = world.cluster(owner.cluster);
  const steps: Step[] = envoySteps(view, outcome);
  const role = proxyRole(flow.destinationPort);
  const next = withHop(state, hop('proxy', ownerName(owner), role, 'programmed', steps));
  const { end: how } = outcome;
  const reason = envoyEndReason(owner, role, outcome);
  switch (how.kind) {
    case 'reply':
      return how.connectsTo === undefined
        ? end(next, proxyEnd(how, reason))
        : upstream(world, next, owner, how.connectsTo, {
            ...waitingProxy(owner.pod, outcome, how.connectsTo, visit),
            refuses: proxyEnd(how, reason),
          });
    case 'close':
      return end(next, proxyEnd(how, reason));
    case 'undetermined':
      return end(next, { disposition: 'undetermined', reason, unknown: how.unknown });
    case 'upstream':
      return upstream(world, next, owner, how, waitingProxy(owner.pod, outcome, how, visit));
  }
}

/** The proxy opens a connection of its own. */
function upstream(world: World, state: WalkState, owner: PodOwner, how: EnvoyUpstream, frame: ProxyFrame): Move {
  const to = parseAddress(how.address);
  if (to === undefined) return undeterminable(state, `the upstream address ${how.address} is no IP address`);
  const source = how.bindAddress ?? localSource(world, owner, to);
  if (source === null) {
    return undeterminable(
      state,
      `which address the proxy of ${ownerName(owner)} would send from to ${to.text} is not known`,
    );
  }
  const flow = newFlow({
    family: to.family,
    protocol: how.request.protocol,
    source,
    sourcePort: null,
    unknownPort: sourcePorts(world, owner),
    destination: to.text,
    destinationPort: how.port,
    inInterface: null,
    uid: PROXY_UID,
    gid: PROXY_UID,
  });
  return on(state, {
    place: { kind: 'process', owner },
    flow,
    request: how.request,
    proxies: [...state.proxies, frame],
    passages: [],
  });
}

function undeterminable(state: WalkState, reason: string): Move {
  const unknown: Unknown = { reason, evidence: [] };
  return end(state, { disposition: 'undetermined', reason: `${reason}.`, unknown });
}
