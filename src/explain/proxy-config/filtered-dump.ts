import { mappedElements, type WalkedJson } from '../../model/walked-json.ts';
import { passesCluster, type ClusterFilter, type EndpointTraits } from './clusters.ts';
import { filteredAssignment } from './endpoint-assignments.ts';
import type { EndpointFilter, PlaceTraits } from './endpoint-statuses.ts';
import { passesListener, type DestinationTraits, type ListenerFilter } from './listeners.ts';
import { field, text, withField } from '../../model/protobuf-message.ts';
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
export function filterDump(document: WalkedJson, filter: DumpFilter, lookups: FilterLookups): WalkedJson {
  if (!isFiltering(filter)) return document;
  return selectElements(document, (element, place) => filterElement(element, place, filter, lookups));
}

/**
 * A config_dump with what is left of the elements of each list of its sections.
 * @param select is told each element and the name of its list
 */
export function selectElements(
  document: WalkedJson,
  select: (element: unknown, place: string) => readonly unknown[],
): WalkedJson {
  return withMembers(document, (name, member) => {
    if (name !== 'configs' || !('elements' in member)) return member;
    return mappedElements(member.elements, (section) => [
      withMembers(section, (place, elements) => {
        if (!('elements' in elements)) return elements;
        return mappedElements(elements.elements, (element) =>
          'value' in element ? select(element.value, place).map((value) => ({ value })) : [element],
        );
      }),
    ]);
  });
}

function withMembers(node: WalkedJson, change: (name: string, member: WalkedJson) => WalkedJson): WalkedJson {
  if (!('members' in node)) return node;
  return { members: node.members.map(([name, member]) => [name, change(name, member)]) };
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
