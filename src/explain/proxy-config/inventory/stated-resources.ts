import type { ElementWish, ProxyDump } from '../../../model/proxy-dump.ts';
import { field, isSet, text } from '../message.ts';

/** `active`: it serves requests. `rejected`: no version of it ever ran, and this is what the proxy refused. */
export type ResourceState = 'active' | 'warming' | 'draining' | 'rejected';

/** Why the proxy refused the last update of a resource (envoy.admin.v3.UpdateFailureState). */
export interface Rejection {
  readonly reason: string;
  /** RFC 3339; null: the dump does not tell. */
  readonly at: string | null;
  readonly version: string | null;
}

/** A resource as the dump lists it. */
export interface StatedResource {
  readonly resource: unknown;
  readonly state: ResourceState;
  readonly origin: 'static' | 'dynamic';
  readonly rejection: Rejection | null;
  /** The version under which the control plane sent it; null: it sent none. */
  readonly version: string | null;
}

/** What `--status` may ask of it. */
export function statesOf({ state, rejection }: Pick<StatedResource, 'state' | 'rejection'>): readonly string[] {
  return rejection === null ? [state] : [state, 'rejected'];
}

type Kind = 'listener' | 'cluster' | 'route' | 'endpoint';

/** Section, then each list of it with the state of its elements and where the resource stands in them. */
const LISTS: Readonly<
  Record<Kind, readonly [section: string, ...lists: readonly (readonly [string, ResourceState, string])[]]>
> = {
  listener: ['ListenersConfigDump', ['static_listeners', 'active', 'listener']],
  cluster: [
    'ClustersConfigDump',
    ['dynamic_active_clusters', 'active', 'cluster'],
    ['dynamic_warming_clusters', 'warming', 'cluster'],
    ['static_clusters', 'active', 'cluster'],
  ],
  route: [
    'RoutesConfigDump',
    ['dynamic_route_configs', 'active', 'route_config'],
    ['static_route_configs', 'active', 'route_config'],
  ],
  endpoint: [
    'EndpointsConfigDump',
    ['dynamic_endpoint_configs', 'active', 'endpoint_config'],
    ['static_endpoint_configs', 'active', 'endpoint_config'],
  ],
};

/** Every resource of a kind in whatever state it is, one after the other; none where the dump has no such section. */
export function* statedResources(dump: ProxyDump, kind: Kind, wish: ElementWish = {}): Generator<StatedResource> {
  const [type, ...lists] = LISTS[kind];
  const section = dump.section(type);
  if (section === undefined) return;
  if (kind === 'listener') {
    for (const element of section.passingElements('dynamic_listeners', wish)) yield* dynamicListeners(element);
  }
  for (const [name, state, member] of lists) {
    const origin = name.startsWith('static') ? 'static' : 'dynamic';
    for (const element of section.passingElements(name, wish)) {
      yield* statedResource(element, field(element, member), state, origin);
    }
  }
}

function statedResource(
  element: unknown,
  resource: unknown,
  state: ResourceState,
  origin: StatedResource['origin'],
): StatedResource[] {
  const rejection = rejectionOf(element);
  const version = text(element, 'version_info') || null;
  if (resource !== undefined) return [{ resource, state, origin, rejection, version }];
  const refused = field(element, 'error_state', 'failed_configuration');
  if (rejection === null || refused === undefined) return [];
  return [{ resource: refused, state: 'rejected', origin, rejection, version: null }];
}

/** A DynamicListener may have an active, a warming and a draining one at once. */
function dynamicListeners(element: unknown): StatedResource[] {
  const rejection = rejectionOf(element);
  const found = (['active', 'warming', 'draining'] as const).flatMap((state): StatedResource[] => {
    const resource = field(element, `${state}_state`, 'listener');
    if (resource === undefined) return [];
    const version = text(element, `${state}_state`, 'version_info') || null;
    return [{ resource, state, origin: 'dynamic', rejection: state === 'draining' ? null : rejection, version }];
  });
  return found.length > 0 ? found : statedResource(element, undefined, 'active', 'dynamic');
}

function rejectionOf(element: unknown): Rejection | null {
  if (!isSet(element, 'error_state')) return null;
  const reason = text(element, 'error_state', 'details');
  if (reason === '' && !isSet(element, 'error_state', 'failed_configuration')) return null;
  return {
    reason: reason === '' ? 'the proxy does not say why' : reason,
    at: text(element, 'error_state', 'last_update_attempt') || null,
    version: text(element, 'error_state', 'version_info') || null,
  };
}

/** Sentences about updates that the proxy refused and resources that are not in use yet, for those who look at the active ones. */
export function troubleNotes(dump: ProxyDump, kind: Kind): string[] {
  const notes: string[] = [];
  for (const { resource, state, rejection } of statedResources(dump, kind, { holding: '"error_state"' })) {
    if (rejection === null) continue;
    const runs = state === 'rejected' ? 'no version of it runs' : 'an older version of it runs';
    notes.push(`The proxy rejected an update of ${kind} ${text(resource, 'name')} (${runs}): ${rejection.reason}`);
  }
  return notes;
}
