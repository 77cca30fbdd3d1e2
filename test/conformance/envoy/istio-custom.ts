const FILTERS = 'type.googleapis.com/envoy.extensions.filters';
const PREFIX = 'istio_ext_authz_';

/** What the shadow rules of an RBAC filter leave in its metadata: the policy that matched, and what they would say. */
export const POLICY = `${PREFIX}shadow_effective_policy_id`;
export const RESULT = `${PREFIX}shadow_engine_result`;

/** Rules of an RBAC filter. */
export function rules(action: string, policies: object): object {
  return { action, policies };
}

/** An RBAC filter whose shadow rules leave their metadata under Istio's prefix. @param config its rules, and what differs */
export function rbacFilter(kind: 'http' | 'network', name: string, config: object): object {
  const stat = kind === 'network' ? { stat_prefix: 'r' } : {};
  return {
    name,
    typed_config: { '@type': `${FILTERS}.${kind}.rbac.v3.RBAC`, ...stat, shadow_rules_stat_prefix: PREFIX, ...config },
  };
}

/** The condition of `ext_authz` on a key of an RBAC filter's metadata. @param more fields of the matcher, such as `invert` */
export function metadataCondition(kind: 'http' | 'network', key: string, value: object, more: object = {}): object {
  return { filter_enabled_metadata: { filter: `envoy.filters.${kind}.rbac`, path: [{ key }], value, ...more } };
}

/** The condition that istiod writes for an AuthorizationPolicy with action CUSTOM: that a policy of its provider matched. */
export function istioCondition(kind: 'http' | 'network'): object {
  return metadataCondition(kind, POLICY, { string_match: { prefix: 'istio-ext-authz' } });
}
