/**
 * Intended against programmed, on each node that the walk passed: what the API objects ask of it for this packet, and what its
 * rules do. A difference is a finding even where this request passes. Dumps are taken one after another, so a change that was
 * on its way at that moment looks the same as one that never came.
 */
import { formatEndpoint } from '../model/address.ts';
import type { Finding } from '../model/explanation.ts';
import type { IntendedOutcome } from '../model/kube-proxy.ts';
import type { TraversalOutcome } from '../model/netfilter.ts';
import type { NetnsVisit } from '../model/trace.ts';
import { listText } from '../model/wording.ts';
import type { Code } from './catalogue.ts';
import { finding, visitsOf, type Check, type CheckContext } from './check.ts';
import { endpointsOf, serviceName, serviceSubject } from './services-met.ts';

/** Both evaluations of one node, reduced to what can be compared. */
interface Compared {
  readonly visit: NetnsVisit;
  readonly node: string;
  readonly intended: readonly IntendedOutcome[];
  readonly programmed: readonly TraversalOutcome[];
  /** `ip:port` of every backend that is asked for, and that is programmed. */
  readonly wanted: ReadonlySet<string>;
  readonly found: ReadonlySet<string>;
}

export const unknownServiceCheck: Check = {
  code: 'KR201',
  run: (context) =>
    compared(context).flatMap((one) => {
      if (one.wanted.size === 0 || one.found.size > 0 || one.programmed.some((outcome) => ended(outcome))) return [];
      const to = formatEndpoint(one.visit.flow.destination, one.visit.flow.destinationPort);
      return drift(
        one,
        'KR201',
        `Node ${one.node} has no rule for ${to}, though it should send it to ${listText([...one.wanted])}.`,
      );
    }),
};

export const goneEndpointCheck: Check = {
  code: 'KR202',
  run: (context) =>
    compared(context).flatMap((one) => {
      const service = serviceOf(one);
      if (service === null) return [];
      const known = new Set(endpointsOf(context, service).flatMap(({ addresses }) => addresses));
      const gone = [...one.found].filter(
        (target) => !one.wanted.has(target) && ![...known].some((ip) => target.startsWith(formatEndpoint(ip, null))),
      );
      if (gone.length === 0) return [];
      return drift(
        one,
        'KR202',
        `Node ${one.node} sends to ${listText(gone)}, which no EndpointSlice of ${serviceName(service)} has.`,
      );
    }),
};

export const lackingEndpointCheck: Check = {
  code: 'KR203',
  run: (context) =>
    compared(context).flatMap((one) => {
      const lacking = [...one.wanted].filter((target) => !one.found.has(target));
      if (lacking.length === 0 || one.found.size === 0) return [];
      return drift(
        one,
        'KR203',
        `Node ${one.node} sends nothing to ${listText(lacking)}, though its endpoints are ready.`,
      );
    }),
};

export const otherDriftCheck: Check = {
  code: 'KR204',
  run: (context) =>
    compared(context).flatMap((one) => {
      const wanted = one.intended[0]?.action;
      const found = programmedAction(one);
      if (wanted === found || wanted === undefined || (wanted === 'dnat' && found === 'pass'))
        return masqueradeDrift(one);
      return drift(
        one,
        'KR204',
        `The API objects ask node ${one.node} to ${ACTION[wanted]} the connection, but its rules ${ACTION[found]} it.`,
      );
    }),
};

const ACTION: Readonly<Record<IntendedOutcome['action'], string>> = {
  dnat: 'translate',
  reject: 'reject',
  drop: 'drop',
  pass: 'leave untranslated',
  undetermined: 'treat (undetermined)',
};

function masqueradeDrift(one: Compared): readonly Finding[] {
  for (const outcome of one.programmed) {
    const target = targetOf(one, outcome);
    const wanted = one.intended.find((candidate) => candidate.destination !== null && endpoint(candidate) === target);
    if (wanted === undefined || wanted.masquerade === null || target === null) continue;
    const masqueraded = outcome.sourceNat !== undefined;
    if (masqueraded === wanted.masquerade) continue;
    const should = wanted.masquerade ? 'should masquerade connections' : 'should keep the source of connections';
    return drift(
      one,
      'KR204',
      `Node ${one.node} ${should} to ${target}, but its rules ${masqueraded ? 'masquerade them' : 'do not'}.`,
    );
  }
  return [];
}

function compared(context: CheckContext): readonly Compared[] {
  return visitsOf(context, 'netns').flatMap((visit) => {
    const { owner, intended, programmed } = visit;
    if (owner.kind !== 'node' || intended === null || programmed === null) return [];
    if (intended.every((outcome) => outcome.service === null)) return [];
    const unsure = programmed.some((outcome) => outcome.verdict === 'undetermined');
    if (unsure || intended.some((outcome) => outcome.action === 'undetermined')) return [];
    const base = { visit, node: owner.node, intended, programmed };
    const wanted = new Set(intended.flatMap((outcome) => (outcome.destination === null ? [] : [endpoint(outcome)])));
    const found = new Set(programmed.flatMap((outcome) => targetsOf(base, outcome)));
    return [{ ...base, wanted, found }];
  });
}

/** Where a way through the rules sends the packet, when they translate it. */
function targetOf({ visit }: Pick<Compared, 'visit'>, { flow }: TraversalOutcome): string | null {
  const same = flow.destination === visit.flow.destination && flow.destinationPort === visit.flow.destinationPort;
  return same && !flow.tracking.dnat ? null : formatEndpoint(flow.destination, flow.destinationPort);
}

/** As `targetOf`, with those to which a virtual server sends other clients: a hash or a template may decide for this one. */
function targetsOf(base: Pick<Compared, 'visit'>, outcome: TraversalOutcome): readonly string[] {
  const target = targetOf(base, outcome);
  return target === null ? [] : [target, ...(outcome.flow.tracking.ipvs?.usable ?? [])];
}

function endpoint({ destination }: IntendedOutcome): string {
  return destination === null ? '' : formatEndpoint(destination.ip, destination.port);
}

function ended(outcome: TraversalOutcome): boolean {
  return outcome.verdict === 'drop' || outcome.verdict === 'reject';
}

function programmedAction(one: Compared): IntendedOutcome['action'] {
  if (one.found.size > 0) return 'dnat';
  const verdicts = new Set(one.programmed.map((outcome) => outcome.verdict));
  if (verdicts.has('reject')) return 'reject';
  return verdicts.has('drop') ? 'drop' : 'pass';
}

function serviceOf({ intended }: Compared) {
  return intended.find((outcome) => outcome.service !== null)?.service ?? null;
}

function drift(one: Compared, code: Code, cause: string): readonly Finding[] {
  const service = serviceOf(one);
  const rules = one.programmed.flatMap((outcome) => outcome.rules.slice(-1).map((matched) => matched.evidence));
  return [
    finding(code, {
      subject: service === null ? `node ${one.node}` : serviceSubject(service),
      cause,
      remedy: `See whether kube-proxy runs and synchronises on ${one.node} (its log and kubeproxy_sync_proxy_rules_last_timestamp_seconds); restart it if it does not.`,
      evidence: [...(one.intended[0]?.evidence ?? []), ...rules.slice(0, 3)],
    }),
  ];
}
