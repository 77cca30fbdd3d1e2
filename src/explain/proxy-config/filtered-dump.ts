import { passesCluster, type ClusterFilter, type EndpointTraits } from './clusters.ts';
import { filteredAssignment } from './endpoint-assignments.ts';
import type { EndpointFilter, PlaceTraits } from './endpoint-statuses.ts';
import { passesListener, type DestinationTraits, type ListenerFilter } from './listeners.ts';
import { field, list, text, withField } from './message.ts';
import { filteredRoutes, type RouteFilter } from './routes.ts';
import { isSelecting } from './selection.ts';

/** What `all` filters each kind of resource by. */
export interface DumpFilter {
  readonly cluster: ClusterFilter;
  readonly listener: ListenerFilter;
  readonly route: RouteFilter;
  readonly endpoint: EndpointFilter;
}

/** What a filter has to know of other resources. */
export interface FilterLookups {
  readonly endpoints: EndpointTraits;
  readonly destinations: DestinationTraits;
  readonly places: PlaceTraits;
}

/** Whether anything is filtered at all. */
export function isFiltering({ cluster, listener, route, endpoint }: DumpFilter): boolean {
  const selecting = [cluster, listener, route, endpoint].some(({ selection }) => isSelecting(selection));
  return selecting || [cluster.fqdn, listener.type, route.name, endpoint.cluster].some((value) => value !== null);
}

/** A config_dump with only the listeners, clusters, routes and endpoints that pass; everything else stays as it is. */
export function filterDump(document: unknown, filter: DumpFilter, lookups: FilterLookups): unknown {
  if (!isFiltering(filter)) return document;
  const configs = list(document, 'configs').map((section) => filterSection(section, filter, lookups));
  return withField(document, 'configs', configs);
}

function filterSection(section: unknown, filter: DumpFilter, lookups: FilterLookups): unknown {
  if (typeof section !== 'object' || section === null) return section;
  const entries = Object.entries(section).map(([key, value]): [string, unknown] => {
    const elements: unknown = Array.isArray(value)
      ? (value as unknown[]).flatMap((one) => filterElement(one, key, filter, lookups))
      : value;
    return [key, elements];
  });
  return Object.fromEntries(entries);
}

/** An element of a section by what it wraps; a listener in any of its states. */
function filterElement(
  element: unknown,
  place: string,
  filter: DumpFilter,
  lookups: FilterLookups,
): readonly unknown[] {
  const state = [/warming/i.test(place) ? 'warming' : 'active'];
  const cluster = field(element, 'cluster');
  if (cluster !== undefined) return passesCluster(cluster, state, filter.cluster, lookups.endpoints) ? [element] : [];
  const route = field(element, 'route_config');
  if (route !== undefined) {
    if (filter.route.name !== null && text(route, 'name') !== filter.route.name) return [];
    return filteredRoutes(route, state, filter.route.selection).map((one) => withField(element, 'route_config', one));
  }
  const assignment = field(element, 'endpoint_config');
  if (assignment !== undefined) {
    if (!isSelecting(filter.endpoint.selection) && filter.endpoint.cluster === null) return [element];
    const passing = filteredAssignment(assignment, filter.endpoint, lookups.places);
    return passing.map((one) => withField(element, 'endpoint_config', one));
  }
  const states = (['active', 'warming', 'draining'] as const).map(
    (one) => [field(element, `${one}_state`, 'listener'), one] as const,
  );
  const found = [[field(element, 'listener'), 'active'] as const, ...states].filter(([one]) => one !== undefined);
  const passes = found.some(([listener, one]) =>
    passesListener(listener, [one], filter.listener, lookups.destinations),
  );
  return found.length === 0 || passes ? [element] : [];
}
