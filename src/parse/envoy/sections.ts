import type { Gap } from '../../model/artefact.ts';
import type { EnvoyResource } from '../../model/envoy.ts';
import { ASSIGNMENT_NAMES, CLUSTER_NAMES } from '../../model/envoy-names.ts';
import { freeMembers } from '../../model/free.ts';
import type { Free } from '../../model/free.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { LazyResource, protoMember, protoText } from './resource.ts';

/**
 * How each section of a config_dump lists its resources (envoy/admin/v3/config_dump.proto, config_dump_shared.proto).
 */
export type ResourceKind = 'listener' | 'cluster' | 'route' | 'scoped-route' | 'endpoint' | 'secret' | 'extension';

export interface ResourceList {
  /** The section's type without `envoy.admin.v3.`. */
  readonly section: string;
  /** The repeated field. */
  readonly field: string;
  /** Type of its elements, which `?resource=` dumps as they are. */
  readonly element: string;
  readonly kind: ResourceKind;
  readonly origin: EnvoyResource['origin'];
  readonly state: EnvoyResource['state'];
  /** Where the resource stands in the element. */
  readonly member: string;
  /** Where the resource's name stands: in the element, or in the resource. */
  readonly nameIn: 'element' | 'resource';
  readonly name: string;
  /** What may differ between elements that are alike; null: it is not known. */
  readonly free: Free | null;
}

function list(
  section: string,
  field: string,
  element: string,
  kind: ResourceKind,
  member: string,
  more: Partial<ResourceList> = {},
): ResourceList {
  const origin = field.startsWith('static') || field.startsWith('inline') ? 'static' : 'dynamic';
  const shape = { section, field, element: `${section}.${element}`, kind, member, origin } as const;
  return { ...shape, state: 'active', nameIn: 'resource', name: 'name', free: null, ...more };
}

const CLUSTERS = 'ClustersConfigDump';
const ENDPOINTS = 'EndpointsConfigDump';
const ROUTES = 'RoutesConfigDump';
const SECRETS = 'SecretsConfigDump';
const SCOPES = 'ScopedRoutesConfigDump';
const WARMING = { state: 'warming' } as const;
/** What Envoy notes of every resource that it was sent. */
const UPDATE = { version_info: 'label', last_updated: 'label' } as const;
const ALIKE_CLUSTERS = { free: freeMembers({ ...UPDATE, cluster: CLUSTER_NAMES }) };
const BY_CLUSTER = {
  name: 'cluster_name',
  free: freeMembers({ ...UPDATE, endpoint_config: ASSIGNMENT_NAMES }),
};
const BY_ELEMENT = { nameIn: 'element' } as const;

export const RESOURCE_LISTS: readonly ResourceList[] = [
  list('ListenersConfigDump', 'static_listeners', 'StaticListener', 'listener', 'listener'),
  list(CLUSTERS, 'static_clusters', 'StaticCluster', 'cluster', 'cluster', ALIKE_CLUSTERS),
  list(CLUSTERS, 'dynamic_active_clusters', 'DynamicCluster', 'cluster', 'cluster', ALIKE_CLUSTERS),
  list(CLUSTERS, 'dynamic_warming_clusters', 'DynamicCluster', 'cluster', 'cluster', { ...ALIKE_CLUSTERS, ...WARMING }),
  list(ROUTES, 'static_route_configs', 'StaticRouteConfig', 'route', 'route_config'),
  list(ROUTES, 'dynamic_route_configs', 'DynamicRouteConfig', 'route', 'route_config'),
  list(ENDPOINTS, 'static_endpoint_configs', 'StaticEndpointConfig', 'endpoint', 'endpoint_config', BY_CLUSTER),
  list(ENDPOINTS, 'dynamic_endpoint_configs', 'DynamicEndpointConfig', 'endpoint', 'endpoint_config', BY_CLUSTER),
  list(SECRETS, 'static_secrets', 'StaticSecret', 'secret', 'secret', BY_ELEMENT),
  list(SECRETS, 'dynamic_active_secrets', 'DynamicSecret', 'secret', 'secret', BY_ELEMENT),
  list(SECRETS, 'dynamic_warming_secrets', 'DynamicSecret', 'secret', 'secret', { ...BY_ELEMENT, ...WARMING }),
  list('EcdsConfigDump', 'ecds_filters', 'EcdsFilterConfig', 'extension', 'ecds_filter'),
  list(
    SCOPES,
    'inline_scoped_route_configs',
    'InlineScopedRouteConfigs',
    'scoped-route',
    'scoped_route_configs',
    BY_ELEMENT,
  ),
  list(
    SCOPES,
    'dynamic_scoped_route_configs',
    'DynamicScopedRouteConfigs',
    'scoped-route',
    'scoped_route_configs',
    BY_ELEMENT,
  ),
];

