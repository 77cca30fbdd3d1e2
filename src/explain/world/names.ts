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
      return evaluateName(index, { kind: 'pod', pod: source.pod }, host);
    case 'node': {
      const addresses = view.nodeNamed(source.node)?.addresses ?? [];
      return evaluateName(index, { kind: 'node', node: { name: source.node, addresses } }, host);
    }
    case 'outside':
      return [notKnown('the resolver of a client outside is not in the snapshot')];
  }
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
    evidence: [],
  };
}
