import type { RunHttpFilter } from './filter.ts';
import { field, unknown } from '../proto-json.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { runBasicAuth } from './basic-auth.ts';
import { runBuffer } from './buffer.ts';
import { runCors } from './cors.ts';
import { runCsrf } from './csrf.ts';
import { runDynamicForwardProxy } from './dynamic-forward-proxy.ts';
import { runCompressor, runDecompressor, runGrpcWeb } from './encoding.ts';
import { runExtAuthz } from './ext-authz.ts';
import { runFault } from './fault.ts';
import { runHeaderMutation } from './header-mutation.ts';
import { runHealthCheck } from './health-check.ts';
import { runJwtAuthn } from './jwt-authn.ts';
import { runLocalRateLimit } from './local-ratelimit.ts';
import { runRateLimit } from './ratelimit.ts';
import { runRbac } from './rbac.ts';
import { runStatefulSession } from './stateful-session.ts';

const TYPE = 'envoy.extensions.filters.http.';

/** Lets every request pass: the filter only observes, or only touches what no decision looks at. */
const pass: RunHttpFilter = (_context, _filter, walk, next) => next(walk);

/** A Lua filter without a script of its own, on a route that gives it none, does nothing (lua_filter.cc, FilterConfig). */
const runLua: RunHttpFilter = (context, filter, walk, next) => {
  const scripts = ['inline_code', 'default_source_code'].some((name) => field(filter.config, name).exists);
  return scripts || filter.override !== null ? opaque(context, filter, walk, next) : next(walk);
};

/**
 * HTTP filters with a rule, by the type of their configuration. A filter that is not listed may do anything: what comes after it
 * is not known.
 */
const HTTP_FILTERS: Readonly<Record<string, RunHttpFilter>> = {
  'envoy.extensions.filters.http.rbac.v3.RBAC': runRbac,
  'envoy.extensions.filters.http.fault.v3.HTTPFault': runFault,
  'envoy.extensions.filters.http.cors.v3.Cors': runCors,
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication': runJwtAuthn,
  [`${TYPE}local_ratelimit.v3.LocalRateLimit`]: runLocalRateLimit,
  [`${TYPE}buffer.v3.Buffer`]: runBuffer,
  [`${TYPE}ext_authz.v3.ExtAuthz`]: runExtAuthz,
  [`${TYPE}ratelimit.v3.RateLimit`]: runRateLimit,
  [`${TYPE}dynamic_forward_proxy.v3.FilterConfig`]: runDynamicForwardProxy,
  [`${TYPE}lua.v3.Lua`]: runLua,
  [`${TYPE}header_mutation.v3.HeaderMutation`]: runHeaderMutation,
  [`${TYPE}csrf.v3.CsrfPolicy`]: runCsrf,
  [`${TYPE}basic_auth.v3.BasicAuth`]: runBasicAuth,
  [`${TYPE}health_check.v3.HealthCheck`]: runHealthCheck,
  [`${TYPE}stateful_session.v3.StatefulSession`]: runStatefulSession,
  [`${TYPE}compressor.v3.Compressor`]: runCompressor,
  [`${TYPE}decompressor.v3.Decompressor`]: runDecompressor,
  [`${TYPE}grpc_web.v3.GrpcWeb`]: runGrpcWeb,
  // Slows bodies down; no request is answered (source/extensions/filters/http/bandwidth_limit/bandwidth_limit.cc, decodeHeaders).
  [`${TYPE}bandwidth_limit.v3.BandwidthLimit`]: pass,
  // Counts gRPC messages; always continues (source/extensions/filters/http/grpc_stats/grpc_stats_filter.cc).
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig': pass,
  // Istio's metrics; always continues (istio/proxy, source/extensions/filters/http/istio_stats/istio_stats.cc).
  'stats.PluginConfig': pass,
  // Tells peers about each other in headers and filter state, which no rule here reads
  // (istio/proxy, source/extensions/filters/http/peer_metadata/filter.cc).
  'io.istio.http.peer_metadata.Config': pass,
  // Sets the ALPN list of upstream TLS (istio/proxy, source/extensions/filters/http/alpn/alpn_filter.cc).
  'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig': pass,
};

/** Filters whose decision lies with a service or a program of the user, by the start of their type, with what they are. */
const OPAQUE: readonly (readonly [string, string])[] = [
  ['envoy.extensions.filters.http.ext_proc.', 'an external processor may answer or change the request'],
  ['envoy.extensions.filters.http.lua.', 'a Lua script may answer or change the request'],
  ['envoy.extensions.filters.http.wasm.', 'a WebAssembly module may answer or change the request'],
];

/** The rule of a filter, by the type of its configuration. */
export function httpFilterRule(type: string): RunHttpFilter {
  return HTTP_FILTERS[type] ?? opaque;
}

const opaque: RunHttpFilter = (_context, filter, walk) => {
  const known = OPAQUE.find(([type]) => filter.type.startsWith(type))?.[1];
  const reason = known ?? 'this tool has no rule for it';
  return undetermined(
    withStep(
      walk,
      step('http-filter', 'unknown', filter.name, { reasons: [reason], cites: [filter.entry.at('name')] }),
    ),
    unknown(`HTTP filter ${filter.name}: ${reason}`, filter.entry.at('name')),
  );
};