/** Bare resources, as tools that filter dumps write them. */
export const BARE_RESOURCES: ReadonlyMap<string, { readonly kind: ResourceKind; readonly name: string }> = new Map([
  ['envoy.config.listener.v3.Listener', { kind: 'listener', name: 'name' }],
  ['envoy.config.cluster.v3.Cluster', { kind: 'cluster', name: 'name' }],
  ['envoy.config.route.v3.RouteConfiguration', { kind: 'route', name: 'name' }],
  ['envoy.config.endpoint.v3.ClusterLoadAssignment', { kind: 'endpoint', name: 'cluster_name' }],
  ['envoy.extensions.transport_sockets.tls.v3.Secret', { kind: 'secret', name: 'name' }],
]);

/** What one element of a section gives: its resources (a listener may have an active and a warming one), or a gap. */
export type ElementReader = (artefact: string, element: JsonNode) => { resources: EnvoyResource[]; gaps: Gap[] };

/** Reads an element that wraps one resource. */
export function wrappedReader(shape: ResourceList): ElementReader {
  return (artefact, element) => {
    const resource = protoMember(element, shape.member);
    const error = errorState(element);
    if (resource === undefined) return refusedReader(artefact, element, error, shape.name);
    if (!resource.whole) return { resources: [], gaps: [] };
    const named = shape.nameIn === 'element' ? element : resource;
    const name = (): string | undefined => protoText(named, shape.name);
    return { resources: [new LazyResource(name, resource, shape.origin, shape.state, error)], gaps: [] };
  };
}

/** Reads a DynamicListener: up to one listener for each of its states, or only the one that was refused. */
export const readDynamicListener: ElementReader = (artefact, element) => {
  const error = errorState(element);
  const resources: EnvoyResource[] = [];
  for (const state of ['active', 'warming', 'draining'] as const) {
    const listener = protoMember(protoMember(element, `${state}_state`), 'listener');
    if (listener === undefined || !listener.whole) continue;
    const name = (): string | undefined => protoText(element, 'name') ?? protoText(listener, 'name');
    resources.push(new LazyResource(name, listener, 'dynamic', state, state === 'draining' ? undefined : error));
  }
  return resources.length > 0 ? { resources, gaps: [] } : refusedReader(artefact, element, error, 'name');
};

/**
 * `error_state` is set when the last update was refused, also when a version before it runs on; its `details` tell why.
 * An UpdateFailureState without details says nothing.
 */
function errorState(element: JsonNode): JsonNode | undefined {
  const error = protoMember(element, 'error_state');
  return error !== undefined && error.whole && error.keys().length > 0 ? error : undefined;
}

function refusedReader(
  artefact: string,
  element: JsonNode,
  error: JsonNode | undefined,
  nameField: string,
): ReturnType<ElementReader> {
  const refused = protoMember(error, 'failed_configuration');
  if (error !== undefined && refused !== undefined) {
    const name = (): string | undefined => protoText(refused, nameField) ?? protoText(element, 'name');
    return { resources: [new LazyResource(name, refused, 'dynamic', 'rejected', error)], gaps: [] };
  }
  if (!element.whole) return { resources: [], gaps: [] };
  const cursor = element.cursor();
  const problem = 'this element holds no resource that is known';
  return {
    resources: [],
    gaps: [
      { kind: 'not-understood', artefact, pointer: cursor.pointer, raw: cursor.evidence().raw.slice(0, 200), problem },
    ],
  };
}
