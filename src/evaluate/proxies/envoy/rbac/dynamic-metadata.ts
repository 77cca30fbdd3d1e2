import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, unknown } from '../proto-json.ts';
import { Struct } from '../struct.ts';
import type { SetMetadata } from '../walk.ts';

/** The name under which verified tokens stand in dynamic metadata, whatever the filter is called. */
export const JWT_METADATA = 'envoy.filters.http.jwt_authn';

/**
 * Dynamic metadata under a name. That of verified tokens is known: a request with a token that may be valid is not followed past the
 * filter which verifies it, unless that notes failures too (`failed_status_in_metadata`,
 * source/extensions/filters/http/jwt_authn/authenticator.cc).
 * @param hcm null: a connection, whose filters set none under that name
 * @param set what filters before are known to have set
 * @returns null: there is none
 */
export function dynamicMetadata(
  hcm: Cursor | null,
  set: readonly SetMetadata[],
  filter: string,
): Struct | Unknown | null {
  if (filter !== JWT_METADATA)
    return unknown(`whether a filter has set metadata under ${JSON.stringify(filter)} is not known`);
  const problem = hcm === null ? null : notedFailures(hcm);
  if (problem !== null) return problem;
  const own = set.filter((one) => one.filter === filter);
  return own.length === 0 ? null : new Struct(Object.fromEntries(own.map(({ key, value }) => [key, value])));
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
