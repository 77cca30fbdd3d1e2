import { parseAddress, type Address, type Family } from '../../model/address.ts';
import type { Step } from '../../model/explanation.ts';
import { newFlow } from '../../model/flow.ts';
import type { NameOutcome } from '../../model/name-resolution.ts';
import type { Question } from '../../model/question.ts';
import type { Owner, Visit } from '../../model/trace.ts';
import { nameStep } from '../sentences/names-resolved.ts';
import { ownerName, ownerText } from '../sentences/names.ts';
import type { World } from '../world/world.ts';
import { askedElsewhere } from '../world/captured-queries.ts';
import { lookUpVariable } from '../world/environment.ts';
import { resolveName } from '../world/names.ts';
import { localSource } from '../world/netns.ts';
import { OUTSIDE_PORTS, sourcePorts } from '../world/source-ports.ts';
import { entryNodes } from './entry.ts';
import { branched, end, hop, on, withHop, type Move, type WalkState } from './state.ts';
import type { Moved } from './through.ts';

/**
 * The client turns its target into an address, as its resolver would, and makes the first packet.
 * A client outside the cluster is taken to know the address.
 */
export function moveClient(world: World, question: Question, state: WalkState): Moved {
  const literal = parseAddress(question.target.host);
  if (literal !== undefined) return { moves: departures(world, question, state, literal, []), visits: [] };
  const outcomes = resolved(world, question);
  const visit = environmentVisit(world, question) ?? { kind: 'name', host: question.target.host, outcomes };
  const moves = outcomes.flatMap((outcome) => {
    const next = branched(state, outcome);
    return next === undefined ? [] : answered(world, question, next, outcome);
  });
  return { moves, visits: [visit] };
}

/** The visit of a target whose host is an environment variable (`$REVIEWS_SERVICE_HOST`). */
function environmentVisit(world: World, { source, target }: Question): Visit | undefined {
  if (source.kind !== 'pod' || !target.host.startsWith('$')) return undefined;
  const { pod } = source;
  const variable = target.host.slice(1);
  const { state, service, evidence } = lookUpVariable(world.cluster(source.cluster), pod, variable);
  return { kind: 'environment', pod, variable, state, service, evidence };
}

function resolved(world: World, question: Question): readonly NameOutcome[] {
  const told = question.resolve.get(question.target.host);
  if (told === undefined) {
    const { source, target } = question;
    const outcomes = resolveName(world, source, target.host);
    if (source.kind !== 'pod') return outcomes;
    const client: Owner = { kind: 'pod', cluster: source.cluster, pod: source.pod };
    const asking = { owner: networkOf(client), uid: question.uid ?? processUid(client), gid: processGid(client) };
    return outcomes.map((one) => askedElsewhere(world, asking, one));
  }
  return [
    {
      probability: 1,
      conditions: [],
      result: 'address',
      address: told,
      queries: [],
      service: null,
      pod: null,
      reasons: ['told by --resolve'],
      assumptions: [],
      evidence: [],
    },
  ];
}

function answered(world: World, question: Question, state: WalkState, outcome: NameOutcome): Move[] {
  const step = nameStep(world.home(question), question.target.host, outcome);
  const address = outcome.address === null ? undefined : parseAddress(outcome.address);
  if (outcome.result === 'address' && address !== undefined) {
    return departures(world, question, state, address, [step]);
  }
  const at = withHop(state, hop('client', sourceName(question), null, 'programmed', [step]));
  if (outcome.result === 'no-such-name') {
    return [end(at, { disposition: 'unresolved', detail: 'NXDOMAIN', reason: `${step.text}.` })];
  }
  const known = `Where it is known, --resolve ${question.target.host}:ADDRESS tells it.`;
  return [
    end(at, {
      disposition: 'undetermined',
      reason: `${step.text}. ${known}`,
      unknown: { reason: step.text, evidence: step.evidence },
    }),
  ];
}

/** The first packet, from each place where it may start. */
function departures(world: World, question: Question, state: WalkState, to: Address, steps: readonly Step[]): Move[] {
  const { source } = question;
  const packet = {
    family: to.family,
    protocol: question.protocol,
    sourcePort: question.sourcePort,
    destination: to.text,
    destinationPort: question.target.port,
  };
  if (source.kind === 'outside') {
    if (parseAddress(source.ip)?.family !== to.family) return [otherFamily(question, state, steps, to.family)];
    const unknownPort = question.sourcePort === null ? OUTSIDE_PORTS : undefined;
    const flow = newFlow({ ...packet, source: source.ip, unknownPort });
    const at = steps.length === 0 ? state : withHop(state, hop('client', source.ip, null, 'assumed', steps));
    return entryNodes(world, question, { ...at, flow });
  }
  const client: Owner =
    source.kind === 'pod'
      ? { kind: 'pod', cluster: source.cluster, pod: source.pod }
      : { kind: 'node', cluster: source.cluster, node: source.node };
  const owner = networkOf(client);
  const from = localSource(world, owner, to);
  if (from === null) return [otherFamily(question, state, steps, to.family)];
  const uid = question.uid ?? processUid(client);
  const unknownPort = question.sourcePort === null ? sourcePorts(world, owner) : undefined;
  const sent = { source: from, unknownPort, inInterface: null, uid, gid: processGid(client) };
  const flow = newFlow({ ...packet, ...sent });
  const at = steps.length === 0 ? state : withHop(state, hop('client', ownerName(client), null, 'programmed', steps));
  return [on(at, { place: { kind: 'process', owner }, flow, passages: [] })];
}

/** Whose network namespace a process sends from: a hostNetwork pod has none of its own. */
function networkOf(client: Owner): Owner {
  if (client.kind === 'node' || !client.pod.hostNetwork || client.pod.nodeName === null) return client;
  return { kind: 'node', cluster: client.cluster, node: client.pod.nodeName };
}

function otherFamily(question: Question, state: WalkState, steps: readonly Step[], family: Family): Move {
  const text = `${sourceText(question)} has no IPv${family} address to send from`;
  const at = withHop(state, hop('client', sourceName(question), null, 'programmed', [...steps]));
  return end(at, {
    disposition: 'unroutable',
    detail: 'ENETUNREACH',
    reason: `${text}, so the connection cannot start.`,
  });
}

/** uid of a pod's first application container by its spec; root when nothing is set (the image may say otherwise). */
function processUid(owner: Owner): number {
  if (owner.kind === 'node') return 0;
  return application(owner)?.runAsUser ?? owner.pod.runAsUser ?? 0;
}

function processGid(owner: Owner): number {
  if (owner.kind === 'node') return 0;
  return application(owner)?.runAsGroup ?? owner.pod.runAsGroup ?? 0;
}

function application(owner: Owner & { kind: 'pod' }) {
  return owner.pod.containers.find((container) => !container.init && container.name !== 'istio-proxy');
}

function sourceName(question: Question): string {
  const { source } = question;
  if (source.kind === 'pod') return `${source.pod.namespace}/${source.pod.name}`;
  return source.kind === 'node' ? source.node : source.ip;
}

function sourceText(question: Question): string {
  const { source } = question;
  if (source.kind === 'outside') return source.ip;
  return source.kind === 'pod'
    ? ownerText({ kind: 'pod', cluster: source.cluster, pod: source.pod })
    : `node ${source.node}`;
}
