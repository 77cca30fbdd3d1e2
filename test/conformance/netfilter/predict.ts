import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import { originalPorts } from '../../../src/evaluate/netfilter/match/port.ts';
import { addressType } from '../../../src/evaluate/routing/address-type.ts';
import { evaluateRoute } from '../../../src/evaluate/routing/evaluate-route.ts';
import { masqueradeAddress, redirectAddress } from '../../../src/evaluate/routing/interface-address.ts';
import type { RoutingTables } from '../../../src/evaluate/routing/routing-tables.ts';
import type { Family } from '../../../src/model/address.ts';
import type { Condition } from '../../../src/model/branching.ts';
import type { Evidence } from '../../../src/model/evidence.ts';
import { newFlow, replyFlow, type Flow } from '../../../src/model/flow.ts';
import type { MatchedRule, NetfilterEnvironment, Ruleset, TraversalOutcome } from '../../../src/model/netfilter.ts';
import type { IpSet } from '../../../src/model/network-namespace.ts';
import { ADDRESSES, PORTS, USER, type Lab, type Probe, type ProbeResult } from './lab.ts';
import type { Trace, Tuple } from './trace.ts';

/** What we know of the router, as the tool would read it. */
export interface Router {
  readonly rulesets: readonly Ruleset[];
  readonly environment: NetfilterEnvironment;
  /** `table chain ordinal` of a rule by `placeKey`. */
  readonly ordinals: ReadonlyMap<string, string>;
}

export function environmentOf(tables: RoutingTables, sets: ReadonlyMap<string, IpSet>): NetfilterEnvironment {
  return {
    route: (query) => evaluateRoute(tables, query),
    addressType: (address, device) => addressType(tables, address, device),
    masqueradeAddress: (device, nexthop, destination) => masqueradeAddress(tables, device, nexthop, destination),
    redirectAddress: (device, destination) => redirectAddress(tables, device, destination),
    ipset: (name) => sets.get(name),
    sysctl: (name) => tables.sysctl.value?.get(name)?.value,
  };
}

export function predict(
  { rulesets, environment }: Router,
  probe: Probe,
  family: Family,
  ephemeral: boolean,
): readonly TraversalOutcome[] {
  const user = { client: undefined, router: 0, 'router-user': USER }[probe.sender];
  const flow = newFlow({
    family,
    protocol: probe.protocol,
    source: probe.source,
    sourcePort: ephemeral ? null : probe.sourcePort,
    destination: probe.destination,
    destinationPort: probe.destinationPort,
    inInterface: probe.sender === 'client' ? 'cl0' : null,
    uid: user,
    gid: user,
  });
  const outcomes = evaluateTraversal(rulesets, flow, probe.sender === 'client' ? 'wire' : 'process', environment);
  return outcomes.filter(({ conditions }) => conditions.every((one) => mayHold(one, probe)));
}

/** Whether what we suppose of the port that was hidden from us fits the one that was sent from. */
function mayHold({ key, value, subject }: Condition, { source, sourcePort }: Probe): boolean {
  if (subject.kind !== 'source-port' || !key.startsWith(`port:${source}:own:`)) return true;
  const [from = Number.NaN, to = from] = String(value).split('-').map(Number);
  return from <= sourcePort && sourcePort <= to;
}

/**
 * Holds what we said against what the kernel did with the packet.
 * @param traced whether the rules on its way count too
 * @param legacy the rules are of the legacy back end, whose drops nobody says
 * @returns null when one of our branches is what happened; else a sentence
 */
export function compareTrace(
  router: Router,
  outcomes: readonly TraversalOutcome[],
  trace: Trace | undefined,
  traced: boolean,
  legacy: boolean,
): string | null {
  if (outcomes.some((outcome) => agrees(router, outcome, trace, traced, legacy))) return null;
  return `kernel: ${describeTrace(trace)}\n  ours: ${outcomes.map((outcome) => describeOutcome(router, outcome)).join('\n        ')}`;
}

function agrees(
  router: Router,
  outcome: TraversalOutcome,
  trace: Trace | undefined,
  traced: boolean,
  legacy: boolean,
): boolean {
  const rules = outcome.rules.map((matched) => ordinalOf(router, matched));
  const open = (outcome.mayMatch ?? []).map((rule) => ordinalOf(router, rule));
  if (trace === undefined) return outcome.verdict === 'unroutable' && rules.length === 0;
  // A port that the kernel chooses leaves rules open that do not change the answer, and so stand in its list alone.
  const isChosen = outcome.flow.sourcePort === null;
  if (traced && !isChosen && !isWay(trace.rules, rules, open)) return false;
  switch (outcome.verdict) {
    case 'local':
      return trace.end === 'local' && tupleFits(outcome.flow, trace.last);
    case 'forward':
      return trace.end === 'out' && trace.device === outcome.route?.device && tupleFits(outcome.flow, trace.last);
    case 'drop':
    case 'reject':
      return trace.end === 'drop' || (legacy && trace.end === 'lost');
    case 'unroutable':
      return trace.end === 'lost';
    case 'undetermined':
      return false;
  }
}

