import { passesCluster, type ClusterFilter } from './clusters.ts';
import { filteredAssignment } from './endpoint-assignments.ts';
import type { EndpointFilter } from './endpoint-statuses.ts';
import { passesListener, type ListenerFilter } from './listeners.ts';
import { field, list, text, withField } from './message.ts';

/** What `all` filters each kind of resource by. */
export interface DumpFilter {
  readonly cluster: ClusterFilter;
  readonly listener: ListenerFilter;
  readonly route: string | null;
  readonly endpoint: EndpointFilter;
}

/** Whether anything is filtered at all. */
export function isFiltering({ cluster, listener, route, endpoint }: DumpFilter): boolean {
  const values = [cluster, listener, endpoint].flatMap((part): unknown[] => Object.values(part));
  return route !== null || values.some((value) => value !== null);
}

/** A config_dump with only the listeners, clusters, routes and endpoints that pass; everything else stays as it is. */
export function filterDump(document: unknown, filter: DumpFilter): unknown {
  if (!isFiltering(filter)) return document;
  const configs = list(document, 'configs').map((section) => filterSection(section, filter));
  return withField(document, 'configs', configs);
}

function filterSection(section: unknown, filter: DumpFilter): unknown {
  if (typeof section !== 'object' || section === null) return section;
  const entries = Object.entries(section).map(([key, value]): [string, unknown] => {
    const elements: unknown = Array.isArray(value)
      ? (value as unknown[]).flatMap((one) => filterElement(one, filter))
      : value;
    return [key, elements];
  });
  return Object.fromEntries(entries);
}

/** An element of a section by what it wraps; a listener in any of its states. */
function filterElement(element: unknown, filter: DumpFilter): readonly unknown[] {
  const cluster = field(element, 'cluster');
  if (cluster !== undefined) return passesCluster(text(cluster, 'name'), filter.cluster) ? [element] : [];
  const route = field(element, 'route_config');
  if (route !== undefined) return filter.route === null || text(route, 'name') === filter.route ? [element] : [];
  const assignment = field(element, 'endpoint_config');
  if (assignment !== undefined) {
    if (Object.values(filter.endpoint).every((value) => value === null)) return [element];
    return filteredAssignment(assignment, filter.endpoint).map((one) => withField(element, 'endpoint_config', one));
  }
  const listeners = ['active_state', 'warming_state', 'draining_state'].map((state) =>
    field(element, state, 'listener'),
  );
  const found = [field(element, 'listener'), ...listeners].filter((one) => one !== undefined);
  return found.length === 0 || found.some((listener) => passesListener(listener, filter.listener)) ? [element] : [];
}
