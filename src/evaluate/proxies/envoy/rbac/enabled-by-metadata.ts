import type { Cursor } from '../../../../model/json.ts';
import { matchAbsentMetadata, matchMetadata } from '../match/metadata-match.ts';
import { field, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { Struct } from '../struct.ts';
import type { Walk } from '../walk.ts';
import { isShadowKey } from './shadow-metadata.ts';

/**
 * Whether the dynamic metadata is set that `filter_enabled_metadata` of an ext_authz filter asks for: known is what shadow rules of RBAC
 * filters before it have noted, which is how Istio asks only about what an AuthorizationPolicy with action CUSTOM selects.
 * @param rbac the name under which RBAC filters of the same kind note it
 */
export function enabledByMetadata(matcher: Cursor, rbac: string, { metadata }: Walk): Truth {
  const filter = field(matcher, 'filter').string() ?? '';
  const segments = field(matcher, 'path').items();
  const key = segments.length === 1 && segments[0] !== undefined ? field(segments[0], 'key').string() : undefined;
  if (filter !== rbac || key === undefined || !isShadowKey(key))
    return unknown('whether a filter has set the metadata that ext_authz asks for is not known', matcher);
  const value = metadata.findLast((one) => one.filter === filter && one.key === key)?.value;
  if (value === undefined) return matchAbsentMetadata(matcher);
  return isUnknown(value) ? value : matchMetadata(matcher, new Struct({ [key]: value }));
}
