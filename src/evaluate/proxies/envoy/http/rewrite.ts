import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ApplicationRequest, HttpRequest } from '../../../../model/request.ts';
import type { Host } from '../cluster/host-set.ts';
import { upstreamHttpVersion } from '../cluster/upstream-http.ts';
import type { UpstreamTransport } from '../cluster/transport-socket.ts';
import { substituteRegex } from '../match/regex.ts';
import { lowerAscii } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { eitherSpelling, field, hasSome, isTrue, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { headerValues, keepsApart } from './header-values.ts';
import { changeHeaders } from './header-changes.ts';
import type { SentHeaders } from './header-changes.ts';
import type { HttpContext } from './http-context.ts';
import { withoutQuery } from './path.ts';
import type { RequestView } from './request-view.ts';
import { withoutConnectionHeaders } from './http2-codec.ts';
import { RETRY_HEADERS } from './retry.ts';
import { asExtendedConnect } from './upgrade.ts';
import { upstreamHello } from './upstream-hello.ts';

/** What a route makes of the request before it is sent on. */
export interface Rewrites {
  readonly path: string;
  /** null: the selected host's name, where it has one (`auto_host_rewrite`). */
  readonly authority: string | null;
  readonly headers: () => SentHeaders;
  /** Neither path nor host changes. */
  readonly plain: boolean;
  /** Clauses for the step. */
  readonly reasons: () => readonly string[];
}

/** Rewrites of a RouteAction (RouteEntryImplBase::finalizeRequestHeaders, finalizePathHeader, finalizeHostHeader). */
export function rewriteRequest(context: HttpContext, route: Cursor, weighted: Cursor | null): Rewrites | Unknown {
  const action = field(route, 'route');
  const leavesHost = weighted === null || !field(weighted, 'host_rewrite_literal').exists;
  if (leavesHost && rewritesNothing(action)) return new Unchanged(context, route, weighted);
  const path = rewritePath(context, route, action);
  if (isUnknown(path)) return path;
  const authority = rewriteAuthority(context, action, weighted);
  if (isUnknown(authority)) return authority;
  return {
    path,
    authority,
    headers: () => changeHeaders(context, route, weighted),
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

  headers(): SentHeaders {
    return changeHeaders(this.#context, this.#route, this.#weighted);
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
  const named = ['prefix', 'path_separated_prefix', 'path'].map((kind) => field(match, kind).string());
  return named.find((part) => part !== undefined) ?? path;
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

/** What the router takes for itself. */
const CONSUMED: ReadonlySet<string> = new Set(RETRY_HEADERS);

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
  const { headers, unseen } = rewrites.headers();
  // A port that was stripped for routing comes back in a CONNECT (FilterManager::decodeHeaders).
  const kept = original.method === 'CONNECT' ? original.authority : context.request.authority;
  const authority = rewrites.plain ? kept : (rewrites.authority ?? (hostname === '' ? kept : hostname));
  const http: HttpRequest = {
    ...original,
    path: rewrites.path,
    authority,
    headers: headers.filter(([name]) => !CONSUMED.has(name)),
    unknownHeaders: unseen.filter((name) => !CONSUMED.has(name)),
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
