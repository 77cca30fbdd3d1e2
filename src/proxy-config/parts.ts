/** What each subcommand shows of one proxy: rows of istioctl, wide rows, istioctl's messages, objects of our own schema. */
import { bootstrapTable, findBootstrap } from '../explain/proxy-config/bootstrap.ts';
import {
  clusterTable,
  listClusters,
  passesCluster,
  sortClusters,
  type ClusterFilter,
} from '../explain/proxy-config/clusters.ts';
import { assignmentTable, listAssignments, sortAssignments } from '../explain/proxy-config/endpoint-assignments.ts';
import {
  endpointStatusTable,
  listClusterStatuses,
  type EndpointFilter,
} from '../explain/proxy-config/endpoint-statuses.ts';
import { extensionTable, listExtensions } from '../explain/proxy-config/extensions.ts';
import { clusterDetails } from '../explain/proxy-config/inventory/cluster-detail.ts';
import type { EndpointDetail } from '../explain/proxy-config/inventory/endpoint-detail.ts';
import { listenerDetails } from '../explain/proxy-config/inventory/listener-detail.ts';
import { routesOf, type RouteDetail } from '../explain/proxy-config/inventory/route-detail.ts';
import {
  statedResources,
  statesOf,
  troubleNotes,
  type StatedKind,
} from '../explain/proxy-config/inventory/stated-resources.ts';
import {
  wideClusterTable,
  wideEndpointTable,
  wideListenerTable,
  wideRouteTable,
} from '../explain/proxy-config/inventory/wide-tables.ts';
import {
  listenerTable,
  listListeners,
  passesListener,
  type ListenerFilter,
} from '../explain/proxy-config/listeners.ts';
import { endpointTraits, proxyLookups, type ProxyLookups } from '../explain/proxy-config/lookups.ts';
import { text } from '../model/protobuf-message.ts';
import { requiredSection, type Detail } from '../explain/proxy-config/resources.ts';
import {
  filteredRoutes,
  listRoutes,
  routeTable,
  sortRoutes,
  type RouteFilter,
} from '../explain/proxy-config/routes.ts';
import { findSecrets, secretTable } from '../explain/proxy-config/secrets.ts';
import { selects } from '../explain/proxy-config/selection.ts';
import type { Table } from '../explain/proxy-config/table.ts';
import { camelCase } from '../model/protobuf-name.ts';
import { parseCertificate } from '../parse/certificate/certificate.ts';
import type { Proxies, Proxy } from './proxies.ts';
import type { Part } from './present.ts';

/** What filters have to know of the rest of a proxy. */
export function lookupsOf(proxy: Proxy): ProxyLookups {
  return proxyLookups(() => ({
    dump: proxy.has('config-dump') ? proxy.config() : null,
    statuses: proxy.has('clusters') ? proxy.clusters() : null,
    view: proxy.view,
  }));
}

/** What proxies refused or do not use yet or any more, as sentences for standard error. */
export function troublesOf({ list, several }: Proxies, kinds: readonly StatedKind[]): string[] {
  return list.flatMap((proxy) => {
    const notes = kinds.flatMap((kind) => troubleNotes(proxy.config(), kind));
    return several ? notes.map((note) => `${proxy.name}: ${note}`) : notes;
  });
}

export function clusterPart(proxy: Proxy, filter: ClusterFilter): Part {
  const lookups = lookupsOf(proxy);
  const running = (detail: Detail) => listClusters(proxy.config(), filter, lookups.endpoints, detail);
  const details = () => {
    requiredSection(proxy.config(), 'ClustersConfigDump');
    return clusterDetails(
      proxy.config(),
      (one) => passesCluster(one.resource, statesOf(one), filter, lookups.endpoints),
      (cluster) => lookups.count(cluster),
      filter.fqdn,
    );
  };
  return {
    short: (named = false) => clusterTable(running('cells'), named),
    wide: () => wideClusterTable(details()),
    messages: () => ({ values: sortClusters(running('whole')), type: 'envoy.config.cluster.v3.Cluster', as: 'list' }),
    items: details,
  };
}

export function listenerPart(proxy: Proxy, filter: ListenerFilter, verbose: boolean): Part {
  const lookups = lookupsOf(proxy);
  const running = (detail: Detail) => listListeners(proxy.config(), filter, lookups.destinations, detail);
  const details = () => {
    requiredSection(proxy.config(), 'ListenersConfigDump');
    return listenerDetails(
      proxy.config(),
      (one) => passesListener(one.resource, statesOf(one), filter, lookups.destinations),
      filter.selection.port?.exact ?? null,
    );
  };
  return {
    short: (named = false) => listenerTable(running('cells'), verbose, named),
    wide: () => wideListenerTable(details()),
    messages: () => ({ values: [...running('whole')], type: 'envoy.config.listener.v3.Listener', as: 'list' }),
    items: details,
  };
}

