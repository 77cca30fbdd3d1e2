import type { Cursor } from '../../../../model/json.ts';
import type { ReadInput } from '../match/matcher-tree.ts';
import { field, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import type { SetMetadata } from '../walk.ts';
import { decideByMatcher, decideShadow } from './engine.ts';
import type { RbacSubject } from './subject.ts';

/** The names under which RBAC filters, of requests and of connections, set dynamic metadata. */
export const HTTP_RBAC_METADATA = 'envoy.filters.http.rbac';
export const NETWORK_RBAC_METADATA = 'envoy.filters.network.rbac';
/** Keys behind the prefix of the shadow rules. */
const POLICY = 'shadow_effective_policy_id';
const RESULT = 'shadow_engine_result';

/** Whether shadow rules, and nothing else of an RBAC filter, set a key. */
export function isShadowKey(key: string): boolean {
  return key.endsWith(POLICY) || key.endsWith(RESULT);
}

/** What rules are asked of. */
interface Asked {
  readonly read: ReadInput;
  readonly subject: () => RbacSubject;
}

/**
 * What the shadow rules of an RBAC filter note: the policy that matches, if one does, and what they would say.
 * @param config what holds the rules
 * @param own configuration of the filter itself, which names the prefix
 */
export function shadowMetadata(filter: string, config: Cursor, own: Cursor, asked: Asked): readonly SetMetadata[] {
  const rules = field(config, 'shadow_rules');
  const matcher = field(config, 'shadow_matcher');
  if (!rules.exists && !matcher.exists) return [];
  const decision = matcher.exists ? decideByMatcher(matcher, asked.read) : decideShadow(rules, asked.subject());
  const prefix = field(own, 'shadow_rules_stat_prefix').string() ?? '';
  const note = (key: string, value: SetMetadata['value']): SetMetadata => ({ filter, key: prefix + key, value });
  if (isUnknown(decision)) return [note(POLICY, decision), note(RESULT, decision)];
  const { policy, allowed } = decision;
  const result = note(RESULT, allowed ? 'allowed' : 'denied');
  // A policy without a name is not noted.
  if (policy === null || policy?.name === '') return [result];
  return [
    note(POLICY, policy?.name ?? unknown('which policy of the shadow rules matches is not known', rules)),
    result,
  ];
}