/** Whether the kernel's rules are those that we know of, with none between them but such as may match, and what stands behind these. */
function isWay(kernel: readonly string[], rules: readonly string[], open: readonly string[]): boolean {
  if (open.length === 0) return rules.join() === kernel.join();
  let at = 0;
  const others: string[] = [];
  for (const one of kernel) {
    if (one === rules[at]) at += 1;
    else others.push(one);
  }
  return at === rules.length && (others.length === 0 || others.some((one) => open.includes(one)));
}

/** Where a rule stands, as the key of a map. */
export function placeKey({ artefact, line, pointer }: Omit<Evidence, 'raw'>): string {
  return `${artefact}:${line ?? pointer ?? ''}`;
}

function ordinalOf(router: Router, { evidence }: Pick<MatchedRule, 'evidence'>): string {
  return router.ordinals.get(placeKey(evidence)) ?? '?';
}

/** A port that we left open lies where we said. */
function tupleFits(flow: Flow, tuple: Tuple): boolean {
  const range = flow.unknownPort ?? { from: 32_768, to: 60_999 };
  const portFits =
    flow.sourcePort === null
      ? range.from <= tuple.sourcePort && tuple.sourcePort <= range.to
      : flow.sourcePort === tuple.sourcePort;
  return (
    portFits &&
    flow.source === tuple.source &&
    flow.destination === tuple.destination &&
    flow.destinationPort === tuple.destinationPort
  );
}

/**
 * Holds what the sender saw against what we said of the packet, of its answer and of what follows. Where no answer came in time, and
 * one should have come, it is asked for again: the machine may have been busy.
 * @returns null when it can be so; else a sentence
 */
export async function compareResult(
  lab: Lab,
  router: Router,
  probe: Probe,
  outcomes: readonly TraversalOutcome[],
  result: ProbeResult,
): Promise<string | null> {
  const problem = compareSeen(router, probe, outcomes, result);
  if (problem === null || result.result !== 'timeout') return problem;
  return compareSeen(router, probe, outcomes, await lab.probeAgain(probe));
}

function compareSeen(
  router: Router,
  probe: Probe,
  outcomes: readonly TraversalOutcome[],
  result: ProbeResult,
): string | null {
  const possible = outcomes.map((outcome) => expectation(router, probe, outcome));
  if (possible.some((one) => one.allows(result))) return null;
  return `sender saw ${JSON.stringify(result)}, but we expect ${possible.map((one) => one.text).join(' or ')}`;
}

interface Expectation {
  readonly text: string;
  readonly allows: (result: ProbeResult) => boolean;
}

const REFUSALS = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES', 'EPROTO', 'ECONNRESET', 'ENOPROTOOPT'];

function expectation(router: Router, probe: Probe, outcome: TraversalOutcome): Expectation {
  // A local sender of a datagram is told that a rule dropped it.
  const silent = ['timeout', 'EPERM'];
  switch (outcome.verdict) {
    case 'drop':
      return { text: 'silence', allows: ({ result }) => silent.includes(result) };
    case 'reject':
    case 'unroutable':
      return {
        text: 'a refusal, or silence when that is lost',
        allows: ({ result }) => [...silent, ...REFUSALS, 'EINVAL'].includes(result),
      };
    case 'undetermined':
      return { text: 'anything', allows: () => true };
    default:
  }
  const { flow } = outcome;
  const local = outcome.verdict === 'local';
  const pools = ADDRESSES[flow.family];
  const owner = local ? 'router' : 'server';
  const known = (local ? pools.router : pools.server) as readonly string[];
  const listening =
    PORTS.includes(flow.destinationPort) && (probe.protocol === 'tcp' || known.includes(flow.destination));
  if (!local && outcome.route?.device !== 'sv0') return { text: 'anything', allows: () => true };
  // A datagram is refused by ICMP, whose own way back is not evaluated.
  const back = listening || probe.protocol === 'tcp' ? comesBack(router, probe, outcome) : 'perhaps';
  const answer = ({ result, seen }: ProbeResult): boolean =>
    result === 'answered' &&
    seen?.name === owner &&
    seen.local === flow.destination &&
    seen.localPort === flow.destinationPort &&
    seen.peer === flow.source &&
    (flow.sourcePort === null || seen.peerPort === flow.sourcePort);
  const text = `${listening ? 'an answer' : 'a refusal'} (${back}) from ${owner} ${flow.destination}:${flow.destinationPort} to ${flow.source}`;
  return {
    text,
    allows: (result) => {
      const answered = listening ? answer(result) : REFUSALS.includes(result.result);
      if (back === 'yes') return answered || (!listening && isLostRefusal(probe, flow) && result.result === 'timeout');
      return (
        (back === 'perhaps' && answered) ||
        silent.includes(result.result) ||
        REFUSALS.includes(result.result) ||
        result.result === 'closed'
      );
    },
  };
}

