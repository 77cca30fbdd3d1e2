import type { Cursor } from '../../../../model/json.ts';
import { field, unknown } from '../proto-json.ts';
import type { Truth } from '../truth.ts';

/**
 * Keys under which Envoy and Istio's proxy note things themselves, or take them over from the proxy in front.
 * Source: docs/root/configuration/advanced/well_known_filter_state.rst; istio/proxy, extensions/common/metadata_object.h.
 */
const OWN_KEYS = /^(?:envoy\.|istio\.|io\.istio|wasm\.|(?:up|down)stream_peer)/;

/**
 * FilterStateMatcher where no filter that a user configures has set anything: such a filter has no rule here, so that requests are not
 * followed past it. What is absent does not match (FilterStateMatcher::match, source/common/common/matchers.cc).
 */
export function matchAbsentFilterState(matcher: Cursor): Truth {
  const key = field(matcher, 'key').string() ?? '';
  return (
    OWN_KEYS.test(key) && unknown(`what the proxy notes as filter state ${JSON.stringify(key)} is not known`, matcher)
  );
}
