import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import type { TlsHello } from '../../../../model/request.ts';
import { matchAbsentFilterState } from '../match/filter-state-match.ts';
import { headerTest } from '../match/header-match.ts';
import { matchAbsentMetadata, matchMetadata } from '../match/metadata-match.ts';
import { matchRegex } from '../match/regex.ts';
import { lowerAscii, matchString, redactedPattern } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { field, fields, unknown, unknownField } from '../proto-json.ts';
import { all, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { queryParameters, withoutQuery } from './path.ts';
import type { RequestView } from './request-view.ts';
import type { PathTest } from './sent-request.ts';
import { matchUriTemplate } from './uri-template.ts';

const KNOWN = new Set([
  'prefix',
  'path',
  'safe_regex',
  'connect_matcher',
  'path_separated_prefix',
  'path_match_policy',
  'case_sensitive',
  'runtime_fraction',
  'headers',
  'query_parameters',
  'grpc',
  'tls_context',
  'dynamic_metadata',
  'filter_state',
]);
const KNOWN_PARAMETER = new Set(['name', 'string_match', 'present_match']);

/** What a request is asked. */
export type RouteTest = (request: RequestView, tls: TlsHello | null, ignoresParameters: boolean) => Truth;

/**
 * Whether a RouteMatch holds, its runtime_fraction aside (RouteEntryImplBase::matchRoute and the `matches` of each kind of route,
 * source/common/router/config_impl.cc). Anything that decides "no" decides, even beside something that is not known.
 */
export function matchRoute(
  match: Cursor,
  request: RequestView,
  tls: TlsHello | null,
  ignoresParameters: boolean,
): Truth {
  return routeTest(match)(request, tls, ignoresParameters);
}

/** The same for many requests: what the match asks is read once, when it is first asked. */
export function routeTest(match: Cursor): RouteTest {
  const prefix = prefixAlone(match.value);
  const hasPrefix: PathTest | null = prefix === undefined ? null : (path) => path.startsWith(prefix);
  let tests: readonly RouteTest[] | undefined;
  return (request, tls, ignoresParameters) => {
    // Without a path only a connect_matcher is asked (VirtualHostImpl::getRouteFromRoutes).
    if (!request.hasPath && !field(match, 'connect_matcher').exists) return false;
    if (hasPrefix !== null && (!ignoresParameters || request.plainPath)) return request.testPath(hasPrefix);
    tests ??= matchTests(match);
    let result: Truth = true;
    for (const test of tests) {
      const truth = test(request, tls, ignoresParameters);
      if (truth === false) return false;
      if (truth !== true && result === true) result = truth;
    }
    return result;
  };
}

/** The prefix of a match that asks for nothing else, as most do; undefined: it is another one. */
function prefixAlone(match: unknown): string | undefined {
  if (typeof match !== 'object' || match === null || !('prefix' in match)) return undefined;
  const { prefix } = match;
  const alone = typeof prefix === 'string' && Object.keys(match).length === 1 && !holdsRedacted(prefix);
  return alone ? prefix : undefined;
}

/**
 * Whether the path, headers and query parameters of a RouteMatch hold, which is all that JWT authentication looks at
 * (source/extensions/filters/http/jwt_authn/matcher.cc).
 */
export function matchTarget(match: Cursor, request: RequestView): Truth {
  return all(targetTests(match), (test) => test(request, null, false));
}

/** What a match asks of the request line and headers; a part that is absent asks nothing. */
function readTargetTests(match: Cursor): readonly RouteTest[] {
  const headers = field(match, 'headers').items();
  const parameters = field(match, 'query_parameters').items();
  const beyond = unknownField(match, KNOWN);
  const tests: (RouteTest | false)[] = [
    field(match, 'connect_matcher').exists ? matchConnect : targetPathTest(match),
    headers.length > 0 && headersTest(headers),
    parameters.length > 0 && ((request) => matchQuery(parameters, request)),
    beyond !== undefined && (() => beyond),
  ];
  return tests.filter((test) => test !== false);
}

const targetTests = memoised(readTargetTests);

/** Reads header matchers once. */
function headersTest(matchers: readonly Cursor[]): RouteTest {
  const tests = matchers.map(headerTest);
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return (request) => only(request.headers);
  return (request) => all(tests, (test) => test(request.headers));
}

/** ConnectRouteEntryImpl::matches, which takes CONNECT-UDP too. */
function matchConnect({ method, upgrade }: RequestView): Truth {
  if (upgrade === 'connect-udp') return unknown('CONNECT-UDP is not evaluated');
  return method === 'CONNECT';
}

function matchTests(match: Cursor): readonly RouteTest[] {
  const tlsContext = field(match, 'tls_context');
  // No filter with a rule here sets filter state.
  const metadata = field(match, 'dynamic_metadata').items();
  const filterState = field(match, 'filter_state').items();
  const tests: (RouteTest | false)[] = [
    ...readTargetTests(match),
    field(match, 'grpc').exists && ((request) => request.grpc),
    tlsContext.exists && ((_request, tls) => matchTls(tlsContext, tls)),
    metadata.length > 0 && ((request) => all(metadata, (one) => metadataTest(one, request))),
    filterState.length > 0 && (() => all(filterState, matchAbsentFilterState)),
  ];
  return tests.filter((test) => test !== false);
}

/** A route is chosen before any filter of the request has set metadata, and looked for anew after. */
function metadataTest(matcher: Cursor, { metadata }: RequestView): Truth {
  const set = metadata?.(field(matcher, 'filter').string() ?? '') ?? null;
  if (isUnknown(set)) return set;
  return set === null ? matchAbsentMetadata(matcher) : matchMetadata(matcher, set);
}

/**
 * From this minor version on each segment loses its parameters; before, the path ended at the first semicolon, and rules of RBAC saw them.
 */
export const TRIMS_SEGMENTS = 39;

/** @param path without query */
export function withoutPathParameters(path: string): string {
  return path.replace(/;[^/]*/g, '');
}

/** Leaves path parameters out where that is asked for (sanitizePathBeforePathMatching, source/common/router/config_impl.cc). */
function targetPathTest(match: Cursor): RouteTest {
  const test = pathTest(match);
  // A template sees path parameters in every case (UriTemplateMatcherRouteEntryImpl::matches).
  const seesParameters = field(match, 'path_match_policy').exists;
  return (request, _tls, ignoresParameters) => {
    if (seesParameters || !ignoresParameters || request.plainPath) return request.testPath(test);
    const path = withoutQuery(request.path);
    return path.includes(';') ? withoutParameters(test, match, request, path) : test(path);
  };
}

function withoutParameters(test: PathTest, match: Cursor, request: RequestView, path: string): Truth {
  const cut = (): Truth => test(path.slice(0, path.indexOf(';')));
  const trimmed = (): Truth => test(withoutPathParameters(path));
  if (request.envoyMinor !== undefined) return request.envoyMinor < TRIMS_SEGMENTS ? cut() : trimmed();
  const truth = cut();
  return truth === trimmed()
    ? truth
    : unknown('how path parameters are left out depends on the version of Envoy', match);
}

const PATHS = ['prefix', 'path', 'path_separated_prefix'];

function pathTest(match: Cursor): PathTest {
  const test = plainPathTest(match);
  const redacted = PATHS.some((name) => holdsRedacted(field(match, name).string() ?? ''));
  if (!redacted) return test;
  return (path) => (path === field(match, 'path').string() ? true : redactedPattern(match));
}

function plainPathTest(match: Cursor): PathTest {
  const fold = field(match, 'case_sensitive').boolean() === false ? lowerAscii : (text: string): string => text;
  const prefix = field(match, 'prefix').string();
  if (prefix !== undefined) {
    const wanted = fold(prefix);
    return (path) => fold(path).startsWith(wanted);
  }
  const exact = field(match, 'path').string();
  if (exact !== undefined) {
    const wanted = fold(exact);
    return (path) => fold(path) === wanted;
  }
  const regex = field(match, 'safe_regex');
  if (regex.exists) return (path) => matchRegex(regex, path);
  const template = field(match, 'path_match_policy');
  if (template.exists) return (path) => matchUriTemplate(template, path);
  const separated = field(match, 'path_separated_prefix').string();
  if (separated === undefined) {
    const beyond = unknown('the path matcher is not understood', match);
    return () => beyond;
  }
  const wanted = fold(separated);
  return (path) =>
    fold(path).startsWith(wanted) && (path.length === separated.length || path[separated.length] === '/');
}

/** QueryParameterMatcher: the first value of a parameter; without a kind, presence (source/common/router/config_utility.cc). */
function matchQuery(matchers: readonly Cursor[], request: RequestView): Truth {
  if (matchers.length === 0) return true;
  const parameters = queryParameters(request.path);
  return all(matchers, (matcher) => {
    const beyond = unknownField(matcher, KNOWN_PARAMETER);
    if (beyond !== undefined) return beyond;
    const value = parameters.get(field(matcher, 'name').string() ?? '');
    const text = field(matcher, 'string_match');
    if (text.exists) return value === undefined ? false : matchString(text, value);
    return (value !== undefined) === (field(matcher, 'present_match').boolean() ?? true);
  });
}

/** TlsContextMatchOptions (evaluateTlsContextMatch). Whether Envoy validated a certificate is in no dump. */
function matchTls(options: Cursor, tls: TlsHello | null): Truth {
  if (!options.exists) return true;
  const presented = tls !== null && tls.clientIdentity !== null;
  const wanted: [string, Truth][] = [
    ['presented', presented],
    ['validated', presented ? unknown('whether the client certificate was validated is not known', options) : false],
  ];
  return all(wanted, ([name, truth]) => {
    const expected = field(options, name).boolean();
    if (expected === undefined) return true;
    return isUnknown(truth) ? truth : truth === expected;
  });
}

/** Clauses that say why a route was taken, from its match. */
export function matchReasons(match: Cursor): string[] {
  const reasons: string[] = [];
  for (const kind of ['path', 'prefix', 'path_separated_prefix'] as const) {
    const value = field(match, kind).string();
    if (value !== undefined) reasons.push(`${kind.replaceAll('_', '-')} ${JSON.stringify(value)}`);
  }
  const template = fields(match, 'path_match_policy', 'typed_config', 'path_template').string();
  if (template !== undefined) reasons.push(`path template ${JSON.stringify(template)}`);
  const regex = field(field(match, 'safe_regex'), 'regex').string();
  if (regex !== undefined) reasons.push(`regular expression ${JSON.stringify(regex)}`);
  for (const header of field(match, 'headers').items()) reasons.push(`header ${field(header, 'name').string() ?? ''}`);
  for (const parameter of field(match, 'query_parameters').items()) {
    reasons.push(`query parameter ${field(parameter, 'name').string() ?? ''}`);
  }
  return reasons;
}
