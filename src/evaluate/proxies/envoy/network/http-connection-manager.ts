import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { unknownUpstreamFilter } from '../cluster/gates.ts';
import type { ConnectionContext } from '../context.ts';
import { asksForCluster } from '../http/asks-for-cluster.ts';
import { chooseCluster, overridesFilters } from '../http/cluster-choice.ts';
import type { SettledProtocol } from '../http/codec-refusal.ts';
import { findRoute } from '../http/find-route.ts';
import { localReply } from '../http/http-context.ts';
import type { HttpContext } from '../http/http-context.ts';
import { KNOWN_HCM, KNOWN_ROUTER } from '../http/known-fields.ts';
import { managerOptions } from '../http/manager-options.ts';
import { prepareRequest } from '../http/prepare-request.ts';
import { routeRequest } from '../http/route-request.ts';
import { SentHttp, VERSION, WHOLE } from '../http/sent-request.ts';
import type { SentRequest } from '../http/sent-request.ts';
import { upgradeAllowed } from '../http/upgrade.ts';
import { filterOverride } from '../http-filters/filter.ts';
import type { HttpFilter, RunHttpFilter } from '../http-filters/filter.ts';
import { httpFilterRule } from '../http-filters/registry.ts';
import { memoised } from '../memo.ts';
import { field, fields, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { PLAINTEXT_ERROR } from '../tls/handshake.ts';
import { isUnknown } from '../truth.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { RunNetworkFilter } from './filter.ts';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const unknownHcmField = memoised((hcm) => unknownField(hcm, KNOWN_HCM));
const managerStep = memoised((entry) => {
  const name = field(entry, 'name').string() ?? '';
  return step('network-filter', 'selected', name, { cites: [entry.at('name')] });
});
const KNOWN_FILTER = new Set(['name', 'typed_config', 'config_discovery', 'is_optional', 'disabled']);

/**
 * envoy.filters.network.http_connection_manager: reads the request, finds its route, runs the HTTP filters in order, and lets the
 * router answer or forward (source/common/http/conn_manager_impl.cc).
 */
export const runHttpConnectionManager: RunNetworkFilter = (connection, filter, walk) => {
  const hcm = filter.config;
  const managed = withStep(walk, managerStep(filter.entry));
  const beyond = unknownHcmField(hcm);
  if (beyond !== undefined) return undetermined(managed, beyond);
  const { sent } = connection;
  if (connection.tls === null && connection.connection.request.tls !== null) {
    // A client hello is no request: the codec answers in plaintext, which the client cannot read, and closes. That of HTTP/2 has no
    // stream which would have a detail.
    const handshake = { established: false, error: PLAINTEXT_ERROR };
    const detail = managerOptions(hcm).codec === 'HTTP2' ? null : 'http1.codec_error';
    return end(managed, { kind: 'close', flag: 'DPE', detail, denied: false, handshake });
  }
  if (sent === null) {
    return undetermined(
      managed,
      unknown('the listener expects HTTP, and what the client sends is not known', filter.entry.at('name')),
    );
  }
  const settled = settledProtocol(connection);
  const prepared = prepareRequest(hcm, spoken(connection, settled, sent), connection, settled);
  if (prepared.kind === 'unknown') return undetermined(managed, prepared.unknown);
  if (prepared.kind === 'reset') {
    const { flag, detail, heard, reason, cites } = prepared;
    const refused = step('network-filter', 'closed', filter.name, { reasons: [reason], cites });
    const how = { kind: 'close', flag, detail, denied: false } as const;
    return end(withStep(managed, refused), heard === null ? how : { ...how, heard });
  }
  if (prepared.kind === 'rejected') {
    const { status, detail, reason, cites } = prepared;
    const refused = withStep(managed, step('reply', 'replied', String(status), { reasons: [reason], cites }));
    // It is answered before anything asks whether it is gRPC.
    return localReply({ connection, hcm, request: { grpc: false, tellsOfDropped: false } }, refused, {
      status,
      flag: 'DPE',
      detail,
      body: null,
    });
  }
  if (prepared.kind === 'refused') {
    const { request, status, detail, reason, cites } = prepared;
    const refused = withStep(managed, step('reply', 'replied', String(status), { reasons: [reason], cites }));
    return localReply({ connection, hcm, request }, refused, { status, flag: null, detail, body: '' });
  }
  const { request, remoteAddress } = prepared;
  return findRoute(connection, hcm, request, managed, (found, choice) =>
    afterRoute({ connection, hcm, request, routed: request, remoteAddress, choice }, found),
  );
};

/** What happens to a request that has its route: the upgrade that it may ask for, the HTTP filters, the router. */
function afterRoute(context: HttpContext, walk: Walk): EnvoyOutcome[] {
  return withCluster(context, walk, (withChoice, chosen) => {
    const upgrade = upgradeAllowed(withChoice);
    if (isUnknown(upgrade)) return undetermined(chosen, upgrade);
    // Without a route there is nothing that forbids it: the filters run, and the router finds none.
    if (!upgrade && (withChoice.choice.route !== null || withChoice.choice.tlsRedirect))
      return localReply(withChoice, chosen, { status: 403, flag: null, detail: 'upgrade_failed', body: '' });
    return runFilters(withChoice, chosen, 0);
  });
}

/** What TLS has settled on: the first that the filter chain names and the client offers (ServerContextImpl::selectAlpn). */
function settledProtocol({ chain, tls }: ConnectionContext): SettledProtocol | null {
  if (tls === null) return null;
  const context = fields(chain.config, 'transport_socket', 'typed_config', 'common_tls_context');
  const name = field(context, 'alpn_protocols')
    .strings()
    .find((one) => tls.alpn.includes(one));
  return name === undefined ? null : { name, either: tls.alpn.includes('h2') && tls.alpn.includes('http/1.1') };
}

/** A request in the version of HTTP that a client speaks which offers both: HTTP/2 only where TLS has settled on it. */
function spoken({ tls }: ConnectionContext, settled: SettledProtocol | null, sent: SentRequest): SentRequest {
  if (tls === null || sent.tell(VERSION) === 'http/1.1' || !tls.alpn.includes('http/1.1')) return sent;
  if (settled !== null && settled.name !== 'http/1.1') return sent;
  return new SentHttp({ ...sent.tell(WHOLE), version: 'http/1.1' });
}

/** Draws the cluster before the filters run where only one can be, or where a filter depends on it. */
function withCluster(
  context: HttpContext,
  walk: Walk,
  next: (context: HttpContext, walk: Walk) => EnvoyOutcome[],
): EnvoyOutcome[] {
  const { route, virtualHost, routeConfig, constraints } = context.choice;
  const levels = [route, virtualHost, routeConfig];
  const action = route === null ? null : field(route, 'route');
  if (action === null || !action.exists) return next(context, walk);
  const choices = chooseCluster(action, context.request, constraints, context.connection.runtime);
  if (isUnknown(choices)) return next(context, walk);
  if (choices.length !== 1 && !overridesFilters(action) && !asksForCluster(context.hcm, levels))
    return next(context, walk);
  return choices.flatMap((cluster) =>
    next({ ...context, choice: { ...context.choice, cluster } }, branch(walk, cluster.probability)),
  );
}

/** A filter of the chain as its entry has it. */
interface ChainedFilter {
  /** Without an override. */
  readonly filter: HttpFilter;
  readonly disabled: boolean;
  /** Why it cannot be evaluated. */
  readonly problem: Unknown | null;
  /** null: the router. */
  readonly run: RunHttpFilter | null;
}

const CHAINS = new WeakMap<object, readonly ChainedFilter[]>();

function filterChain({ connection, hcm }: HttpContext): readonly ChainedFilter[] {
  const key = hcm.value;
  const known = typeof key === 'object' && key !== null ? CHAINS.get(key) : undefined;
  if (known !== undefined) return known;
  const chain = field(hcm, 'http_filters')
    .items()
    .map((entry) => chainedFilter(connection, entry));
  if (typeof key === 'object' && key !== null) CHAINS.set(key, chain);
  return chain;
}

function chainedFilter(connection: ConnectionContext, entry: Cursor): ChainedFilter {
  const name = field(entry, 'name').string() ?? '';
  const any = filterConfig(connection, entry, name);
  const type = typeName(any) ?? '';
  const filter = { name, entry, type, config: typedMessage(any), override: null };
  const router = type === ROUTER;
  const problem =
    unknownField(entry, KNOWN_FILTER) ??
    (any.exists ? null : unknown(`the configuration of HTTP filter ${name} is not in the dump`, entry.at('name'))) ??
    (router ? (unknownField(any, KNOWN_ROUTER) ?? unknownUpstreamFilter(field(any, 'upstream_http_filters'))) : null);
  return { filter, disabled: isTrue(entry, 'disabled'), problem, run: router ? null : httpFilterRule(type) };
}

function runFilters(context: HttpContext, walk: Walk, index: number): EnvoyOutcome[] {
  const chained = filterChain(context)[index];
  if (chained === undefined)
    return undetermined(walk, unknown('the filter chain does not end in a router', context.hcm.at('stat_prefix')));
  const { filter, disabled, problem, run } = chained;
  const override = filterOverride(context, filter.name);
  if (override.disabled ?? disabled) return runFilters(context, walk, index + 1);
  if (problem !== null) return undetermined(walk, problem);
  if (run === null) return routeRequest(context, walk, filter.config);
  const own = override.config === null ? filter : { ...filter, override: override.config };
  return run(context, own, walk, (passed, request, choice) => {
    const left = request === undefined ? context : { ...context, request };
    if (choice === undefined) return runFilters(left, passed, index + 1);
    return withCluster({ ...left, routed: left.request, choice }, passed, (drawn, chosen) =>
      runFilters(drawn, chosen, index + 1),
    );
  });
}

/** A filter's own configuration, or the one that ECDS delivered. */
function filterConfig({ config }: ConnectionContext, entry: Cursor, name: string): Cursor {
  const own = field(entry, 'typed_config');
  if (own.exists || !field(entry, 'config_discovery').exists) return own;
  const discovered = config.extension(name);
  return discovered?.state === 'active' ? field(discovered.config, 'typed_config') : own;
}
