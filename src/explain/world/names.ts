import type { NameOutcome } from '../../model/name-resolution.ts';
import type { Source } from '../../model/question.ts';
import { evaluateName } from '../../evaluate/dns/evaluate-name.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { ClusterView } from './cluster-view.ts';
import { lookUpVariable } from './environment.ts';
import type { World } from './world.ts';

/** What the client's resolver makes of a name; unknown when no objects were captured, or the client is outside. */
export function resolveName(world: World, source: Source, host: string): readonly NameOutcome[] {
  const view = world.cluster(source.cluster);
  const index = view.nameIndex();
  if (index === undefined) return [notKnown('Services and pods were not captured')];
  switch (source.kind) {
    case 'pod':
      if (host.startsWith('$')) return [fromVariable(view, source.pod, host.slice(1))];
      return evaluateName(index, { kind: 'pod', pod: source.pod }, host).map((one) => withoutBareNames(view, one));
    case 'node': {
      const addresses = view.nodeNamed(source.node)?.addresses ?? [];
      return evaluateName(index, { kind: 'node', node: { name: source.node, addresses } }, host);
    }
    case 'outside':
      return [notKnown('the resolver of a client outside is not in the snapshot')];
  }
}

/**
 * A name of one label that the cluster does not know is asked outside last. No public zone has such names, and private ones seldom, so
 * it is taken not to resolve; names of nodes may.
 */
function withoutBareNames(view: ClusterView, outcome: NameOutcome): NameOutcome {
  const last = outcome.queries.at(-1);
  if (outcome.result !== 'outside' || last === undefined || last.alias !== null) return outcome;
  const inCluster = outcome.queries.some((query) => query.source === 'cluster-dns');
  if (!inCluster || last.name.includes('.') || view.nodes.includes(last.name)) return outcome;
  const assumption = `no name server outside the cluster has an address for the bare name ${last.name}`;
  return { ...outcome, result: 'no-such-name', assumptions: [...outcome.assumptions, assumption] };
}

/** The address that an environment variable about a Service holds. */
function fromVariable(view: ClusterView, pod: PodFact, name: string): NameOutcome {
  const { state, value, service, evidence } = lookUpVariable(view, pod, name);
  const answer = state === 'set' ? 'addresses' : state === 'unknown' ? 'unknown' : 'no-such-name';
  const about = service === null ? 'no Service makes it' : `made of Service ${service.namespace}/${service.name}`;
  const age =
    state === 'set' ? '' : state === 'unknown' ? ', whose age is not known' : ', which is younger than the container';
  return {
    ...notKnown(`environment variable ${about}${service === null ? '' : age}`),
    result: state === 'set' ? 'address' : state === 'unknown' ? 'unknown' : 'no-such-name',
    address: state === 'set' ? value : null,
    queries: [
      { name: `$${name}`, source: 'environment', answer, addresses: value === null ? [] : [value], alias: null },
    ],
    service,
    evidence,
  };
}

function notKnown(reason: string): NameOutcome {
  return {
    probability: 1,
    conditions: [],
    result: 'unknown',
    address: null,
    queries: [],
    service: null,
    pod: null,
    reasons: [reason],
    assumptions: [],
    evidence: [],
  };
}
