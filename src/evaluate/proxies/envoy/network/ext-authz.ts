import { isEmptyCluster } from '../cluster/host-set.ts';
import { field, fields, isTrue, unknown, unknownField } from '../proto-json.ts';
import { enabledByMetadata } from '../rbac/enabled-by-metadata.ts';
import { NETWORK_RBAC_METADATA } from '../rbac/shadow-metadata.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { closed } from './closed.ts';
import type { RunNetworkFilter } from './filter.ts';
import { closeAtFirstByte } from './first-byte.ts';

/** `shadow_mode`, which never closes, is not among them. */
const KNOWN = new Set([
  '@type',
  'stat_prefix',
  'grpc_service',
  'failure_mode_allow',
  'include_peer_certificate',
  'transport_api_version',
  'filter_enabled_metadata',
  'bootstrap_metadata_labels_key',
  'include_tls_session',
  'send_tls_alert_on_denial',
  'metadata_context_namespaces',
  'typed_metadata_context_namespaces',
]);

/**
 * envoy.filters.network.ext_authz (source/extensions/filters/network/ext_authz/ext_authz.cc): asks a service, whose answer is in no dump,
 * when the first byte arrives. It is not asked where filter_enabled_metadata switches that off. A service whose cluster has no host cannot
 * answer: then failure_mode_allow lets the connection pass, and without it the connection is closed with the flag UAEX.
 */
export const runExtAuthz: RunNetworkFilter = (context, filter, walk, next) => {
  const { config, entry, name } = filter;
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const condition = field(config, 'filter_enabled_metadata');
  const wanted = condition.exists ? enabledByMetadata(condition, NETWORK_RBAC_METADATA, walk) : true;
  const unsure = withStep(walk, step('network-filter', 'unknown', name, { cites: [entry.at('name')] }));
  if (isUnknown(wanted)) return undetermined(unsure, wanted);
  if (!wanted) {
    const reasons = ['its metadata condition does not hold: the service is not asked'];
    return next(withStep(walk, step('network-filter', 'passed', name, { reasons, cites: [condition] })));
  }
  const cluster = fields(config, 'grpc_service', 'envoy_grpc', 'cluster_name').string();
  if (cluster === undefined || !isEmptyCluster(context.facts, context.config, cluster)) {
    const reason = `network filter ${name}: an external authorization service decides`;
    return undetermined(unsure, unknown(reason, entry.at('name')));
  }
  const reasons = [`its cluster ${cluster} has no host`];
  if (isTrue(config, 'failure_mode_allow')) {
    const allowed = {
      reasons: [...reasons, 'failure_mode_allow lets it pass'],
      cites: [field(config, 'failure_mode_allow')],
    };
    return next(withStep(walk, step('network-filter', 'passed', name, allowed)));
  }
  const deny = step('network-filter', 'denied', name, { reasons, cites: [entry.at('name')] });
  const close = closed(context, { flag: 'UAEX', detail: 'ext_authz_error', denied: true });
  return closeAtFirstByte(context, walk, (from) => withStep(from, deny), next, close);
};
