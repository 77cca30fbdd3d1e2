import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import { formatEndpoint, parseAddress } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Basis, Step } from '../../model/explanation.ts';
import type { Flow } from '../../model/flow.ts';
import type { Socket } from '../../model/network-namespace.ts';
import type { TlsSide } from '../../model/tls.ts';
import type { Owner, SocketVisit, Visit } from '../../model/trace.ts';
import { capital } from '../../model/wording.ts';
import { ownerText } from '../sentences/names.ts';
import { isUserspaceProxy } from '../world/blind-spots.ts';
import { envoyOf, proxyOwns } from '../world/proxy.ts';
import type { World } from '../world/world.ts';
import { backendAt } from './backend.ts';
import { probedPort } from './probed-port.ts';
import { end, hop, on, withHop, type End, type Move, type WalkState } from './state.ts';
import type { Moved } from './through.ts';
import { refusalBack, wayBack } from './way-back.ts';

/** Names that Istio's proxies offer in their mutual TLS, and nobody else (pilot/pkg/networking/util, ALPNInMesh…). */
const ISTIO_PROTOCOL = /^istio(-|$)/;

/** Sockets cited to show that none of them takes a packet. */
const LISTED_SOCKETS = 5;

/**
 * A packet reaches the sockets of a network namespace: a proxy's listener, an application's, or none. Before a connection
 * counts, the first answer has to find its way back.
 */
export function moveSocket(world: World, state: WalkState, owner: Owner): Moved {
  const { flow } = state;
  if (flow === null) return { moves: [], visits: [] };
  const taken = takenByKubeProxy(world, owner, flow);
  if (taken !== null) return { moves: [end(state, taken)], visits: [] };
  const proxy = owner.kind === 'pod' && proxyOwns(world, owner, flow);
  const visit = proxy ? null : lookAtSockets(world, owner, flow);
  if (visit?.listening?.length === 0) {
    const lost = refusalBack(world, state, flow, owner, flow.protocol === 'udp');
    return {
      moves: [refused(state, owner, flow, visit, lost?.end ?? null)],
      visits: [visit, ...(lost === null ? [] : [lost.visit])],
    };
  }
  const back = wayBack(world, state, flow, owner, visit);
  const visits: Visit[] = [...(visit === null ? [] : [visit]), back.visit];
  if (back.end !== null) return { moves: [end(state, back.end)], visits };
  if (owner.kind === 'pod' && visit === null) {
    return { moves: [on(state, { place: { kind: 'proxy', cluster: owner.cluster, pod: owner.pod } })], visits };
  }
  return { moves: [delivered(world, state, owner, flow, visit)], visits };
}

/** In userspace mode the rules lead to a port of kube-proxy's process, which picks an endpoint in turn (pkg/proxy/userspace/roundrobin.go). */
function takenByKubeProxy(world: World, owner: Owner, flow: Flow): End | null {
  const view = world.cluster(owner.cluster);
  const { dnat, originalDestination, originalDestinationPort } = flow.tracking;
  if (owner.kind !== 'node' || !dnat || !isUserspaceProxy(view.netns(owner), flow.family)) return null;
  const to = formatEndpoint(originalDestination, originalDestinationPort);
  const reason = `kube-proxy of node ${owner.node} works in userspace mode: its process takes the connection to ${to} on port ${flow.destinationPort} and connects to one endpoint after the other in turn, which no dump tells`;
  return { disposition: 'undetermined', reason: `${capital(reason)}.`, unknown: { reason, evidence: [] } };
}

/**
 * The bound sockets that would take the packet (inet_lookup_listener: an exact address or a wildcard of the family; IPv6
 * wildcards take IPv4 as well unless bound v6only, which `ss` shows as `[::]` against `*`).
 */
function lookAtSockets(world: World, owner: Owner, flow: Flow): SocketVisit {
  const { value: sockets, artefact } = world.cluster(owner.cluster).netns(owner).sockets();
  if (sockets === undefined) return { kind: 'socket', owner, flow, listening: null, near: [], listed: [] };
  const bound = sockets.filter(
    (socket) => socket.port === flow.destinationPort && socket.protocol === flow.protocol && isOpen(socket),
  );
  const listening = bound.filter((socket) => takes(socket, flow));
  const near = sockets.filter((socket) => socket.port === flow.destinationPort && !listening.includes(socket));
  return { kind: 'socket', owner, flow, listening, near, listed: listed(near.length > 0 ? near : sockets, artefact) };
}

/** What proves that a port is not bound: the sockets that are there; of an empty list its first, empty line. */
function listed(sockets: readonly Socket[], artefact: string): readonly Evidence[] {
  if (sockets.length === 0) return [{ artefact, line: 1, raw: '' }];
  return sockets.slice(0, LISTED_SOCKETS).map((socket) => socket.evidence);
}

function isOpen(socket: Socket): boolean {
  return socket.protocol === 'tcp' ? socket.state === 'LISTEN' : true;
}

function takes(socket: Socket, flow: Flow): boolean {
  const address = parseAddress(socket.address);
  if (address === undefined) return false;
  if (address.bits === 0n) return socket.family === flow.family || socket.dual;
  return address.text === flow.destination;
}

