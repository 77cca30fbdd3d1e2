import type { NameOutcome } from '../../model/name-resolution.ts';
import type { Source } from '../../model/question.ts';
import { evaluateName } from '../../evaluate/dns/evaluate-name.ts';
import type { World } from './world.ts';

/** What the client's resolver makes of a name; unknown when no objects were captured, or the client is outside. */
export function resolveName(world: World, source: Source, host: string): readonly NameOutcome[] {
  const view = world.cluster(source.cluster);
  const index = view.nameIndex();
  if (index === undefined) return [notKnown('Services and pods were not captured')];
  switch (source.kind) {
    case 'pod':
      return evaluateName(index, { kind: 'pod', pod: source.pod }, host);
    case 'node': {
      const addresses = view.nodeNamed(source.node)?.addresses ?? [];
      return evaluateName(index, { kind: 'node', node: { name: source.node, addresses } }, host);
    }
    case 'outside':
      return [notKnown('the resolver of a client outside is not in the snapshot')];
  }
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
