import type { Facts } from '../../model/facts.ts';
import type { Question } from '../../model/question.ts';
import { createClusterView, type ClusterView } from './cluster-view.ts';

/** Everything that the walk looks things up in. Built once for a set of facts; asking it changes nothing. */
export interface World {
  readonly facts: Facts;
  /** The clusters, in the order of the snapshots. */
  readonly clusters: readonly ClusterView[];
  cluster(name: string): ClusterView;
  /** The cluster that the client of a question is in. */
  home(question: Question): ClusterView;
}

/**
 * Builds the world of some facts.
 * @throws Error from `cluster` when nobody read a cluster of that name (a mistake of the caller, never of the input)
 */
export function createWorld(facts: Facts): World {
  const clusters = facts.clusters.map(createClusterView);
  const cluster = (name: string): ClusterView => {
    const view = clusters.find((one) => one.name === name);
    if (view === undefined) throw new Error(`no cluster is named ${name}`);
    return view;
  };
  return { facts, clusters, cluster, home: (question) => cluster(question.source.cluster) };
}
