import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpContext, RouteChoice } from '../http/http-context.ts';
import type { RequestView } from '../http/request-view.ts';
import { memoised } from '../memo.ts';
import { field, isTrue, typedMessage, typeName, unknown } from '../proto-json.ts';
import type { Walk } from '../walk.ts';

/** An HTTP filter of a chain, with what the route overrides. */
export interface HttpFilter {
  readonly name: string;
  /** The entry of `http_filters`. */
  readonly entry: Cursor;
  /** Type of its configuration: `envoy.extensions.filters.http.router.v3.Router`. */
  readonly type: string;
  /** Its own configuration. */
  readonly config: Cursor;
  /** The most specific override of the route; null: none. */
  readonly override: Cursor | null;
}

/**
 * Lets a request pass on to the next filter, or ends it.
 * @param next what follows; `request`: as the filter leaves it, where it changes it; `choice`: its route, where it is looked for anew
 */
export type RunHttpFilter = (
  context: HttpContext,
  filter: HttpFilter,
  walk: Walk,
  next: (walk: Walk, request?: RequestView, choice?: RouteChoice) => EnvoyOutcome[],
) => EnvoyOutcome[];

const FILTER_CONFIG = 'envoy.config.route.v3.FilterConfig';

/**
 * The override under a filter's name, the most specific first: weighted cluster, route, virtual host, route configuration
 * (RouteEntryImplBase::perFilterConfigs). A FilterConfig may wrap it and may switch the filter off. A request
 * without a route, and one that is redirected to TLS, knows no overrides, also not those of its virtual host.
 */
export function filterOverride(
  context: HttpContext,
  name: string,
): { config: Cursor | null; disabled: boolean | null } {
  const { choice } = context;
  if (choice.route === null) return NO_OVERRIDE;
  let config: Cursor | null = null;
  let disabled: boolean | null = null;
  for (const level of levelsOf(choice)) {
    const override = overrideAt(level, name);
    if (override === undefined) continue;
    // What stands nearest to the route decides; an override that does not switch the filter off switches it on.
    disabled ??= override.disabled;
    config ??= override.config;
  }
  return config === null && disabled === null ? NO_OVERRIDE : { config, disabled };
}

const NO_OVERRIDE = { config: null, disabled: null } as const;

/**
 * What every level that overrides a filter has for it, the most specific first. Filters that merge their overrides ask for them so
 * (Http::Utility::getAllPerFilterConfig, which lists them the other way round).
 */
export function allOverrides(choice: RouteChoice, name: string): Cursor[] {
  if (choice.route === null) return [];
  return levelsOf(choice).flatMap((level) => overrideAt(level, name)?.config ?? []);
}

type Level = Cursor | null | undefined;

/** Where overrides may stand, the most specific first. */
function levelsOf({ cluster, route, virtualHost, routeConfig }: RouteChoice): readonly Level[] {
  return [cluster?.weighted, route, virtualHost, routeConfig];
}

/** What one level has for a filter. `config` is null where it only switches it on or off. */
interface Override {
  readonly config: Cursor | null;
  readonly disabled: boolean;
}

function overrideAt(level: Level, name: string): Override | undefined {
  if (level === null || level === undefined) return undefined;
  const overrides = field(level, 'typed_per_filter_config');
  return overrides.exists ? readOverrides(overrides).get(name) : undefined;
}

/**
 * The overrides of one level by the name of the filter (PerFilterConfigs, source/common/router/per_filter_config.cc): what switches a
 * filter off has no configuration for it, whatever stands there, nor has an empty one that only switches it on.
 */
const readOverrides = memoised((overrides): ReadonlyMap<string, Override> => {
  return new Map(
    overrides
      .entries()
      .filter(([, any]) => any.exists)
      .map(([name, any]) => {
        const wrapped = typeName(any) === FILTER_CONFIG;
        const own = wrapped ? field(any, 'config') : any;
        const disabled = wrapped && isTrue(any, 'disabled');
        const nothing = disabled || (wrapped && own.entries().length === 0);
        return [name, { config: nothing ? null : own, disabled }];
      }),
  );
});

/** Reads an override of the expected type; null when there is none, `mismatch` when it is of another type. */
export function overrideOf(filter: HttpFilter, type: string): Cursor | null | 'mismatch' {
  if (filter.override === null) return null;
  return typeName(filter.override) === type ? typedMessage(filter.override) : 'mismatch';
}

/** Why an override of another type than the filter's own cannot be evaluated. */
export function foreignOverride({ name, override }: HttpFilter): Unknown {
  return unknown(
    `the override of HTTP filter ${name} is not understood`,
    ...(override === null ? [] : [override.at('@type')]),
  );
}
