/**
 * Routes that differ in nothing but names: their own, those of their virtual hosts and those of the clusters that they lead to.
 * In: a route that was chosen; the outcomes of a request that took one. Out: which routes are like it; the outcomes of the same request
 * on another of them. It must not take for a name what a rule looks at.
 */
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { field as valueOf, isMessage, list, text } from '../../../../model/protobuf-message.ts';
import { freeMembers, Kinds, placeOf } from '../alike.ts';
import { AlikeClusters } from '../cluster/alike-clusters.ts';
import type { AlikeCluster, ClusteredProxy } from '../cluster/alike-clusters.ts';
import { sharesOf, takenBy, underOtherNames } from '../walk.ts';

/** A route, and which others are like it. */
export interface AlikeRoute {
  /** Two of the same kind differ in names alone. */
  readonly kind: string;
  readonly virtualHost: string;
  /** null: it has none. */
  readonly name: string | null;
  /** Those that it may lead to, each another, in the order of the configuration. */
  readonly clusters: readonly AlikeCluster[];
}

/** Domains and routes were looked at before; the rest says what a route was made of. */
const VIRTUAL_HOST_NAMES = freeMembers({ name: 'text', domains: 'any', routes: 'any' });
const ROUTE_NAMES = freeMembers({
  name: 'text',
  metadata: 'any',
  decorator: 'any',
  route: freeMembers({
    cluster: 'text',
    weighted_clusters: freeMembers({ clusters: { each: freeMembers({ name: 'text' }) } }),
  }),
});

/** A route, and what it stands in. */
interface Chosen {
  readonly routeConfig: Cursor | null;
  readonly virtualHost: Cursor | null;
  readonly route: Cursor | null;
}

/** The routes of one proxy. */
export class AlikeRoutes {
  readonly #configs: unknown[] = [];
  readonly #virtualHosts = new Kinds(VIRTUAL_HOST_NAMES);
  readonly #routes = new Kinds(ROUTE_NAMES);
  readonly #clusters = new AlikeClusters();

  /** The route of a choice; null: it is like no other, as far as is known. */
  of(proxy: ClusteredProxy, { routeConfig, virtualHost, route }: Chosen): AlikeRoute | null {
    const host = virtualHost?.value;
    const value = route?.value;
    const named = clusterNames(value);
    const clusters = named.flatMap((name) => this.#clusters.of(proxy, name) ?? []);
    if (clusters.length === 0 || clusters.length < named.length) return null;
    const hostKind = this.#virtualHosts.kindOf(host);
    const routeKind = this.#routes.kindOf(value);
    if (hostKind === null || routeKind === null) return null;
    const kind = [placeOf(this.#configs, routeConfig?.value), hostKind, routeKind, ...clusters.map((one) => one.kind)];
    return { kind: kind.join('/'), virtualHost: text(host, 'name'), name: text(value, 'name') || null, clusters };
  }
}

/** The clusters that a route names, each another; none where something else has a say. */
function clusterNames(route: unknown): readonly string[] {
  const action = valueOf(route, 'route');
  const only = text(action, 'cluster');
  if (only !== '') return [only];
  const weighted = valueOf(action, 'weighted_clusters');
  if (!isMessage(weighted) || text(weighted, 'runtime_key_prefix') !== '') return [];
  const names = list(weighted, 'clusters').map((entry) => text(entry, 'name'));
  return names.includes('') || new Set(names).size < names.length ? [] : names;
}

/** Outcomes of a request, told so that they can be those of the same request on a route that is alike. */
export class AlikeOutcomes {
  readonly #parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** null: more than names may differ. */
  static of(route: AlikeRoute, outcomes: readonly EnvoyOutcome[]): AlikeOutcomes | null {
    const parts = outcomes.map((outcome) => partOf(route, outcome));
    return parts.every((part) => part !== null) ? new AlikeOutcomes(parts) : null;
  }

  /** @returns null: they are not like those of this route */
  on({ virtualHost, name, clusters }: AlikeRoute): EnvoyOutcome[] | null {
    const outcomes: EnvoyOutcome[] = [];
    for (const { outcome, cluster, hosts } of this.#parts) {
      const own = clusters[cluster];
      const names = own?.hosts();
      if (own === undefined || names === null || names === undefined) return null;
      const { listener, filterChain } = takenBy(outcome);
      const taken = { listener, filterChain, virtualHost, route: name, cluster: own.name };
      const shares = hosts.map(({ place, share }) => ({ host: names[place] ?? '', share }));
      outcomes.push(underOtherNames(outcome, taken, shares));
    }
    return outcomes;
  }
}

/** An outcome among the hosts of one cluster of the route. */
interface Part {
  readonly outcome: EnvoyOutcome;
  /** Its place among the clusters of the route. */
  readonly cluster: number;
  /** Places among the hosts of the cluster. */
  readonly hosts: readonly { readonly place: number; readonly share: number }[];
}

function partOf({ virtualHost, name, clusters }: AlikeRoute, outcome: EnvoyOutcome): Part | null {
  const shares = sharesOf(outcome);
  const taken = takenBy(outcome);
  if (shares === null || outcome.conditions.length > 0) return null;
  if (taken.virtualHost !== virtualHost || taken.route !== name) return null;
  const cluster = clusters.findIndex((one) => one.name === taken.cluster);
  const names = clusters[cluster]?.hosts() ?? [];
  const hosts = shares.map(({ host, share }) => ({ place: names.indexOf(host), share }));
  const each = new Set(names).size === names.length && hosts.every(({ place }) => place >= 0);
  return each ? { outcome, cluster, hosts } : null;
}
