/**
 * What follows the first packet of a connection and the answer to it: rules may treat packets of a connection that is established in
 * another way than the one that began it. In: a namespace that both passed. Out: whether it lets the others pass too.
 */
import type { Flow } from '../../model/flow.ts';
import type { TraversalOutcome } from '../../model/netfilter.ts';
import { ownerText } from '../sentences/names.ts';
import { traverse } from '../world/netns.ts';
import type { World } from '../world/world.ts';
import { judge, OK, type ReturnVerdict } from './return-verdict.ts';
import type { Passage } from './state.ts';

/** More marks than these no ruleset leaves on one connection, one after the other. */
const MOST_MARKS = 8;

/**
 * Follows the client's packets of an established connection of TCP or SCTP through a namespace, and, where an answer left another mark on
 * the connection, the answers after it. A datagram and its answer are all that there is of an exchange over UDP.
 * @param answers how the first answer got through
 * @param answered takes an answer through the namespace
 */
export function laterPackets(
  world: World,
  passage: Passage,
  answers: readonly TraversalOutcome[],
  answered: (request: Flow) => readonly TraversalOutcome[] | null,
): ReturnVerdict {
  const { protocol, tracking } = passage.after;
  if (protocol === 'udp' || tracking.ipvs !== undefined) return OK;
  const verdict = follow(world, passage, answers, answered);
  return verdict.result === 'broken' ? { ...verdict, code: 'cut-off' } : verdict;
}

function follow(
  world: World,
  passage: Passage,
  answers: readonly TraversalOutcome[],
  answered: (request: Flow) => readonly TraversalOutcome[] | null,
): ReturnVerdict {
  const { owner, before, after } = passage;
  const { tracking } = after;
  if (tracking.state === 'UNTRACKED') return answers.every(({ flow }) => isUntracked(flow)) ? OK : halfSeen(passage);
  const isHidden = ({ flow }: TraversalOutcome): boolean => isUntracked(flow);
  if (answers.some(isHidden)) {
    const verdict = halfTracked(world, passage);
    if (verdict.result !== 'ok') return answers.every(isHidden) ? verdict : { ...verdict, result: 'unknown' };
    if (answers.every(isHidden)) return OK;
  }
  const marks = new Set([tracking.mark, ...answers.map(({ flow }) => flow.tracking.mark)]);
  for (const mark of marks) {
    const marked = { ...tracking, mark };
    const onward = onwards(world, passage, { ...before, tracking: { ...marked, state: 'ESTABLISHED' } });
    const verdict = judge(owner, onward, 'later packets of the connection');
    if (verdict.result !== 'ok' || onward === null) return verdict;
    const elsewhere = onward.find(({ flow }) => !isSamePlace(flow, after));
    if (elsewhere !== undefined) return ledElsewhere(passage, elsewhere);
    const back = mark === tracking.mark ? answers : answered({ ...after, tracking: marked });
    const lost = judge(owner, back, 'later answers of the connection');
    if (lost.result !== 'ok') return lost;
    for (const { flow } of [...onward, ...(back ?? [])]) marks.add(flow.tracking.mark);
    if (marks.size > MOST_MARKS) return tooManyMarks(passage);
  }
  return OK;
}

function onwards(world: World, { owner, before, after }: Passage, packet: Flow): readonly TraversalOutcome[] | null {
  // What the first packet's way supposed of its port holds for those behind it.
  const unknownPort = after.tracking.originalPorts ?? packet.unknownPort;
  return traverse(world, owner, { ...packet, unknownPort }, before.inInterface === null ? 'process' : 'wire');
}

/**
 * A tracker that sees a connection's requests and not its answers takes the acknowledgement of an answer for an invalid packet.
 * Source: net/netfilter/nf_conntrack_proto_tcp.c tcp_conntracks (ACK of the original direction in SYN_SENT: sIV); nf_conntrack_proto_sctp.c
 * sctp_conntracks (COOKIE ECHO in COOKIE_WAIT).
 */
function halfTracked(world: World, passage: Passage): ReturnVerdict {
  const { owner, before } = passage;
  const onward = onwards(world, passage, { ...before, tracking: { ...before.tracking, state: 'INVALID' } });
  const verdict = judge(owner, onward, 'later packets of the connection');
  if (verdict.result === 'ok') return OK;
  const because = 'it takes answers out of connection tracking, so that what acknowledges them is INVALID';
  return { ...verdict, reason: `${verdict.reason ?? ''}: ${because}` };
}

function isUntracked({ tracking }: Flow): boolean {
  return tracking.state === 'UNTRACKED';
}

/** Answers behind the first may begin a connection of their own for a tracker that sees no requests (nf_conntrack_tcp_loose). */
function halfSeen({ owner }: Passage): ReturnVerdict {
  const reason = `${ownerText(owner)} takes requests out of connection tracking and not their answers; what it makes of later ones is not evaluated`;
  return { result: 'unknown', code: 'unknown', reason, evidence: [] };
}

function isSamePlace(one: Flow, other: Flow): boolean {
  return one.destination === other.destination && one.destinationPort === other.destinationPort;
}

function ledElsewhere({ owner, after }: Passage, { flow }: TraversalOutcome): ReturnVerdict {
  const reason = `${ownerText(owner)} sends the connection's first packet to ${after.destination}, and later ones to ${flow.destination}`;
  return { result: 'unknown', code: 'unknown', reason, evidence: [] };
}

function tooManyMarks({ owner }: Passage): ReturnVerdict {
  const reason = `rules of ${ownerText(owner)} leave too many marks on the connection to be followed`;
  return { result: 'unknown', code: 'unknown', reason, evidence: [] };
}