export function routePart(proxy: Proxy, filter: RouteFilter, verbose: boolean): Part {
  const running = () => listRoutes(proxy.config(), filter);
  const details = function* (): Generator<RouteDetail> {
    requiredSection(proxy.config(), 'RoutesConfigDump');
    const holding = filter.name === null ? null : JSON.stringify(filter.name);
    for (const one of statedResources(proxy.config(), 'route', { holding })) {
      const { resource, state, rejection } = one;
      if (filter.name !== null && text(resource, 'name') !== filter.name) continue;
      for (const config of filteredRoutes(resource, statesOf(one), filter.selection)) {
        yield* routesOf(config, state, rejection);
      }
    }
  };
  return {
    short: (named = false) => routeTable(running(), verbose, named),
    wide: () => wideRouteTable(details()),
    messages: () => ({
      values: sortRoutes(running()),
      type: 'envoy.config.route.v3.RouteConfiguration',
      as: 'list',
    }),
    items: details,
  };
}

/** Of envoy.admin.v3.ClusterStatus and of our own endpoints; numbers of requests and connections, and what is counted of them. */
const FLEETING = new Set([
  'stats',
  'success_rate',
  'local_origin_success_rate',
  'success_rate_ejection_threshold',
  'local_origin_success_rate_ejection_threshold',
  'activeRequests',
  'successRate',
]);

/** Endpoints of /clusters: with health as Envoy sees it. */
export function endpointPart(proxy: Proxy, filter: EndpointFilter): Part {
  const lookups = lookupsOf(proxy);
  const statuses = (detail: Detail) => listClusterStatuses(proxy.clusters(), filter, lookups.places, detail);
  return {
    short: () => endpointStatusTable(statuses('cells')),
    wide: () => wideEndpointTable(passingDetails(proxy, filter, lookups)),
    messages: () => ({ values: [...statuses('whole')], type: 'envoy.admin.v3.ClusterStatus', as: 'list' }),
    items: () => passingDetails(proxy, filter, lookups),
    fleeting: FLEETING,
  };
}

/** Endpoints of the config_dump: as EDS delivered them. */
export function assignmentPart(proxy: Proxy, filter: EndpointFilter): Part {
  const lookups = lookupsOf(proxy);
  const assignments = () => listAssignments(proxy.config(), filter, lookups.places);
  return {
    short: (named = false) => assignmentTable(assignments(), named),
    wide: () => wideEndpointTable(passingDetails(proxy, filter, lookups)),
    messages: () => ({
      values: sortAssignments(assignments()),
      type: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
      as: 'list',
    }),
    items: () => passingDetails(proxy, filter, lookups),
    fleeting: FLEETING,
  };
}

/** Either of the two answers that hold endpoints is enough. */
function* passingDetails(proxy: Proxy, filter: EndpointFilter, lookups: ProxyLookups): Generator<EndpointDetail> {
  if (!proxy.has('config-dump')) proxy.clusters();
  const cluster = filter.cluster?.toLowerCase() ?? null;
  for (const one of lookups.allEndpoints()) {
    if (cluster !== null && one.cluster.toLowerCase() !== cluster) continue;
    if (selects(filter.selection, endpointTraits(one))) yield one;
  }
}

export function bootstrapPart(proxy: Proxy): Part {
  const section = (): unknown => findBootstrap(proxy.config());
  return {
    short: () => bootstrapTable(section()),
    messages: () => ({ values: [section()], type: 'envoy.admin.v3.BootstrapConfigDump', as: 'one' }),
    items: () => [
      Object.fromEntries(
        bootstrapTable(section()).rows.map(([name = '', value = '']) => [memberName(name.replace(':', '')), value]),
      ),
    ],
  };
}

/** @param now for the validity of certificates */
export function secretPart(proxy: Proxy, now: Date): Part {
  const section = (): unknown => findSecrets(proxy.config());
  const table = (named: boolean): Table | undefined => secretTable(section(), parseCertificate, now, named);
  return {
    short: (named = false) =>
      table(named) ?? { columns: null, rows: [['No active or warming secrets found.']], padding: 1 },
    messages: () => ({ values: [section()], type: 'envoy.admin.v3.SecretsConfigDump', as: 'one' }),
    items: () => itemsOf(table(false)),
  };
}

export function extensionPart(proxy: Proxy): Part {
  const filters = (): readonly unknown[] => listExtensions(proxy.config());
  return {
    short: () => extensionTable(filters()),
    messages: () => ({
      values: [{ ecds_filters: filters() }],
      type: 'envoy.admin.v3.EcdsConfigDump',
      as: 'unescaped',
    }),
    items: () => itemsOf(extensionTable(filters())),
  };
}

/** Rows as objects, by the names of the columns. */
function itemsOf(table: Table | undefined): readonly object[] {
  const names = (table?.columns ?? []).map(memberName);
  return (table?.rows ?? []).map((cells) =>
    Object.fromEntries(names.map((name, index) => [name, memberValue(name, cells[index] ?? '')])),
  );
}

function memberName(column: string): string {
  return camelCase(column.toLowerCase().replaceAll(' ', '_'));
}

/** A cell that says yes or no is one in JSON. */
function memberValue(name: string, cell: string): string | boolean {
  return name === 'validCert' ? cell === 'true' : cell;
}
