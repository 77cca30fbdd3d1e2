import { newFlow, replyFlow, type Flow } from '../../model/flow.ts';
import type { TraversalOutcome } from '../../model/netfilter.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { Owner, ReturnVisit, SocketVisit } from '../../model/trace.ts';
import { ownerName, ownerText } from '../sentences/names.ts';
import { attachment, bridgeCallsNetfilter, ownsAddress } from '../world/attachment.ts';
import { deviceTowards, routeTo, traverse, traverseAnswer, traverseReply } from '../world/netns.ts';
import type { World } from '../world/world.ts';
import { otherSource, type OtherSource } from './answer-source.ts';
import { laterPackets } from './later-packets.ts';
import { judge, OK, type ReturnVerdict as Verdict } from './return-verdict.ts';
import type { End, Passage, WalkState } from './state.ts';

export interface WayBack {
  readonly visit: ReturnVisit;
  /** How the branch ends when the answer is lost; null when it finds its way. */
  readonly end: End | null;
}

/**
 * Follows the first answer of a connection from `server` back to its client. Each namespace that translated the connection has
 * to see the answer too (nf_conntrack translates it back there, and nowhere else), and its rules have to let it pass.
 * @param flow the packet as it reached the server's socket
 * @param sockets what listens there; null: a proxy takes it
 */
export function wayBack(
  world: World,
  state: WalkState,
  flow: Flow,
  server: Owner,
  sockets: SocketVisit | null,
): WayBack {
  return answerBack(world, state, flow, server, sockets, laterPackets);
}

/** @param goOn asks whether what follows the answer passes a namespace too; null: nothing follows */
function answerBack(
  world: World,
  state: WalkState,
  flow: Flow,
  server: Owner,
  sockets: SocketVisit | null,
  goOn: typeof laterPackets | null,
): WayBack {
  const broken = state.passages
    .toReversed()
    .map((passage) => passBack(world, state, server, flow, passage, goOn))
    .find((one) => one.result !== 'ok');
  const verdict = broken ?? fromElsewhere(otherSource(world, server, flow, sockets));
  const visit: ReturnVisit = { kind: 'return', server, flow, ...(verdict ?? OK) };
  return { visit, end: verdict === undefined ? null : lostEnd(verdict) };
}

/** What stops an ICMP error as it stops an answer: it is sent to the same address, and what it quotes has to be translated back too. */
const STOPS_ERRORS: ReadonlySet<Verdict['code']> = new Set([
  'not-translated-back',
  'bridged',
  'no-route',
  'reverse-path',
]);

/**
 * Follows a refusal (a reset, or an ICMP error that quotes the datagram) back to the client. What is lost on the way looks like silence.
 * @param refuser the namespace in which a socket is missing, or a rule rejects
 * @param flow the packet as it was refused
 * @param byError whether by an ICMP error, not by a packet of its own protocol
 * @returns null when it finds its way
 */
export function refusalBack(
  world: World,
  state: WalkState,
  flow: Flow,
  refuser: Owner,
  byError: boolean,
): { readonly visit: ReturnVisit; readonly end: End } | null {
  const { visit, end } = answerBack(world, state, flow, refuser, null, null);
  if (end === null) return null;
  if (byError && visit.result === 'broken' && !STOPS_ERRORS.has(visit.code)) {
    const reason = `whether rules that stop an answer (${visit.reason ?? ''}) stop an ICMP error too is not evaluated`;
    return {
      visit,
      end: {
        disposition: 'undetermined',
        reason: `On the way back, ${reason}.`,
        unknown: { reason, evidence: visit.evidence },
      },
    };
  }
  if (end.disposition !== 'dropped') return { visit, end };
  return { visit, end: { ...end, reason: `The request is refused, but ${visit.reason ?? 'the refusal is lost'}.` } };
}

function fromElsewhere(other: OtherSource | null): Verdict | undefined {
  return other === null ? undefined : { result: 'unknown', code: 'other-source', ...other };
}

