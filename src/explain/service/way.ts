import { formatEndpoint } from '../../model/address.ts';
import type { Condition } from '../../model/branching.ts';
import { uniqueEvidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome } from '../../model/kube-proxy.ts';
import type { TraversalEnd, TraversalOutcome } from '../../model/netfilter.ts';
import type { ServiceBackend, ServiceWay } from '../../model/service-report.ts';
import { conditionsText } from '../sentences/conditions.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/** What one evaluation says of a packet, whether of rules or of what the objects ask. */
export interface Ending {
  readonly action: ServiceWay['action'];
  /** null unless translated. */
  readonly to: { readonly ip: string; readonly port: number } | null;
  /** `ip:port` of backends to which other clients are sent. */
  readonly others: readonly string[];
  readonly masquerade: boolean | null;
  readonly probability: number;
  readonly conditions: readonly Condition[];
  readonly reason: string | null;
}

/** What a node's rules make of a packet. */
export function programmedEndings(asked: Flow, outcomes: readonly TraversalEnd[]): readonly Ending[] {
  return outcomes.map((outcome): Ending => {
    const { flow, verdict, probability, conditions, sourceNat } = outcome;
    const moved = flow.destination !== asked.destination || flow.destinationPort !== asked.destinationPort;
    const translated = moved || flow.tracking.dnat || flow.tracking.ipvs !== undefined;
    const ending = (
      action: Ending['action'],
      reason: string | null,
      to: Ending['to'] = null,
      others: Ending['others'] = [],
    ): Ending => {
      return { action, to, others, masquerade: sourceNat !== undefined, probability, conditions, reason };
    };
    switch (verdict) {
      case 'drop':
        return ending('dropped', outcome.endedBy?.raw ?? null);
      case 'reject':
        return ending('rejected', outcome.rejectWith ?? null);
      case 'undetermined':
        return ending('undetermined', outcome.unknown?.reason ?? null);
      case 'unroutable':
      case 'forward':
      case 'local': {
        const handed = moved ? undefined : flow.tracking.ipvs;
        const to = { ip: handed?.server ?? flow.destination, port: handed?.serverPort ?? flow.destinationPort };
        const others = flow.tracking.ipvs?.usable ?? [];
        return translated ? ending('translated', null, to, others) : ending('untouched', null);
      }
    }
  });
}

const ACTIONS = {
  dnat: 'translated',
  reject: 'rejected',
  drop: 'dropped',
  pass: 'untouched',
  undetermined: 'undetermined',
} as const;

/** What the API objects ask a node to make of a packet. */
export function intendedEndings(outcomes: readonly IntendedOutcome[]): readonly Ending[] {
  return outcomes.map((outcome) => ({
    action: ACTIONS[outcome.action],
    to: outcome.destination,
    others: [],
    masquerade: outcome.masquerade,
    probability: outcome.probability,
    conditions: outcome.conditions,
    reason: outcome.unknown?.reason ?? outcome.reasons.at(-1) ?? null,
  }));
}

/** Conditions that only say whether a client has been there before, and the value of one that has not. */
function isFresh({ subject, value }: Condition): boolean | undefined {
  switch (subject.kind) {
    case 'recent':
    case 'set-element':
      return value === false;
    case 'affinity':
      return value === 'none';
    default:
      return undefined;
  }
}

/** The endings that a client meets that was not there before. */
function freshOnes(endings: readonly Ending[]): readonly Ending[] {
  return endings.filter((one) => one.conditions.every((condition) => isFresh(condition) !== false));
}

/** Whether it is not known how such a client ends, or it may end in more than one way. */
export function isOpen(endings: readonly Ending[]): boolean {
  const fresh = freshOnes(endings);
  const action = fresh[0]?.action ?? 'undetermined';
  return action === 'undetermined' || fresh.some((one) => one.action !== action);
}

/** One line for all endings of a packet: what a client meets that was not there before. */
export function wayOf(
  view: ClusterView,
  endings: readonly Ending[],
  outcomes: readonly TraversalOutcome[],
): Omit<ServiceWay, 'from' | 'drift'> {
  const fresh = freshOnes(endings);
  const actions = new Set(fresh.map((one) => one.action));
  const [action = 'undetermined'] = actions;
  const masquerades = new Set(fresh.map((one) => one.masquerade));
  const mixed = actions.size > 1;
  return {
    action: mixed ? 'undetermined' : action,
    backends: mixed ? [] : backendsOf(view, fresh),
    masquerade: masquerades.has(null)
      ? 'unknown'
      : masquerades.size > 1
        ? 'some'
        : masquerades.has(true)
          ? 'all'
          : 'none',
    affinity: endings.some((one) => one.conditions.some((condition) => isFresh(condition) === false)),
    reason: mixed ? `it ends differently: ${[...actions].join(', ')}` : reasonOf(fresh),
    rules: uniqueEvidence(outcomes.flatMap((outcome) => outcome.rules.map((matched) => matched.evidence))),
  };
}

function backendsOf(view: ClusterView, endings: readonly Ending[]): readonly ServiceBackend[] {
  const backends = new Map<string, ServiceBackend>();
  for (const { to, probability, conditions } of endings) {
    if (to === null) continue;
    const key = formatEndpoint(to.ip, to.port);
    const open = conditions.some((condition) => isFresh(condition) === undefined);
    const before = backends.get(key);
    const sum = before === undefined ? probability : (before.probability ?? 0) + probability;
    const pod = view.podAt(to.ip);
    backends.set(key, {
      ip: to.ip,
      port: to.port,
      pod: pod === undefined ? null : `${pod.namespace}/${pod.name}`,
      probability: open || before?.probability === null ? null : Math.min(1, sum),
    });
  }
  return [...backends.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
}

function reasonOf(endings: readonly Ending[]): string | null {
  const open = endings.flatMap((one) => one.conditions.filter((condition) => isFresh(condition) === undefined));
  const [first] = open;
  if (first?.subject.kind === 'real-server') return `scheduler ${first.subject.scheduler} decides`;
  if (first !== undefined) return `it depends: ${conditionsText([first]) ?? ''}`;
  const [ending] = endings;
  return ending === undefined || ending.action === 'translated' ? null : ending.reason;
}

/** `ip:port` of every backend that an evaluation knows, whoever the client. */
export function targetsOf(endings: readonly Ending[]): ReadonlySet<string> {
  return new Set(endings.flatMap(({ to, others }) => (to === null ? [] : [formatEndpoint(to.ip, to.port), ...others])));
}
