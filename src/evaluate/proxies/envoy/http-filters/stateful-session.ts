import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { cookieValue } from '../http/cookie.ts';
import type { HeaderView } from '../match/header-match.ts';
import { field, fields, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { undetermined } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute';
const STATES = 'envoy.extensions.http.stateful_session.';
const KNOWN = new Set(['@type', 'session_state', 'strict', 'stat_prefix']);

/**
 * envoy.filters.http.stateful_session (source/extensions/filters/http/stateful_session/stateful_session.cc): a request that tells of its
 * session, in a cookie or in a header, goes to the host of that session; any other one goes on as if there was no filter.
 */
export const runStatefulSession: RunHttpFilter = ({ request }, filter, walk, next) => {
  const override = overrideOf(filter, PER_ROUTE);
  if (override === 'mismatch') return undetermined(walk, foreignOverride(filter));
  if (override !== null && isTrue(override, 'disabled')) return next(walk);
  const config = override === null ? filter.config : field(override, 'stateful_session');
  const session = unknownField(config, KNOWN) ?? tellsOfSession(field(config, 'session_state'), request.headers);
  if (isUnknown(session)) return undetermined(walk, session);
  if (!session) return next(walk);
  return undetermined(
    walk,
    unknown(`HTTP filter ${filter.name}: the session of the request names the host`, filter.entry.at('name')),
  );
};

function tellsOfSession(state: Cursor, headers: HeaderView): boolean | Unknown {
  if (!state.exists) return false;
  const any = field(state, 'typed_config');
  switch (typeName(any)) {
    case `${STATES}header.v3.HeaderBasedSessionState`: {
      const value = headers.get((field(typedMessage(any), 'name').string() ?? '').toLowerCase());
      return isUnknown(value) ? value : value !== null;
    }
    case `${STATES}cookie.v3.CookieBasedSessionState`: {
      const cookie = headers.get('cookie');
      if (cookie === null || isUnknown(cookie)) return cookie ?? false;
      return cookieValue(cookie, fields(typedMessage(any), 'cookie', 'name').string() ?? '') !== null;
    }
    default:
      return unknown('how a session is told is not understood', any.at('@type'));
  }
}
