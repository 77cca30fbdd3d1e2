import type { EntryHost } from './random-service-entries.ts';

/** What random configurations of MESH_BASE name. */
export const SERVICES = ['details', 'ratings', 'reviews', 'store', 'raw.plain'] as const;
export const APPS = ['details', 'ratings', 'reviews', 'store'];
export const VERSIONS = ['v1', 'v2', 'v3'];
export const USERS = ['ann', 'bob'];
export const METHODS = ['GET', 'POST', 'DELETE'];
const PORTS: Readonly<Record<string, number>> = { store: 8080, 'raw.plain': 8080 };

/** The port of HTTP that a Service has. */
export function portOf(service: string): number {
  return PORTS[service] ?? 9080;
}

export function fullName(name: string): string {
  return name.includes('.') ? `${name}.svc.cluster.local` : `${name}.bookinfo.svc.cluster.local`;
}

/** Where a route leads, beside Services. */
export type Entries = readonly EntryHost[];
