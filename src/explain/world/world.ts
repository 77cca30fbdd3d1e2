import type { Family } from '../../model/address.ts';
import type { Facts, NetnsFacts } from '../../model/facts.ts';
import type { NetfilterEnvironment } from '../../model/netfilter.ts';
import type { Question } from '../../model/question.ts';
import { routingTables, type RoutingTables } from '../../evaluate/routing/routing-tables.ts';
import { createClusterView, type ClusterView } from './cluster-view.ts';
import { netfilterEnvironment } from './netfilter-environment.ts';

/** Everything that the walk looks things up in. Built once for a set of facts; asking it changes nothing. */
export interface World {
  readonly facts: Facts;
  /** The clusters, in the order of the snapshots. */
  readonly clusters: readonly ClusterView[];
  cluster(name: string): ClusterView;
  /** The cluster that the client of a question is in. */
  home(question: Question): ClusterView;
  routing(netns: NetnsFacts, family: Family): RoutingTables;
  environment(netns: NetnsFacts, family: Family): NetfilterEnvironment;
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
  const routing = once(routingTables);
  const environment = once((netns: NetnsFacts, family: Family) => netfilterEnvironment(netns, routing(netns, family)));
  return { facts, clusters, cluster, home: (question) => cluster(question.source.cluster), routing, environment };
}

/** Makes each namespace's value once for each family. */
function once<T>(make: (netns: NetnsFacts, family: Family) => T): (netns: NetnsFacts, family: Family) => T {
  const made = new Map<NetnsFacts, Map<Family, T>>();
  return (netns, family) => {
    const byFamily = made.get(netns) ?? new Map<Family, T>();
    made.set(netns, byFamily);
    const known = byFamily.get(family);
    if (known !== undefined) return known;
    const value = make(netns, family);
    byFamily.set(family, value);
    return value;
  };
}
