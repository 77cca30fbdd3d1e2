/**
 * What the router filter does with a request that has passed every other filter (source/common/router/router.cc).
 *
 * In: the request and its route. Out: the end of the branch: an answer of the proxy's own, or the hosts that it goes to.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { forwardTo } from '../cluster/forward.ts';
import { clusterOf } from '../cluster/known-cluster.ts';
import type { ForwardFailure } from '../cluster/overload.ts';
import { subsetCriteria } from '../cluster/subset.ts';
import { enumName, field, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { HeaderView } from '../match/header-match.ts';
import { sentValue } from './header-changes.ts';
import { chooseCluster } from './cluster-choice.ts';
import type { ClusterChoice } from './cluster-choice.ts';
import { requestHash } from './hash-policy.ts';
import { localReply } from './http-context.ts';
import type { HttpContext, LocalReply } from './http-context.ts';
import { KNOWN_ACTION, KNOWN_REDIRECT, KNOWN_ROUTE } from './known-fields.ts';
import { mapAnswer } from './local-reply-config.ts';
import { forwardedRequest, rewriteRequest } from './rewrite.ts';
import { policyOf, retriesOf } from './retry.ts';
import type { Retrying } from './retry.ts';
import { firstInvalidHeader } from './strict-headers.ts';
import { timeLimits } from './time-limits.ts';
import { opensTunnel } from './upgrade.ts';

const REDIRECT_CODES = ['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'];
const REDIRECT_STATUS: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

/** Answers, redirects or forwards a request as its route says. @param router the configuration of the router filter */
export function routeRequest(context: HttpContext, walk: Walk, router: Cursor): EnvoyOutcome[] {
  const { route, tlsRedirect } = context.choice;
  if (tlsRedirect) return answer(context, walk, { status: 301, flag: null, detail: 'direct_response', body: '' });
  if (route === null) return answer(context, walk, { status: 404, flag: 'NR', detail: 'route_not_found', body: '' });
  const beyond = unknownField(route, KNOWN_ROUTE);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const direct = field(route, 'direct_response');
  if (direct.exists) {
    const status = field(direct, 'status').number() ?? 200;
    return answer(context, walk, { status, flag: null, detail: 'direct_response', body: directBody(direct) }, direct);
  }
  const redirect = field(route, 'redirect');
  if (redirect.exists && !context.request.hasPath)
    return undetermined(walk, unknown('a redirect of CONNECT is not evaluated', redirect));
  if (redirect.exists) return redirectRequest(context, redirect, walk);
  if (field(route, 'non_forwarding_action').exists)
    return noCluster(context, walk, field(route, 'non_forwarding_action'));
  return forwardRequest(context, route, walk, router);
}

/** The text of a direct response; null when it comes from a file or a format. */
function directBody(direct: Cursor): string | null {
  const body = field(direct, 'body');
  if (field(direct, 'body_format').exists) return null;
  return body.exists ? (field(body, 'inline_string').string() ?? null) : '';
}

function redirectRequest(context: HttpContext, redirect: Cursor, walk: Walk): EnvoyOutcome[] {
  const beyond = unknownField(redirect, KNOWN_REDIRECT);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const code = enumName(field(redirect, 'response_code'), REDIRECT_CODES) ?? 'MOVED_PERMANENTLY';
  const status = REDIRECT_STATUS[code];
  if (status === undefined) return undetermined(walk, unknown(`the redirect code ${code} is not known`, redirect));
  return answer(context, walk, { status, flag: null, detail: 'direct_response', body: '' }, redirect);
}

/** A route without a cluster; Envoy looks for one with an empty name. */
function noCluster(context: HttpContext, walk: Walk, cite: Cursor): EnvoyOutcome[] {
  return answer(context, walk, { status: 503, flag: 'NC', detail: 'cluster_not_found', body: '' }, cite);
}

function answer(context: HttpContext, walk: Walk, reply: LocalReply, cite?: Cursor): EnvoyOutcome[] {
  const cites = cite === undefined ? [] : [cite];
  return localReply(context, withStep(walk, step('reply', 'replied', String(reply.status), { cites })), reply);
}

function forwardRequest(context: HttpContext, route: Cursor, walk: Walk, router: Cursor): EnvoyOutcome[] {
  const action = field(route, 'route');
  const beyond = action.exists
    ? unknownField(action, KNOWN_ACTION)
    : unknown('the route has no action that is understood', field(route, 'match'));
  if (beyond !== undefined) return undetermined(walk, beyond);
  const invalid = firstInvalidHeader(router, context.request.headers);
  if (isUnknown(invalid)) return undetermined(walk, invalid);
  if (invalid !== null) {
    const detail = `request_headers_failed_strict_check{${invalid}}`;
    return answer(
      context,
      walk,
      { status: 400, flag: 'IH', detail, body: null },
      field(router, 'strict_check_headers'),
    );
  }
  const choices = clusterChoices(context, action);
  if (isUnknown(choices)) return undetermined(walk, choices);
  return choices.flatMap((choice) => toCluster(context, route, choice, branch(walk, choice.probability)));
}

/** The cluster that was chosen before the filters ran, or all that may be chosen. */
function clusterChoices(context: HttpContext, action: Cursor): readonly ClusterChoice[] | Unknown {
  const { choice, routed, connection } = context;
  if (choice.cluster !== null) return [{ ...choice.cluster, probability: 1 }];
  return chooseCluster(action, routed, choice.constraints, connection.runtime);
}

