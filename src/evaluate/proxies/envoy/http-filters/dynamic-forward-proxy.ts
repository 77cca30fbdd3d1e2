import { formatEndpoint } from '../../../../model/address.ts';
import type { Condition } from '../../../../model/branching.ts';
import { DYNAMIC_FORWARD_PROXY, dynamicHost } from '../cluster/dynamic-host.ts';
import { clusterOf } from '../cluster/known-cluster.ts';
import { localReply } from '../http/http-context.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { foreignOverride } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

/** `save_upstream_address` notes what nothing here reads; `allow_dynamic_host_from_filter_state` lets filter state name the host. */
const KNOWN = new Set(['@type', 'dns_cache_config', 'save_upstream_address']);

/**
 * envoy.filters.http.dynamic_forward_proxy (source/extensions/filters/http/dynamic_forward_proxy/proxy_filter.cc): for a route to a
 * cluster of that kind the host of the request is resolved by DNS, whose answer is in no dump; an IP address needs none. Without an
 * answer the request is answered with 503 and the flag DF.
 */
export const runDynamicForwardProxy: RunHttpFilter = (context, filter, walk, next) => {
  const { choice, connection, request } = context;
  if (choice.route === null || !field(choice.route, 'route').exists) return next(walk);
  if (choice.cluster === null)
    return undetermined(walk, unknown('which cluster the host is resolved for is not known', filter.entry.at('name')));
  const cluster = clusterOf(connection, choice.cluster.cluster);
  if (cluster.resource?.state !== 'active' || cluster.type !== DYNAMIC_FORWARD_PROXY) return next(walk);
  if (filter.override !== null) return undetermined(walk, foreignOverride(filter));
  const beyond = unknownField(filter.config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const host = dynamicHost(connection, cluster.resource.config, request.authority);
  if (isUnknown(host)) return undetermined(walk, host);
  const resolved = (from: Walk): Walk => ({ ...from, resolvedHost: request.authority });
  const name = formatEndpoint(host.address, host.port);
  const told = (action: string, reason: string): ReturnType<typeof step> =>
    step('http-filter', action, filter.name, { reasons: [reason], cites: [filter.entry.at('name')] });
  if (host.isAddress) return next(withStep(resolved(walk), told('passed', `${name} needs no DNS`)));
  const condition = (value: boolean): Condition => ({
    key: `resolves:${host.address}`,
    value,
    subject: { kind: 'resolves', name: host.address },
  });
  const failed = withStep(branch(walk, 1, condition(false)), told('replied', `${host.address} has no address`));
  // The details, dns_resolution_failure{…}, hold the words of the resolver.
  const reply = { status: 503, flag: 'DF', detail: null, body: null };
  return [
    ...next(withStep(branch(resolved(walk), 1, condition(true)), told('passed', `${host.address} is resolved by DNS`))),
    ...localReply(context, failed, reply),
  ];
};
