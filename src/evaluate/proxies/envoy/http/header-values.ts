import type { Unknown } from '../../../../model/branching.ts';
import type { HeaderView } from '../match/header-match.ts';
import { isUnknown } from '../truth.ts';

/**
 * The values of a header as they were sent.
 * @returns none: it is absent; one that holds commas may have been several
 */
export function headerValues(headers: HeaderView, name: string): readonly string[] | Unknown {
  const whole = headers.get(name);
  if (isUnknown(whole)) return whole;
  return whole === null ? [] : (headers.several(name) ?? [whole]);
}

/**
 * The values that one header had among those that were sent, if they are what it is as a whole.
 * @param whole as Envoy joins them by commas
 * @returns null: it was sent once at most, or something else has a say
 */
export function valuesAmong(
  sent: readonly (readonly [name: string, value: string])[],
  name: string,
  whole: string | null | Unknown,
): readonly string[] | null {
  const values = sent.filter(([other]) => other === name).map(([, value]) => value);
  return values.length > 1 && values.join(',') === whole ? values : null;
}

/**
 * Whether Envoy keeps several values of a header apart, as it does where neither itself nor an extension has registered the header as an
 * inline one (HeaderMapImpl::addViaMove, source/common/http/header_map_impl.cc, joins those as they come).
 */
export function keepsApart(name: string): boolean {
  return /^x-(?!envoy-|forwarded-|client-trace-id$|request-id$)/.test(name);
}
