import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, unknown } from '../proto-json.ts';

const JWT = 'envoy.filters.http.jwt_authn';

/**
 * Whether dynamic metadata under a name is known to be unset. That of verified tokens is: a request with a token that may be valid is
 * not followed past the filter which verifies it, unless that notes failures too (`failed_status_in_metadata`,
 * source/extensions/filters/http/jwt_authn/authenticator.cc).
 * @param hcm null: a connection, whose filters set none under that name
 * @returns null: it is unset
 */
export function unsetMetadata(hcm: Cursor | null, filter: string): Unknown | null {
  if (filter !== JWT) return unknown(`whether a filter has set metadata under ${JSON.stringify(filter)} is not known`);
  return hcm === null ? null : notedFailures(hcm);
}

const notedFailures = memoised((hcm): Unknown | null => {
  for (const entry of field(hcm, 'http_filters').items()) {
    const providers = field(field(entry, 'typed_config'), 'providers').entries();
    const noting = providers.find(([, provider]) => field(provider, 'failed_status_in_metadata').exists);
    if (noting !== undefined) return unknown('whether a failed token was noted as metadata is not known', noting[1]);
    if (field(entry, 'config_discovery').exists)
      return unknown('whether a filter that ECDS delivered has set metadata is not known', entry.at('name'));
  }
  return null;
});
