import type { Cursor } from '../../../../model/json.ts';
import { matchCidr } from '../match/address-match.ts';
import { matchAbsentFilterState } from '../match/filter-state-match.ts';
import { matchRbacHeader, type HeaderView } from '../match/header-match.ts';
import { matchAbsentMetadata, matchMetadata } from '../match/metadata-match.ts';
import { matchString } from '../match/string-match.ts';
import { withoutQuery } from '../http/path.ts';
import { matchUriTemplate } from '../http/uri-template.ts';
import { enumName, field, unknown } from '../proto-json.ts';
import { all, any, isUnknown, not } from '../truth.ts';
import type { Truth } from '../truth.ts';
import type { RbacSubject } from './subject.ts';

type Rule = (value: Cursor, subject: RbacSubject) => Truth;

/** Leaf rules that permissions and principals share. */
const SHARED: Readonly<Record<string, Rule>> = {
  any: (value) => value.boolean() === true,
  header: headerRule,
  url_path: pathRule,
  metadata: metadataRule,
  sourced_metadata: sourcedMetadataRule,
};

/** Permission.rule (source/extensions/filters/common/rbac/matchers.cc, Matcher::create). */
const PERMISSIONS: Readonly<Record<string, Rule>> = {
  ...SHARED,
  and_rules: (value, subject) => all(field(value, 'rules').items(), (rule) => matchPermission(rule, subject)),
  or_rules: (value, subject) => any(field(value, 'rules').items(), (rule) => matchPermission(rule, subject)),
  not_rule: (value, subject) => not(matchPermission(value, subject)),
  destination_ip: (value, subject) => matchCidr(value, subject.localAddress),
  destination_port: (value, subject) => value.number() === subject.localPort,
  destination_port_range: (value, { localPort }) =>
    localPort >= (field(value, 'start').number() ?? 0) && localPort < (field(value, 'end').number() ?? 0),
  requested_server_name: (value, subject) => matchString(value, subject.serverName),
  uri_template: (value, { path }) => ofPath(path, (bare) => matchUriTemplate(value, bare)),
};

/** Principal.identifier. `source_ip` is the connection's remote address, `remote_ip` the one after x-forwarded-for. */
const PRINCIPALS: Readonly<Record<string, Rule>> = {
  ...SHARED,
  and_ids: (value, subject) => all(field(value, 'ids').items(), (id) => matchPrincipal(id, subject)),
  or_ids: (value, subject) => any(field(value, 'ids').items(), (id) => matchPrincipal(id, subject)),
  not_id: (value, subject) => not(matchPrincipal(value, subject)),
  authenticated: authenticatedRule,
  filter_state: matchAbsentFilterState,
  source_ip: (value, subject) => matchCidr(value, subject.connectionRemoteAddress),
  direct_remote_ip: (value, subject) => matchCidr(value, subject.directRemoteAddress),
  remote_ip: (value, { remoteAddress }) => (isUnknown(remoteAddress) ? remoteAddress : matchCidr(value, remoteAddress)),
};

/** Whether a Permission holds. */
export function matchPermission(permission: Cursor, subject: RbacSubject): Truth {
  return matchOneOf(PERMISSIONS, permission, subject);
}

/** Whether a Principal holds. */
export function matchPrincipal(principal: Cursor, subject: RbacSubject): Truth {
  return matchOneOf(PRINCIPALS, principal, subject);
}

function matchOneOf(rules: Readonly<Record<string, Rule>>, message: Cursor, subject: RbacSubject): Truth {
  for (const [name, rule] of Object.entries(rules)) {
    const value = field(message, name);
    if (value.exists) return rule(value, subject);
  }
  const name = message.entries()[0]?.[0] ?? 'nothing';
  return unknown(`the RBAC rule ${name} is not understood`, message);
}

/** A connection has no headers: the matcher sees an empty map. */
function headerRule(matcher: Cursor, { headers }: RbacSubject): Truth {
  return matchRbacHeader(matcher, headers ?? NO_HEADERS);
}

const NO_HEADERS: HeaderView = { get: () => null, compared: () => null, several: () => null, eachCounts: () => false };

function metadataRule(matcher: Cursor, { metadata }: RbacSubject): Truth {
  const set = metadata(field(matcher, 'filter').string() ?? '');
  if (isUnknown(set)) return set;
  return set === null ? matchAbsentMetadata(matcher) : matchMetadata(matcher, set);
}

/** SourcedMetadata: dynamic metadata unless it asks for that of the route. */
function sourcedMetadataRule(value: Cursor, subject: RbacSubject): Truth {
  const source = enumName(field(value, 'metadata_source'), ['DYNAMIC', 'ROUTE']) ?? 'DYNAMIC';
  return source === 'DYNAMIC'
    ? metadataRule(field(value, 'metadata_matcher'), subject)
    : unknown('a rule about metadata of the route is not understood', value);
}

/** PathMatcher over the path without query; without a path nothing matches. */
function pathRule(matcher: Cursor, { path }: RbacSubject): Truth {
  const text = field(matcher, 'path');
  if (!text.exists) return unknown('a path matcher without a pattern', matcher);
  return ofPath(path, (bare) => matchString(text, bare));
}

/** What a matcher says of a path without query; none matches where there is no path. */
function ofPath(path: RbacSubject['path'], match: (bare: string) => Truth): Truth {
  if (path === null) return false;
  return isUnknown(path) ? path : match(withoutQuery(path));
}

/**
 * AuthenticatedMatcher: false without TLS; true with TLS when no name is asked for; else the URI SANs, the DNS SANs and the subject
 * of the client's certificate are tried. A SPIFFE certificate names its owner in the one URI SAN (SPIFFE X.509-SVID, section 2), so
 * that neither DNS names nor a subject of it count here.
 */
function authenticatedRule(authenticated: Cursor, { tls }: RbacSubject): Truth {
  if (tls === null) return false;
  const name = field(authenticated, 'principal_name');
  if (!name.exists) return true;
  if (tls.clientIdentity === null) return matchString(name, '');
  if (tls.clientIdentity === undefined) return unknown('the identity in the client certificate is not known', name);
  const matched = matchString(name, tls.clientIdentity);
  if (matched !== false || tls.clientIdentity.startsWith('spiffe://')) return matched;
  return unknown('the client certificate may carry other names', name);
}
