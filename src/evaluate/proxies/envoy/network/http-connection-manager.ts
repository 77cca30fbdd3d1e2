import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { unknownUpstreamFilter } from '../cluster/gates.ts';
import type { ConnectionContext } from '../context.ts';
import { chooseCluster, overridesFilters } from '../http/cluster-choice.ts';
import { findRoute } from '../http/find-route.ts';
import { localReply } from '../http/http-context.ts';
import type { HttpContext } from '../http/http-context.ts';
import { KNOWN_HCM } from '../http/known-fields.ts';
import { prepareRequest } from '../http/prepare-request.ts';
import { routeRequest } from '../http/route-request.ts';
import { upgradeAllowed } from '../http/upgrade.ts';
import { filterOverride } from '../http-filters/filter.ts';
import { httpFilterRule } from '../http-filters/registry.ts';
import { field, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { RunNetworkFilter } from './filter.ts';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const KNOWN_FILTER = new Set(['name', 'typed_config', 'config_discovery', 'is_optional', 'disabled']);

/**
 * envoy.filters.network.http_connection_manager: reads the request, finds its route, runs the HTTP filters in order, and lets the
 * router answer or forward (source/common/http/conn_manager_impl.cc).
 */
export const runHttpConnectionManager: RunNetworkFilter = (connection, filter, walk) => {
  const hcm = filter.config;
  const managed = withStep(walk, step('network-filter', 'selected', filter.name, { cites: [filter.entry.at('name')] }));
  const beyond = unknownField(hcm, KNOWN_HCM);
  if (beyond !== undefined) return undetermined(managed, beyond);
  const { request: sent } = connection.connection;
  if (connection.tls === null && sent.tls !== null) {
    // A client hello is no request: the codec answers in plaintext, which the client cannot read, and closes.
    return end(managed, { kind: 'close', flag: 'DPE', detail: 'http1.codec_error', denied: false });
  }
  if (sent.http === null) {
    return undetermined(
      managed,
      unknown('the listener expects HTTP, and what the client sends is not known', filter.entry.at('name')),
    );
  }
  const prepared = prepareRequest(hcm, sent.http, connection.tls, connection.socket);
  if (prepared.kind === 'unknown') return undetermined(managed, prepared.unknown);
  if (prepared.kind === 'refused') {
    const { request, status, path } = prepared;
    const reasons = [status === 307 ? `escaped slashes: redirected to ${path}` : 'the path is refused'];
    const refused = withStep(
      managed,
      step('reply', 'replied', String(status), {
        reasons,
        cites: [field(hcm, 'path_with_escaped_slashes_action'), field(hcm, 'normalize_path')],
      }),
    );
    return localReply({ hcm, request }, refused, { status, flag: null, detail: 'path_normalization_failed', body: '' });
  }
  const { request, remoteAddress } = prepared;
  return findRoute(connection, hcm, request, managed, (found, choice) =>
    withCluster({ connection, hcm, request, remoteAddress, choice }, found, (context, chosen) => {
      const upgrade = upgradeAllowed(context);
      if (isUnknown(upgrade)) return undetermined(chosen, upgrade);
      if (!upgrade) return localReply(context, chosen, { status: 403, flag: null, detail: 'upgrade_failed', body: '' });
      return runFilters(context, chosen, 0);
    }),
  );
};

/** Draws the cluster before the filters run where only one can be, or where a filter depends on it. */
function withCluster(
  context: HttpContext,
  walk: Walk,
  next: (context: HttpContext, walk: Walk) => EnvoyOutcome[],
): EnvoyOutcome[] {
  const { route, constraints } = context.choice;
  const action = route === null ? null : field(route, 'route');
  if (action === null || !action.exists) return next(context, walk);
  const choices = chooseCluster(action, context.request, constraints, context.connection.runtime);
  if (isUnknown(choices)) return next(context, walk);
  if (choices.length !== 1 && !overridesFilters(action) && !faultsByCluster(context)) return next(context, walk);
  return choices.flatMap((cluster) =>
    next({ ...context, choice: { ...context.choice, cluster } }, branch(walk, cluster.probability)),
  );
}

/** Whether a fault, of the filter or of an override, is meant for one upstream cluster. */
function faultsByCluster({ hcm, choice }: HttpContext): boolean {
  const levels = [choice.route, choice.virtualHost, choice.routeConfig].filter((level) => level !== null);
  const configs = [
    ...field(hcm, 'http_filters')
      .items()
      .map((entry) => field(entry, 'typed_config')),
    ...levels.flatMap((level) =>
      field(level, 'typed_per_filter_config')
        .entries()
        .map(([, config]) => config),
    ),
  ];
  return configs.some(
    (config) => field(config, 'upstream_cluster').exists || field(field(config, 'config'), 'upstream_cluster').exists,
  );
}

function runFilters(context: HttpContext, walk: Walk, index: number): EnvoyOutcome[] {
  const entry = field(context.hcm, 'http_filters').items()[index];
  if (entry === undefined)
    return undetermined(walk, unknown('the filter chain does not end in a router', context.hcm.at('stat_prefix')));
  const name = field(entry, 'name').string() ?? '';
  const override = filterOverride(context, name);
  if (override.disabled ?? isTrue(entry, 'disabled')) return runFilters(context, walk, index + 1);
  const any = filterConfig(context.connection, entry, name);
  const problem =
    unknownField(entry, KNOWN_FILTER) ??
    (any.exists ? undefined : unknown(`the configuration of HTTP filter ${name} is not in the dump`, entry.at('name')));
  if (problem !== undefined) return undetermined(walk, problem);
  const type = typeName(any) ?? '';
  if (type === ROUTER) {
    const upstream = unknownUpstreamFilter(field(any, 'upstream_http_filters'));
    return upstream === null ? routeRequest(context, walk) : undetermined(walk, upstream);
  }
  const filter = { name, entry, type, config: typedMessage(any), override: override.config };
  return httpFilterRule(filter)(context, filter, walk, (passed) => runFilters(context, passed, index + 1));
}

/** A filter's own configuration, or the one that ECDS delivered. */
function filterConfig({ config }: ConnectionContext, entry: Cursor, name: string): Cursor {
  const own = field(entry, 'typed_config');
  if (own.exists || !field(entry, 'config_discovery').exists) return own;
  const discovered = config.extension(name);
  return discovered?.state === 'active' ? field(discovered.config, 'typed_config') : own;
}
