import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConfigDump, EnvoyStep } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, fields, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step } from '../walk.ts';
import type { RequestView } from './request-view.ts';
import { findScope } from './scope.ts';

/** The route configuration of a request, null without one, and the step that says where it came from. */
export interface ResolvedConfig {
  readonly config: Cursor | null;
  readonly step: EnvoyStep;
}

/**
 * The route configuration of a connection manager: inline, the one that RDS delivered, or that of the request's scope. Without one
 * every request is answered with 404 (source/common/router/config_impl.h, NullConfigImpl).
 */
export function resolveRouteConfig(dump: EnvoyConfigDump, hcm: Cursor, request: RequestView): ResolvedConfig | Unknown {
  const scoped = field(hcm, 'scoped_routes');
  return scoped.exists ? scopedConfig(dump, scoped, request) : unscopedConfig(hcm)(dump);
}

/** The same for every request to a connection manager. */
const unscopedConfig = memoised((hcm) => {
  let resolved: ResolvedConfig | Unknown | undefined;
  return (dump: EnvoyConfigDump) => (resolved ??= findConfig(dump, hcm));
});

function findConfig(dump: EnvoyConfigDump, hcm: Cursor): ResolvedConfig | Unknown {
  const inline = field(hcm, 'route_config');
  if (inline.exists) return inlineConfig(inline, ['inline'], []);
  const rds = fields(hcm, 'rds', 'route_config_name');
  if (rds.string() === undefined) return unknown('the listener names no route configuration', field(hcm, 'rds'));
  return namedConfig(dump, rds, [], []);
}

/** ConnectionManagerImpl::ActiveStream::snapScopedRouteConfig. */
function scopedConfig(dump: EnvoyConfigDump, scoped: Cursor, request: RequestView): ResolvedConfig | Unknown {
  const found = findScope(dump, scoped, request);
  if (isUnknown(found)) return found;
  const { scope, reason, cites } = found;
  if (scope === null) return { config: null, step: step('route-config', 'missing', '', { reasons: [reason], cites }) };
  const inline = field(scope, 'route_configuration');
  if (inline.exists) return inlineConfig(inline, [reason], cites);
  const name = field(scope, 'route_configuration_name');
  const delivered = dump.route(name.string() ?? '')?.state === 'active';
  if (!delivered && field(scope, 'on_demand').boolean() === true)
    return unknown('the scope’s route configuration comes on demand', field(scope, 'on_demand'));
  return namedConfig(dump, name, [reason], cites);
}

function inlineConfig(config: Cursor, reasons: readonly string[], cites: readonly Cursor[]): ResolvedConfig {
  const name = field(config, 'name');
  return {
    config,
    step: step('route-config', 'selected', name.string() ?? '', { reasons, cites: [...cites, name] }),
  };
}

/** @param reference where its name stands */
function namedConfig(
  dump: EnvoyConfigDump,
  reference: Cursor,
  because: readonly string[],
  cites: readonly Cursor[],
): ResolvedConfig | Unknown {
  const name = reference.string() ?? '';
  const resource = dump.route(name);
  const evidence = [...cites, reference];
  if (resource === undefined || resource.state !== 'active') {
    if (!dump.complete)
      return unknown(`the route configuration ${name} is not in this part of a config_dump`, reference);
    const reasons = [...because, 'RDS has not delivered it'];
    return { config: null, step: step('route-config', 'missing', name, { reasons, cites: evidence }) };
  }
  if (!resource.config.exists) return unknown(`the route configuration ${name} cannot be read`, reference);
  const details = resource.rejected === null ? undefined : field(resource.rejected, 'details');
  const rejected = details?.string() === undefined ? [] : [`its last update was rejected: ${details.string()}`];
  const reasons = [...because, 'by RDS', ...rejected];
  const all = [...evidence, field(resource.config, 'name'), ...(details === undefined ? [] : [details])];
  return { config: resource.config, step: step('route-config', 'selected', name, { reasons, cites: all }) };
}

/**
 * Why it is not known which headers a request has: its route configuration takes some from what comes from outside (cleanInternalHeaders,
 * source/common/http/conn_manager_utility.cc). null: it has none of them, or comes from inside.
 */
export function internalOnlyHeader(routeConfig: Cursor, request: RequestView): Unknown | null {
  const list = field(routeConfig, 'internal_only_headers');
  const name = list.strings().find((one) => request.headers.get(one.toLowerCase()) !== null);
  if (name === undefined || request.internal === true) return null;
  return unknown(`the header ${name} is taken from requests that come from outside`, list);
}
