import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, typeName } from '../proto-json.ts';

const DYNAMIC_FORWARD_PROXY = 'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig';

const namesUpstream = (config: Cursor): boolean =>
  field(config, 'upstream_cluster').exists ||
  field(field(config, 'config'), 'upstream_cluster').exists ||
  typeName(config) === DYNAMIC_FORWARD_PROXY;

const filtersAskForCluster = memoised((hcm): boolean =>
  field(hcm, 'http_filters')
    .items()
    .some((entry) => namesUpstream(field(entry, 'typed_config'))),
);

/**
 * Whether a filter of a connection manager asks for the upstream cluster, or an override of one: a fault that is meant for it, or one that
 * resolves its hosts.
 * @param levels that may have overrides: routes, and what they stand in
 */
export function asksForCluster(hcm: Cursor, levels: readonly (Cursor | null)[]): boolean {
  return filtersAskForCluster(hcm) || levels.some((level) => level !== null && levelAsksForCluster(level));
}

function levelAsksForCluster(level: Cursor): boolean {
  return field(level, 'typed_per_filter_config')
    .entries()
    .some(([, config]) => namesUpstream(config));
}