/** @param lost how it ends when the client does not hear of it; null: it does */
function refused(state: WalkState, owner: Owner, flow: Flow, visit: SocketVisit, lost: End | null): Move {
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const elsewhere = visit.near.map((socket) => `${socket.protocol} ${formatEndpoint(socket.address, socket.port)}`);
  const but = elsewhere.length === 0 ? '' : `; the port is bound only at ${elsewhere.join(', ')}`;
  const text = `nothing in ${ownerText(owner)} listens on ${to}/${flow.protocol}${but}`;
  const step: Step = { kind: 'socket', action: 'refused', text, evidence: visit.listed };
  const next = withHop(state, hop('application', ownerText(owner), null, 'programmed', [step]));
  if (lost !== null) return end(next, { ...lost, reason: `${capital(text)}. ${lost.reason}` });
  const detail = flow.protocol === 'udp' ? 'icmp-port-unreachable' : 'tcp-reset';
  return end(next, { disposition: 'refused', detail, reason: `${capital(text)}, so the connection is refused.` });
}

function delivered(world: World, state: WalkState, owner: Owner, flow: Flow, visit: SocketVisit | null): Move {
  const view = world.cluster(owner.cluster);
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const backend = backendAt(view, flow, owner);
  const { tls } = state.request;
  if (tls?.side !== undefined)
    return tls.alpn.some((name) => ISTIO_PROTOCOL.test(name))
      ? misunderstood(world, state, owner, to)
      : askedWithTls(state, owner, to, tls.side);
  const { basis, text, evidence } = listenerText(owner, flow, visit, to);
  const step: Step = { kind: 'socket', action: basis === 'assumed' ? 'assumed' : 'accepted', text, evidence };
  const next = withHop(state, hop('application', backend.pod ?? ownerText(owner), null, basis, [step]));
  return end(next, {
    disposition: 'delivered',
    reason: `${to} in ${ownerText(owner)} takes the connection and sees the source ${flow.source}.`,
    backend,
    observedSource: flow.source,
  });
}

/** A proxy speaks TLS of its own to an application: no configuration tells whether that one ends it, and with which certificate. */
function askedWithTls(state: WalkState, owner: Owner, to: string, { demands }: TlsSide): Move {
  const proxy = state.proxies.findLast((frame) => frame.tls);
  const who = proxy === undefined ? 'a proxy' : `the proxy of pod ${proxy.pod.namespace}/${proxy.pod.name}`;
  const text = `${to} in ${ownerText(owner)} is asked with TLS, which ${who} speaks`;
  const acceptsNobody = demands !== null && !isUnknown(demands) && (demands.authorities ?? []).length === 0;
  const action = acceptsNobody ? 'refused' : 'assumed';
  const step: Step = { kind: 'socket', action, text, evidence: [] };
  const next = withHop(state, hop('application', ownerText(owner), null, 'programmed', [step]));
  if (acceptsNobody)
    return end(next, {
      disposition: 'failed',
      reason: `${capital(text)}, and no certificate would be accepted, so the handshake fails.`,
      handshake: { established: false, error: null },
    });
  const reason = `${text}; whether the application does, and with a certificate that is accepted, is not known`;
  return end(next, { disposition: 'undetermined', reason: `${capital(reason)}.`, unknown: { reason, evidence: [] } });
}

/** An application reads Istio's mutual TLS as it would read noise, unless it has the mesh's certificates itself (proxyless gRPC). */
function misunderstood(world: World, state: WalkState, owner: Owner, to: string): Move {
  const text = `${to} in ${ownerText(owner)} is asked with Istio's mutual TLS, which no proxy ends there`;
  const step: Step = { kind: 'socket', action: 'refused', text, evidence: [] };
  const next = withHop(state, hop('application', ownerText(owner), null, 'programmed', [step]));
  const passedProxy = owner.kind === 'pod' && state.proxies.at(-1)?.pod === owner.pod;
  if (owner.kind === 'pod' && !passedProxy && envoyOf(world, owner) !== undefined) {
    const reason = `${text}; whether the application does is not known`;
    return end(next, {
      disposition: 'undetermined',
      reason: `${capital(reason)}.`,
      unknown: { reason, evidence: [] },
    });
  }
  const reason = `${capital(text)}, so the handshake fails.`;
  return end(next, { disposition: 'failed', reason, handshake: { established: false, error: null } });
}

function listenerText(
  owner: Owner,
  flow: Flow,
  visit: SocketVisit | null,
  to: string,
): { readonly basis: Basis; readonly text: string; readonly evidence: readonly Evidence[] } {
  const socket = visit?.listening?.[0];
  if (socket !== undefined) {
    const names = [...new Set(socket.processes.map((process) => process.name))].join(', ');
    const at = formatEndpoint(socket.address, socket.port);
    const text = `${names === '' ? 'a process' : names} listens on ${at} and takes the connection to ${to}`;
    return { basis: 'programmed', text, evidence: [socket.evidence] };
  }
  const probe = owner.kind === 'pod' ? probedPort(owner.pod, flow) : null;
  if (probe !== null) {
    const text = `the kubelet's readiness probe of ${ownerText(owner)} succeeds on port ${flow.destinationPort}, so something listens there`;
    return { basis: 'programmed', text, evidence: probe };
  }
  const text = `whether anything listens on ${to} was not seen (the sockets of ${ownerText(owner)} were not captured)`;
  return { basis: 'assumed', text, evidence: [] };
}
