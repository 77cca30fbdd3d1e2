/**
 * A proxy's configuration as tables and dumps. In: where the proxy's answers are (files, pods of a snapshot), what to show and how.
 * Out: the text for standard output. It knows neither flags nor the process.
 */
import type { ClusterFilter } from './explain/proxy-config/clusters.ts';
import type { EndpointFilter } from './explain/proxy-config/endpoint-statuses.ts';
import type { ListenerFilter } from './explain/proxy-config/listeners.ts';
import type { RouteFilter } from './explain/proxy-config/routes.ts';
import {
  assignmentPart,
  bootstrapPart,
  clusterPart,
  endpointPart,
  extensionPart,
  listenerPart,
  routePart,
  secretPart,
  troublesOf,
} from './proxy-config/parts.ts';
import { isIstioctls, present, type Presentation, type Printed } from './proxy-config/present.ts';
import type { Proxies } from './proxy-config/proxies.ts';

export { readSelection } from './explain/proxy-config/selection.ts';
export { askProxies } from './proxy-config/ask-proxies.ts';

/** What was shown, and sentences for standard error about what the table leaves out. */
export interface Shown extends Printed {
  readonly notes: readonly string[];
}

export async function showClusters(proxies: Proxies, filter: ClusterFilter, how: Presentation): Promise<Shown> {
  const shown = await present('clusters', proxies, (proxy) => clusterPart(proxy, filter), how);
  return { ...shown, notes: troubles(proxies, 'cluster', how) };
}

export async function showListeners(
  proxies: Proxies,
  filter: ListenerFilter,
  verbose: boolean,
  how: Presentation,
): Promise<Shown> {
  const shown = await present('listeners', proxies, (proxy) => listenerPart(proxy, filter, verbose), how);
  return { ...shown, notes: troubles(proxies, 'listener', how) };
}

export async function showRoutes(
  proxies: Proxies,
  filter: RouteFilter,
  verbose: boolean,
  how: Presentation,
): Promise<Shown> {
  const shown = await present('routes', proxies, (proxy) => routePart(proxy, filter, verbose), how);
  return { ...shown, notes: troubles(proxies, 'route', how) };
}

/** Endpoints of /clusters; in our own forms with those of the config_dump. */
export async function showEndpoints(proxies: Proxies, filter: EndpointFilter, how: Presentation): Promise<Shown> {
  const shown = await present('endpoints', proxies, (proxy) => endpointPart(proxy, filter), how);
  return { ...shown, notes: isIstioctls(how) ? [] : withoutEndpoints(proxies) };
}

/** Endpoints of the config_dump; in our own forms with those of /clusters. */
export async function showAssignments(proxies: Proxies, filter: EndpointFilter, how: Presentation): Promise<Shown> {
  const shown = await present('endpoints', proxies, (proxy) => assignmentPart(proxy, filter), how);
  return { ...shown, notes: withoutEndpoints(proxies, isIstioctls(how)) };
}

/** An empty table of a dump that was taken without endpoints would say that there are none. */
function withoutEndpoints({ list }: Proxies, dumpAlone = false): string[] {
  return list.flatMap((proxy) => {
    if ((!dumpAlone && proxy.has('clusters')) || proxy.config().section('EndpointsConfigDump') !== undefined) return [];
    return [`${proxy.config().artefact} was captured without endpoints: capture /config_dump?include_eds=true.`];
  });
}

export async function showBootstrap(proxies: Proxies, how: Presentation): Promise<Shown> {
  return { ...(await present('bootstrap', proxies, bootstrapPart, how)), notes: [] };
}

/** @param now for the validity of certificates */
export async function showSecrets(proxies: Proxies, now: Date, how: Presentation): Promise<Shown> {
  return { ...(await present('secrets', proxies, (proxy) => secretPart(proxy, now), how)), notes: [] };
}

export async function showExtensions(proxies: Proxies, how: Presentation): Promise<Shown> {
  return { ...(await present('extensions', proxies, extensionPart, how)), notes: [] };
}

/** Istioctl's forms show what runs alone; what the proxy refused or does not use is told beside them. */
function troubles(proxies: Proxies, kind: 'cluster' | 'listener' | 'route', how: Presentation): string[] {
  return isIstioctls(how) ? troublesOf(proxies, [kind]) : [];
}
