import type { Cursor } from '../../../../model/json.ts';
import { isTrue, unknownField } from '../proto-json.ts';
import type { Truth } from '../truth.ts';

const KNOWN = new Set(['filter', 'path', 'value', 'invert']);

/**
 * MetadataMatcher where no filter has set metadata under the name that it asks for: no kind of value matches what is absent
 * (MetadataMatcher::match and the matchers of values, source/common/common/matchers.cc).
 */
export function matchAbsentMetadata(matcher: Cursor): Truth {
  return unknownField(matcher, KNOWN) ?? isTrue(matcher, 'invert');
}
