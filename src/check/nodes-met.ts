import type { NodeFacts } from '../model/facts.ts';
import type { NetnsVisit } from '../model/trace.ts';
import { objectsOf, visitsOf, type CheckContext } from './check.ts';

/** A packet met a node. */
export interface NodeVisit extends NetnsVisit {
  readonly node: string;
  readonly facts: NodeFacts;
}

/** Every packet that met a node, in the order of the walk. */
export function nodeVisits(context: CheckContext): readonly NodeVisit[] {
  return visitsOf(context, 'netns').flatMap((visit) =>
    visit.owner.kind === 'node'
      ? [{ ...visit, node: visit.owner.node, facts: context.cluster.node(visit.owner.node) }]
      : [],
  );
}

/** The nodes that packets met, each once. */
export function nodesMet(context: CheckContext): readonly NodeFacts[] {
  return [...new Map(nodeVisits(context).map(({ node, facts }) => [node, facts])).values()];
}

/** The node that has the address. */
export function nodeAt(context: CheckContext, address: string | null): string | null {
  const nodes = objectsOf(context)?.nodes ?? [];
  return nodes.find((one) => one.addresses.some((own) => own.address === address))?.name ?? null;
}