function lostEnd(verdict: Verdict): End {
  const reason = verdict.reason ?? 'the answer is lost';
  return verdict.result === 'unknown'
    ? {
        disposition: 'undetermined',
        reason: `On the way back, ${reason}.`,
        unknown: { reason, evidence: verdict.evidence },
      }
    : {
        disposition: 'dropped',
        detail: 'timeout',
        reason: `${verdict.code === 'cut-off' ? 'The connection opens' : 'The request arrives'}, but ${reason}.`,
      };
}

/** Whether the answer passes one namespace that the request passed, and is let through and translated back there. */
function passBack(
  world: World,
  state: WalkState,
  server: Owner,
  flow: Flow,
  passage: Passage,
  goOn: typeof laterPackets | null,
): Verdict {
  const answered = (request: Flow): readonly TraversalOutcome[] | null =>
    sameOwner(passage.owner, server)
      ? traverseAnswer(world, server, request)
      : traverseReply(world, passage.owner, request, passage.outDevice);
  const lost = sameOwner(passage.owner, server) ? null : missed(world, state, server, flow, passage);
  if (lost !== null) return lost;
  const answers = answered(passage.after);
  const verdict = letThrough(passage, answers);
  if (verdict.result !== 'ok' || goOn === null || answers === null) return verdict;
  return goOn(world, passage, answers, answered);
}

/** What there is to say before the rules of a namespace that the answer comes through, or does not; null: they decide. */
function missed(world: World, state: WalkState, server: Owner, flow: Flow, passage: Passage): Verdict | null {
  const handedBy = passage.after.tracking.ipvs?.method;
  if (handedBy === 'direct' || handedBy === 'tunnel') return pastDirector(world, server, flow, passage);
  if (translated(passage) && passage.owner.kind === 'node') {
    const meets = meetsAgain(world, state, server, flow, passage);
    if (meets.result !== 'ok') return meets;
  }
  return null;
}

/**
 * The server answers from the virtual address, past the node that handed it the packet. Where its route leads through that node all the
 * same, the answer comes from an address that the node has itself.
 */
function pastDirector(world: World, server: Owner, flow: Flow, passage: Passage): Verdict {
  if (!answersBy(world, server, flow, passage.owner)) return OK;
  const { before } = passage;
  const device = deviceTowards(world, passage.owner, passage.after.tracking.ipvs?.server);
  const answer = replyFlow({ ...before, tracking: newFlow(before).tracking });
  return letThrough(passage, traverse(world, passage.owner, { ...answer, inInterface: device }, 'wire'));
}

/** Whether the server's node sends the answer to an address of `at`. */
function answersBy(world: World, server: Owner, flow: Flow, at: Owner): boolean {
  const node = nodeOf(server);
  if (at.kind !== 'node' || node === null) return false;
  const from = server.kind === 'node' ? server : { kind: 'node' as const, cluster: server.cluster, node };
  const routes = routeTo(world, from, flow.source, flow.destination);
  return routes.length > 0 && routes.every(({ gateway }) => gateway !== null && ownsAddress(world, at, gateway));
}