function toCluster(context: HttpContext, route: Cursor, choice: ClusterChoice, walk: Walk): EnvoyOutcome[] {
  const action = field(route, 'route');
  const tunnel = opensTunnel(action, context.request);
  const rewrites = rewriteRequest(context, route, choice.weighted);
  if (isUnknown(rewrites)) return undetermined(walk, rewrites);
  const routed = withStep(
    walk,
    step('route', 'routed', choice.cluster, () => ({
      reasons: [
        choice.reason,
        ...(tunnel ? ['what is inside is sent on as it is'] : []),
        ...rewrites.reasons(),
        ...timeReasons(action),
      ],
      cites: [choice.cursor, ...(rewrites.plain ? [] : rewriteCites(action))],
    })),
  );
  const priority = enumName(field(action, 'priority'), ['DEFAULT', 'HIGH']) === 'HIGH' ? 'HIGH' : 'DEFAULT';
  const { runtime } = context.connection;
  const retrying = (): Pick<Retrying, 'action' | 'virtualHost' | 'cluster'> => {
    const { virtualHost } = context.choice;
    return { action, virtualHost, cluster: clusterOf(context.connection, choice.cluster).resource?.config };
  };
  const sent = (): Pick<HeaderView, 'get'> => {
    const headers = rewrites.headers();
    return { get: (name) => sentValue(headers, name) };
  };
  return forwardTo(context.connection, choice.cluster, routed, {
    headers: context.request.headers,
    // Hardly any cluster asks for it.
    get authority() {
      return rewrites.authority;
    },
    priority,
    criteria: subsetCriteria(
      field(action, 'metadata_match'),
      ...(choice.weighted === null ? [] : [field(choice.weighted, 'metadata_match')]),
    ),
    hash: () => requestHash(context, action, rewrites),
    // Only what fails, or takes its time, is asked for it.
    get retries() {
      return retriesOf({ ...retrying(), priority, headers: sent(), asked: context.request.headers, runtime });
    },
    get limits() {
      const { request, hcm } = context;
      return timeLimits({ ...retrying(), hcm, policy: policyOf(retrying()), request, headers: sent() });
    },
    grpc: context.request.grpc,
    mapAnswer: (status, flags) => mappedStatus(context, status, flags),
    fail: (failed, failure) => localReply(context, failed, failureReply(failure, action)),
    send: (cluster, transport, host) =>
      tunnel
        ? { protocol: 'tcp', http: null, tls: transport.hello }
        : forwardedRequest(context, rewrites, cluster, transport, host),
  });
}

/** The status of an answer that the proxy gives once its upstream has failed. */
function mappedStatus(
  { hcm, request, connection }: HttpContext,
  status: number,
  flags: readonly string[],
): number | Unknown {
  // By then the router has changed the headers.
  const mapped = mapAnswer(hcm, connection.runtime, { status, flags, grpc: request.grpc, headers: null });
  return isUnknown(mapped) ? mapped : mapped.status;
}

/** Limits of time and the retry policy, as clauses. */
function timeReasons(action: Cursor): string[] {
  const reasons: string[] = [];
  const timeout = field(action, 'timeout').string();
  if (timeout !== undefined && timeout !== '0s') reasons.push(`timeout ${timeout}`);
  const policy = field(action, 'retry_policy');
  const retries = field(policy, 'num_retries').number() ?? 1;
  if (policy.exists) reasons.push(`up to ${retries} retries on ${field(policy, 'retry_on').string() ?? 'nothing'}`);
  return reasons;
}

function rewriteCites(action: Cursor): Cursor[] {
  const names = [
    'prefix_rewrite',
    'regex_rewrite',
    'host_rewrite_literal',
    'host_rewrite_header',
    'host_rewrite_path_regex',
    'auto_host_rewrite',
  ];
  return names.map((name) => field(action, name)).filter((cursor) => cursor.exists);
}

const NOT_FOUND_CODES = ['SERVICE_UNAVAILABLE', 'NOT_FOUND', 'INTERNAL_SERVER_ERROR'];
const NOT_FOUND_STATUS: Readonly<Record<string, number>> = {
  SERVICE_UNAVAILABLE: 503,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
};

function failureReply(failure: ForwardFailure, action: Cursor): LocalReply {
  switch (failure) {
    case 'no-cluster': {
      const code = enumName(field(action, 'cluster_not_found_response_code'), NOT_FOUND_CODES) ?? 'SERVICE_UNAVAILABLE';
      return { status: NOT_FOUND_STATUS[code] ?? 503, flag: 'NC', detail: 'cluster_not_found', body: '' };
    }
    case 'no-host':
      return { status: 503, flag: 'UH', detail: 'no_healthy_upstream', body: 'no healthy upstream' };
    case 'overload-all':
      return { status: 503, flag: 'UDO', detail: 'unconditional_drop_overload', body: 'unconditional drop overload' };
    case 'overload-some':
      return { status: 503, flag: 'DO', detail: 'drop_overload', body: 'drop overload' };
    case 'overflow':
    case 'pool-overflow':
      return {
        status: 503,
        flag: 'UO',
        detail: 'upstream_reset_before_response_started{overflow}',
        body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
      };
  }
}
