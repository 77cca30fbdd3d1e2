import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ApplicationRequest, HttpRequest } from '../../../../model/request.ts';
import type { Host } from '../cluster/host-set.ts';
import { upstreamHttpVersion } from '../cluster/upstream-http.ts';
import type { UpstreamTransport } from '../cluster/transport-socket.ts';
import { substituteRegex } from '../match/regex.ts';
import { lowerAscii } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { eitherSpelling, enumName, field, hasSome, isTrue, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { headerValues, keepsApart } from './header-values.ts';
import type { HttpContext } from './http-context.ts';
import { withoutQuery } from './path.ts';
import type { RequestView } from './request-view.ts';
import { withoutConnectionHeaders } from './http2-codec.ts';
import { asExtendedConnect } from './upgrade.ts';
import { upstreamHello } from './upstream-hello.ts';

/** What a route makes of the request before it is sent on. */
export interface Rewrites {
  readonly path: string;
  /** null: the selected host's name, where it has one (`auto_host_rewrite`). */
  readonly authority: string | null;
  /** Its headers, and the names of those whose values are not known. */
  readonly headers: () => [[string, string][], string[]];
  /** Neither path nor host changes. */
  readonly plain: boolean;
  /** Clauses for the step. */
  readonly reasons: () => readonly string[];
}

/** Headers that the router and the connection manager set on what they send (docs: HTTP header manipulation). */
const SET_BY_ROUTER = [
  'x-request-id',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-envoy-original-path',
  'x-forwarded-host',
  'x-forwarded-client-cert',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
  'traceparent',
  'tracestate',
];

/** Rewrites of a RouteAction (RouteEntryImplBase::finalizeRequestHeaders, finalizePathHeader, finalizeHostHeader). */
export function rewriteRequest(context: HttpContext, route: Cursor, weighted: Cursor | null): Rewrites | Unknown {
  const action = field(route, 'route');
  const leavesHost = weighted === null || !field(weighted, 'host_rewrite_literal').exists;
  if (leavesHost && rewritesNothing(action)) return new Unchanged(context, route, weighted);
  const path = rewritePath(context, route, action);
  if (isUnknown(path)) return path;
  const authority = rewriteAuthority(context, action, weighted);
  if (isUnknown(authority)) return authority;
  const levels = [context.choice.routeConfig, context.choice.virtualHost, route, weighted];
  return {
    path,
    authority,
    headers: () =>
      changeHeaders(
        context,
        levels.filter((level) => level !== null),
      ),
    plain: path === context.request.path && authority === context.request.authority,
    reasons: () => [
      ...(path === context.request.path ? [] : [`the path becomes ${path}`]),
      ...(authority === null
        ? ['the host becomes that of the endpoint']
        : authority === context.request.authority
          ? []
          : [`the host becomes ${authority}`]),
    ],
  };
}

/** A route that rewrites neither path nor host, as most do. */
class Unchanged implements Rewrites {
  readonly plain = true;
  readonly #context: HttpContext;
  readonly #route: Cursor;
  readonly #weighted: Cursor | null;

  constructor(context: HttpContext, route: Cursor, weighted: Cursor | null) {
    this.#context = context;
    this.#route = route;
    this.#weighted = weighted;
  }

  get path(): string {
    return this.#context.request.path;
  }

  get authority(): string {
    return this.#context.request.authority;
  }

  headers(): [[string, string][], string[]] {
    const { routeConfig, virtualHost } = this.#context.choice;
    const levels = [routeConfig, virtualHost, this.#route, this.#weighted];
    return changeHeaders(
      this.#context,
      levels.filter((level) => level !== null),
    );
  }

  reasons(): readonly string[] {
    return [];
  }
}

const PATH_REWRITES = ['path_rewrite_policy', 'path_rewrite', 'prefix_rewrite', 'regex_rewrite'];

const REWRITES = eitherSpelling([
  ...PATH_REWRITES,
  'host_rewrite_literal',
  'host_rewrite',
  'host_rewrite_header',
  'host_rewrite_path_regex',
  'auto_host_rewrite',
]);

const rewritesNothing = memoised((action): boolean => !hasSome(action, REWRITES));

function rewritePath(context: HttpContext, route: Cursor, action: Cursor): string | Unknown {
  const { path, hasPath } = context.request;
  if (rewritesNothing(action)) return path;
  const change = hasPath ? undefined : PATH_REWRITES.find((name) => field(action, name).exists);
  if (change !== undefined) return unknown('what CONNECT becomes is not evaluated', field(action, change));
  const bare = withoutQuery(path);
  const policy = field(action, 'path_rewrite_policy');
  if (policy.exists) return unknown('path_rewrite_policy is not understood', policy.at('name'));
  const whole = field(action, 'path_rewrite');
  if (whole.exists) return unknown('path_rewrite is not evaluated', whole);
  const prefix = field(action, 'prefix_rewrite').string() ?? '';
  if (prefix !== '') {
    if (prefix.includes('%'))
      return unknown('prefix_rewrite has a format that is not evaluated', field(action, 'prefix_rewrite'));
    return prefixReplaced(context.request, prefix, matchedPart(field(route, 'match'), bare), field(route, 'match'));
  }
  const regex = field(action, 'regex_rewrite');
  if (!regex.exists) return path;
  const rewritten = substituteRegex(regex, bare);
  return isUnknown(rewritten) ? rewritten : rewritten + path.slice(bare.length);
}

/** What a prefix rewrite replaces: the prefix or path of the match; for a regular expression the whole path. */
function matchedPart(match: Cursor, path: string): string {
  return field(match, 'prefix').string() ?? field(match, 'path_separated_prefix').string() ?? path;
}

/** From this minor version on a path stays as it is that does not begin with what the match asks for. */
const KEEPS_OTHERS = 40;

/**
 * A path may begin with what the match asks for only once its parameters are left out (ignore_path_parameters_in_path_matching). Before,
 * as many characters were replaced as the match has (RouteEntryImplBase::finalizePathHeader).
 */
function prefixReplaced(
  { path, envoyMinor }: RequestView,
  prefix: string,
  matched: string,
  cite: Cursor,
): string | Unknown {
  if (lowerAscii(path).startsWith(lowerAscii(matched))) return prefix + path.slice(matched.length);
  if (envoyMinor === undefined) return unknown('what becomes of path parameters depends on the version of Envoy', cite);
  return envoyMinor < KEEPS_OTHERS ? prefix + path.slice(matched.length) : path;
}

function rewriteAuthority(context: HttpContext, action: Cursor, weighted: Cursor | null): string | null | Unknown {
  const { authority, path, headers } = context.request;
  if (weighted === null && rewritesNothing(action)) return authority;
  const overWeighted = weighted === null ? undefined : field(weighted, 'host_rewrite_literal').string();
  const literal = overWeighted ?? field(action, 'host_rewrite_literal').string() ?? '';
  if (literal.includes('%'))
    return unknown('host_rewrite_literal has a format that is not evaluated', field(action, 'host_rewrite_literal'));
  if (literal !== '') return literal;
  if (field(action, 'host_rewrite').exists)
    return unknown('host_rewrite is not evaluated', field(action, 'host_rewrite'));
  const header = (field(action, 'host_rewrite_header').string() ?? '').toLowerCase();
  if (header !== '') {
    const values = headerValues(headers, header);
    if (isUnknown(values)) return values;
    if (values.length > 1 && !keepsApart(header))
      return unknown(`which of several values of the header ${header} becomes the host is not known`, action);
    return values[0] || authority;
  }
  const regex = field(action, 'host_rewrite_path_regex');
  if (regex.exists) {
    const rewritten = substituteRegex(regex, withoutQuery(path));
    return rewritten === '' ? authority : rewritten;
  }
  return isTrue(action, 'auto_host_rewrite') ? null : authority;
}

const APPEND_ACTIONS = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
];

/**
 * Applies request_headers_to_remove and request_headers_to_add of each level. A value with a `%FORMAT%`, and a header that several
 * levels touch, is not computed.
 */
function changeHeaders(context: HttpContext, levels: readonly Cursor[]): [[string, string][], string[]] {
  let headers = context.request.original.headers.map(([name, value]): [string, string] => [name, value]);
  const touched = new Set<string>();
  const unseen = new Set([...(context.request.original.unknownHeaders ?? []), ...SET_BY_ROUTER]);
  const drop = (name: string): void => {
    headers = headers.filter(([other]) => other !== name);
  };
  if (!headers.some(([name]) => name === 'x-forwarded-proto') && typeof context.request.scheme === 'string') {
    headers.push(['x-forwarded-proto', context.request.scheme]);
  }
  if (isTrue(context.hcm, 'use_remote_address'))
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-envoy-external-address', 'x-envoy-internal'])
      unseen.add(name);
  for (const level of levels) {
    for (const name of field(level, 'request_headers_to_remove')
      .strings()
      .map((text) => text.toLowerCase())) {
      drop(name);
      if (touched.has(name)) unseen.add(name);
      touched.add(name);
    }
    for (const option of field(level, 'request_headers_to_add').items()) {
      const header = field(option, 'header');
      const name = (field(header, 'key').string() ?? '').toLowerCase();
      const value = field(header, 'value').string() ?? '';
      const how = enumName(field(option, 'append_action'), APPEND_ACTIONS) ?? 'APPEND_IF_EXISTS_OR_ADD';
      const present = headers.some(([other]) => other === name);
      if (touched.has(name) || value === '' || value.includes('%') || field(option, 'append').exists) unseen.add(name);
      touched.add(name);
      if ((how === 'ADD_IF_ABSENT' && present) || (how === 'OVERWRITE_IF_EXISTS' && !present)) continue;
      if (how.startsWith('OVERWRITE')) drop(name);
      headers.push([name, value]);
    }
  }
  return [headers.filter(([name]) => !unseen.has(name)), [...unseen]];
}

/** The request as it is sent to a host. */
export function forwardedRequest(
  context: HttpContext,
  rewrites: Rewrites,
  cluster: Cursor,
  transport: UpstreamTransport,
  host: Host | null,
): ApplicationRequest {
  const { original } = context.request;
  const hostname = host?.hostname ?? '';
  const version = upstreamHttpVersion(cluster, original.version) ?? original.version;
  const [headers, unknownHeaders] = rewrites.headers();
  // A port that was stripped for routing comes back in a CONNECT (FilterManager::decodeHeaders).
  const kept = original.method === 'CONNECT' ? original.authority : context.request.authority;
  const authority = rewrites.plain ? kept : (rewrites.authority ?? (hostname === '' ? kept : hostname));
  const http: HttpRequest = {
    ...original,
    path: rewrites.path,
    authority,
    headers,
    unknownHeaders,
    version,
  };
  const { upgrade } = context.request;
  const asUpgrade = upgrade !== null && original.method !== 'CONNECT';
  const asSent =
    version === 'h2' ? withoutConnectionHeaders(asUpgrade ? asExtendedConnect(http, upgrade) : http) : http;
  return {
    protocol: 'tcp',
    http: asSent,
    tls: transport.hello && upstreamHello(context, cluster, transport.hello, http),
  };
}
