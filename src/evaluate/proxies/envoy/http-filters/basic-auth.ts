import { localReply } from '../http/http-context.ts';
import { field, typedMessage, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute';
const KNOWN = new Set(['@type', 'users', 'forward_username_header', 'authentication_header']);
const SCHEME = 'Basic ';

/**
 * envoy.filters.http.basic_auth (source/extensions/filters/http/basic_auth/basic_auth_filter.cc): without credentials, or with those of
 * another scheme, the answer is 401. Whether a password is right is in no dump, from which the users are left out.
 */
export const runBasicAuth: RunHttpFilter = (context, filter, walk) => {
  const override = overrideOf(filter, PER_ROUTE);
  if (override === 'mismatch') return undetermined(walk, foreignOverride(filter));
  const beyond =
    unknownField(filter.config, KNOWN) ?? (override === null ? undefined : unknownField(typedMessage(override), KNOWN));
  if (beyond !== undefined) return undetermined(walk, beyond);
  const own = field(filter.config, 'authentication_header').string() ?? '';
  const name = own === '' ? 'authorization' : own.toLowerCase();
  const value = context.request.headers.compared(name);
  if (isUnknown(value)) return undetermined(walk, value);
  if (value?.startsWith(SCHEME) === true || context.request.headers.several(name) !== null)
    return undetermined(
      walk,
      unknown(`HTTP filter ${filter.name}: whether the credentials are right is not known`, filter.entry.at('name')),
    );
  const reasons = [
    value === null ? `there is no header ${name}` : `the header ${name} has no credentials of this scheme`,
  ];
  const denied = step('http-filter', 'denied', filter.name, { reasons, cites: [filter.entry.at('name')] });
  return localReply(context, withStep(walk, denied), {
    status: 401,
    flag: null,
    detail: value === null ? 'no_credential_for_basic_auth' : 'invalid_scheme_for_basic_auth',
    body: null,
    denied: true,
  });
};
