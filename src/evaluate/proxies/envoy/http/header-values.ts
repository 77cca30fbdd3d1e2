import type { Unknown } from '../../../../model/branching.ts';
import { isUnknown } from '../truth.ts';
import type { RequestView } from './request-view.ts';

/**
 * The values of a header as they were sent, which Envoy joins by commas where it looks at a header as a whole.
 * @param whole what it is as a whole
 * @returns none: it is absent; one that holds commas may have been several
 */
export function headerValues(
  request: RequestView,
  name: string,
  whole: string | null | Unknown = request.headers.get(name),
): readonly string[] | Unknown {
  if (whole === null) return [];
  if (isUnknown(whole)) return whole;
  if (!whole.includes(',')) return [whole];
  const values = request.original.headers.filter(([other]) => other === name).map(([, value]) => value);
  return values.join(',') === whole ? values : [whole];
}

/**
 * Whether Envoy keeps several values of a header apart, as it does where neither itself nor an extension has registered the header as an
 * inline one (HeaderMapImpl::addViaMove, source/common/http/header_map_impl.cc, joins those as they come).
 */
export function keepsApart(name: string): boolean {
  return /^x-(?!envoy-|forwarded-|client-trace-id$|request-id$)/.test(name);
}