/**
 * Refusals to ::1 are routed by the device of the address that was asked, which has no route there when that is another one.
 * Source: net/ipv6/tcp_ipv6.c tcp_v6_send_response (rt6_need_strict), net/ipv6/ip6_input.c ip6_rcv_core (IP6CB(skb)->iif).
 */
function isLostRefusal(probe: Probe, { destination }: Flow): boolean {
  return probe.source === '::1' && destination !== '::1';
}

/** Whether answers, and the packets that follow them, pass the router. */
function comesBack(
  { rulesets, environment }: Router,
  probe: Probe,
  { verdict, flow }: TraversalOutcome,
): 'yes' | 'no' | 'perhaps' {
  const local = verdict === 'local';
  const answer: Flow = { ...replyFlow(flow), inInterface: local ? null : 'sv0', ...(local ? { uid: 0, gid: 0 } : {}) };
  const { tracking } = flow;
  const onward: Flow = {
    ...flow,
    source: tracking.originalSource,
    sourcePort: tracking.originalSourcePort,
    destination: tracking.originalDestination,
    destinationPort: tracking.originalDestinationPort ?? 0,
    unknownPort: originalPorts(flow, environment),
    mark: 0,
    tracking: { ...tracking, state: tracking.state === 'UNTRACKED' ? 'UNTRACKED' : 'ESTABLISHED' },
  };
  const walk = (packet: Flow, mark: number, from: 'process' | 'wire'): readonly TraversalOutcome[] =>
    evaluateTraversal(rulesets, { ...packet, tracking: { ...packet.tracking, mark } }, from, environment);
  const answers: TraversalOutcome[] = [];
  const further: TraversalOutcome[] = [];
  // Of TCP several packets follow in each direction, and each may leave another mark on the connection to those after it.
  const marks = new Set([tracking.mark]);
  for (const mark of marks) {
    answers.push(...walk(answer, mark, local ? 'process' : 'wire'));
    if (probe.protocol === 'udp') break;
    // What acknowledges answers that the tracker was not shown fits no state of the connection.
    const isHidden = ({ flow: sent }: TraversalOutcome): boolean => sent.tracking.state === 'UNTRACKED';
    const unfit: Flow = { ...onward, tracking: { ...newFlow(onward).tracking, state: 'INVALID' } };
    const from = probe.sender === 'client' ? 'wire' : 'process';
    if (answers.some(isHidden)) further.push(...walk(unfit, mark, from));
    if (!answers.every(isHidden)) further.push(...walk(onward, mark, from));
    for (const outcome of [...answers, ...further]) marks.add(outcome.flow.tracking.mark);
  }
  const all = [...answers, ...further];
  const pass = (outcome: TraversalOutcome): boolean => outcome.verdict === 'local' || outcome.verdict === 'forward';
  // An answer that conntrack does not see comes from an address, or a port, that the asker has not asked.
  const isHome = ({ flow: seen }: TraversalOutcome): boolean =>
    seen.destination === probe.source && seen.source === probe.destination && seen.sourcePort === probe.destinationPort;
  if (tracking.state === 'UNTRACKED' || all.some((outcome) => outcome.verdict === 'undetermined')) return 'perhaps';
  // A rule may hide later packets from the tracker, so that they stay with the address that was asked.
  const goesOn = (outcome: TraversalOutcome): boolean => pass(outcome) && outcome.flow.destination === flow.destination;
  if (answers.every((one) => pass(one) && isHome(one)) && further.every(goesOn)) return 'yes';
  if (further.length > 0 && !further.some(goesOn)) return 'no';
  if (all.every(pass)) return answers.some(isHome) ? 'perhaps' : 'no';
  return answers.some(pass) ? 'perhaps' : 'no';
}

function describeTrace(trace: Trace | undefined): string {
  if (trace === undefined) return 'no packet';
  const { last } = trace;
  return `${trace.end} ${trace.device ?? ''} ${last.source}:${last.sourcePort} > ${last.destination}:${last.destinationPort} [${trace.rules.join(', ')}]`;
}

function describeOutcome(router: Router, outcome: TraversalOutcome): string {
  const { flow } = outcome;
  const rules = outcome.rules.map((matched) => ordinalOf(router, matched)).join(', ');
  const detail = outcome.unknown?.reason ?? outcome.rejectWith ?? '';
  return `${outcome.verdict} ${detail} ${outcome.route?.device ?? ''} ${flow.source}:${flow.sourcePort} > ${flow.destination}:${flow.destinationPort} [${rules}]`;
}