/** Whether the answer comes through the node that translated the request. */
function meetsAgain(world: World, state: WalkState, server: Owner, flow: Flow, passage: Passage): Verdict {
  const at = passage.owner;
  if (at.kind !== 'node') return OK;
  const view = world.cluster(at.cluster);
  const client = view.podAt(flow.source);
  const bridged = client === undefined ? null : sharedBridge(world, server, client);
  if (bridged !== null) return acrossBridge(world, at, flow, bridged);
  if (server.kind === 'pod' && server.pod.ips.includes(flow.source)) {
    const reason = `node ${at.node} translated the destination but not the source, so ${ownerText(server)} was sent its own connection, answers inside itself and takes the answer for a stranger's`;
    return { result: 'broken', code: 'not-translated-back', reason, evidence: [] };
  }
  if (ownsAddress(world, at, flow.source) || nodeOf(server) === at.node) return OK;
  if (flow.source !== state.passages[0]?.before.source) {
    const reason = `node ${at.node} translated the source to ${flow.source}, which is no address of its own that the snapshot knows`;
    return { result: 'unknown', code: 'unknown', reason, evidence: [] };
  }
  if ((client?.nodeName ?? view.nodeAt(flow.source)) === at.node) return OK;
  if (answersBy(world, server, flow, at)) return OK;
  const to = `${flow.source} directly from node ${nodeOf(server) ?? 'of the server'}`;
  return {
    result: 'broken',
    code: 'not-translated-back',
    reason: `node ${at.node} translated the destination but not the source, so ${ownerText(server)} answers ${to} and the client takes the answer for a stranger's`,
    evidence: [],
  };
}

/** The answer would be a frame on one bridge: the node's connection tracking sees it only with br_netfilter. */
function acrossBridge(world: World, at: Owner & { readonly kind: 'node' }, flow: Flow, bridge: string): Verdict {
  const calls = bridgeCallsNetfilter(world, at, bridge, flow.family);
  if (calls.value === true) return OK;
  const setting = `net.bridge.bridge-nf-call-${flow.family === 4 ? 'iptables' : 'ip6tables'}`;
  const crossing = `the answer crosses bridge ${bridge} of node ${at.node} as a frame`;
  return calls.value === false
    ? {
        result: 'broken',
        code: 'bridged',
        reason: `${crossing} and ${setting} is 0, so nobody translates it back`,
        evidence: calls.evidence,
      }
    : {
        result: 'unknown',
        code: 'bridged',
        reason: `${crossing}; whether it is translated back depends on ${setting}, which was not captured`,
        evidence: calls.evidence,
      };
}

/** The bridge that both pods hang on, when the server's answer goes there as a frame. */
function sharedBridge(world: World, server: Owner, client: PodFact): string | null {
  if (server.kind !== 'pod' || client.nodeName !== server.pod.nodeName || client === server.pod) return null;
  const one = attachment(world, server.cluster, server.pod);
  const other = attachment(world, server.cluster, client);
  const onLink = one.bridge !== null && one.bridge === other.bridge && client.ips.some((ip) => one.onLink(ip));
  return onLink ? one.bridge : null;
}

/** Whether the namespace's rules let the answer through and leave it to connection tracking, which translates it back. */
function letThrough(passage: Passage, outcomes: readonly TraversalOutcome[] | null): Verdict {
  const untracked = outcomes?.find(
    ({ flow }) => flow.tracking.state === 'UNTRACKED' && flow.source !== passage.before.destination,
  );
  if (untracked !== undefined && translated(passage)) return notTranslatedBack(passage, untracked);
  return judge(passage.owner, outcomes, 'the answer');
}

/** A rule of the raw table (NOTRACK) hides the answer from connection tracking, so its source stays the server's own. */
function notTranslatedBack(passage: Passage, { rules }: TraversalOutcome): Verdict {
  const by = rules.find(({ after }) => after?.tracking.state === 'UNTRACKED');
  return {
    result: 'broken',
    code: 'not-translated-back',
    reason: `${ownerText(passage.owner)} takes the answer out of connection tracking, so nobody translates it back and the client takes it for a stranger's`,
    evidence: by === undefined ? [] : [by.evidence],
  };
}

function translated({ before, after }: Passage): boolean {
  return (
    before.destination !== after.destination ||
    before.destinationPort !== after.destinationPort ||
    before.source !== after.source
  );
}

function nodeOf(owner: Owner): string | null {
  return owner.kind === 'node' ? owner.node : owner.pod.nodeName;
}

function sameOwner(one: Owner, other: Owner): boolean {
  return one.kind === other.kind && ownerName(one) === ownerName(other) && one.cluster === other.cluster;
}
