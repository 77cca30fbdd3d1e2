import type { ElementWish, ProxyDump } from '../../../model/proxy-dump.ts';
import { field, isSet, text } from '../../../model/protobuf-message.ts';

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

export type StatedKind = 'listener' | 'cluster' | 'route' | 'endpoint';

/** Section, then each list of it with the state of its elements and where the resource stands in them. */
const LISTS: Readonly<
  Record<StatedKind, readonly [section: string, ...lists: readonly (readonly [string, ResourceState, string])[]]>
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

/**
 * Every resource of a kind in whatever state it is, one after the other; none where the dump has no such section.
 * @param only the state that is looked for; null: any
 */
export function* statedResources(
  dump: ProxyDump,
  kind: StatedKind,
  wish: ElementWish = {},
  only: ResourceState | null = null,
): Generator<StatedResource> {
  const [type, ...lists] = LISTS[kind];
  const section = dump.section(type);
  if (section === undefined) return;
  if (kind === 'listener') {
    const refused = new Set<string>();
    for (const element of section.passingElements('dynamic_listeners', wish)) {
      if (isToldAgain(element, refused)) continue;
      for (const one of dynamicListeners(element)) if (only === null || one.state === only) yield one;
    }
  }
  for (const [name, state, member] of lists) {
    if (only !== null && state !== only) continue;
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

/**
 * Whether the element, which has no name, tells of a refusal that stood with the listener's name before: Envoy lists each failure of its
 * last update a second time (source/common/listener_manager/listener_manager_impl.cc, overall_error_state_).
 * @param refused what was refused by name so far; added to
 */
function isToldAgain(element: unknown, refused: Set<string>): boolean {
  if (!isSet(element, 'error_state')) return false;
  const known = text(element, 'name');
  const name = known || text(element, 'error_state', 'failed_configuration', 'name');
  const key = JSON.stringify([name, text(element, 'error_state', 'details')]);
  if (known === '') return refused.has(key);
  refused.add(key);
  return false;
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

const NAMES_SHOWN = 3;

/**
 * Sentences about updates that the proxy refused and resources that are not in use yet, for those who look at the active ones. That an
 * old version drains after a change is nothing to be told of.
 */
export function troubleNotes(dump: ProxyDump, kind: StatedKind): string[] {
  const notes: string[] = [];
  for (const { resource, state, rejection } of statedResources(dump, kind, { holding: '"error_state"' })) {
    if (rejection === null) continue;
    const runs = state === 'rejected' ? 'no version of it runs' : 'an older version of it runs';
    const name = text(resource, 'name') || 'without a name';
    notes.push(`The proxy rejected an update of ${kind} ${name} (${runs}): ${rejection.reason}`);
  }
  return [...notes, ...warmingNote(dump, kind)];
}

function warmingNote(dump: ProxyDump, kind: StatedKind): string[] {
  const wish = kind === 'listener' ? { holding: '"warming_state"' } : {};
  const names: string[] = [];
  for (const { resource } of statedResources(dump, kind, wish, 'warming')) names.push(text(resource, 'name'));
  if (names.length === 0) return [];
  const shown = names.slice(0, NAMES_SHOWN).join(', ') + (names.length > NAMES_SHOWN ? ', …' : '');
  const what = names.length === 1 ? `${kind} is` : `${kind}s are`;
  return [`${names.length} ${what} warming (not in use yet): ${shown}`];
}
