import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConnection, EnvoyFacts, EnvoyResource, IstioReference } from '../../../../model/envoy.ts';
import type { Evidence } from '../../../../model/evidence.ts';
import { Cursor } from '../../../../model/json.ts';
import type { HttpRequest, TlsHello } from '../../../../model/request.ts';
import { BRANCH_LIMIT, type ConnectionContext } from '../context.ts';
import { routeReference } from '../istio-reference.ts';
import { acceptSocket } from '../listener/accepted-socket.ts';
import { field, fields, unknown, unknownField } from '../proto-json.ts';
import { readRuntime } from '../runtime.ts';
import { isUnknown, type Truth } from '../truth.ts';
import { chooseCluster } from './cluster-choice.ts';
import { KNOWN_ROUTE_CONFIG, KNOWN_VIRTUAL_HOST } from './known-fields.ts';
import { prepareRequest } from './prepare-request.ts';
import { share } from './random-value.ts';
import type { RequestView } from './request-view.ts';
import { describeMatch, missedParts } from './match-parts.ts';
import { matchRoute } from './route-match.ts';
import { internalOnlyHeader } from './route-config.ts';
import { selectRoute, type RouteAlternative } from './route-selection.ts';
import { SentHttp } from './sent-request.ts';

/** One route of the virtual host, held against the request. */
export interface RouteTrial {
  /** Its place among the virtual host's routes, from 0. */
  readonly index: number;
  /** `''` when it has none. */
  readonly name: string;
  /** What it asks for, as clauses. */
  readonly match: readonly string[];
  /** `after`: it stands behind the one that is taken. */
  readonly result: 'taken' | 'maybe' | 'missed' | 'unknown' | 'after';
  /** Share of the requests that take it; null when it is not taken or cannot be told. */
  readonly probability: number | null;
  /** Why it does not match or cannot be told, as clauses. */
  readonly reasons: readonly string[];
  readonly object: IstioReference | null;
  /** Clusters that it may forward to; empty: it answers itself, or they cannot be told. */
  readonly clusters: readonly { readonly name: string; readonly probability: number }[];
  /** What it does when it forwards to no cluster: `redirect`, `direct_response` … */
  readonly action: string;
  readonly evidence: readonly Evidence[];
}

/** A route configuration's answer to a request. */
export interface RouteTrials {
  /** The route configuration; `''` when it has no name. */
  readonly name: string;
  /** The virtual host that takes the authority, and why; null: none does. */
  readonly virtualHost: { readonly name: string; readonly reason: string; readonly evidence: Evidence } | null;
  readonly trials: readonly RouteTrial[];
  /** As the connection manager hands it to the routes. */
  readonly authority: string;
  readonly path: string;
  /** Why the answer is not known. */
  readonly unknown: Unknown | null;
  /** The connection manager answers before it looks for a route: a status, or null. */
  readonly refused: number | null;
}

/** A connection manager with the routes that it has. */
export interface RoutedManager {
  readonly resource: EnvoyResource;
  readonly chain: Cursor;
  readonly hcm: Cursor;
  readonly routeConfig: Cursor;
}

/**
 * Holds a request against every route of the virtual host that takes it. The route that is taken is the one that `selectRoute`
 * takes; this adds why those before it are not.
 */
export function tryRoutes(
  facts: EnvoyFacts,
  { resource, chain, hcm, routeConfig }: RoutedManager,
  connection: EnvoyConnection,
): RouteTrials {
  const { http, tls } = connection.request;
  const nothing = {
    name: field(routeConfig, 'name').string() ?? '',
    virtualHost: null,
    trials: [],
    authority: http?.authority ?? '',
    path: http?.path ?? '/',
    unknown: null,
    refused: null,
  };
  const { config } = facts;
  if (http === null || config === null) return { ...nothing, unknown: unknown('the request is not known') };
  const sent = new SentHttp(http);
  const context: ConnectionContext = {
    facts,
    config,
    connection,
    listener: { name: resource.name, resource, config: resource.config, addresses: [], bound: false },
    socket: acceptSocket(connection),
    chain: { name: field(chain, 'name').string() ?? '', config: chain, match: field(chain, 'filter_chain_match') },
    tls,
    clusterOverride: null,
    runtime: readRuntime(config.bootstrap),
    budget: { left: BRANCH_LIMIT },
    sharesOnly: false,
    sent,
  };
  const prepared = prepareRequest(hcm, sent, context);
  if (prepared.kind === 'unknown') return { ...nothing, unknown: prepared.unknown };
  if (prepared.kind === 'reset') return { ...nothing, unknown: unknown(prepared.reason, ...prepared.cites) };
  if (prepared.kind === 'rejected')
    return { ...nothing, authority: http.authority, path: http.path, refused: prepared.status };
  const { request } = prepared;
  const asked = { ...nothing, authority: request.authority, path: request.path };
  if (prepared.kind !== 'ready') return { ...asked, refused: prepared.status };
  const found = request.virtualHostIn(routeConfig);
  const beyond = unknownField(routeConfig, KNOWN_ROUTE_CONFIG) ?? internalOnlyHeader(routeConfig, request);
  if (beyond !== null) return { ...asked, unknown: beyond };
  if (found === undefined) {
    const vhds = field(routeConfig, 'vhds');
    return vhds.exists ? { ...asked, unknown: unknown('virtual hosts come on demand (VHDS)', vhds) } : asked;
  }
  const { virtualHost, domain, reason } = found;
  const host = { name: field(virtualHost, 'name').string() ?? '', reason, evidence: domain.evidence() };
  const known = { ...asked, virtualHost: host };
  const strange = unknownField(virtualHost, KNOWN_VIRTUAL_HOST);
  if (strange !== undefined) return { ...known, unknown: strange };
  if (field(virtualHost, 'require_tls').exists && request.scheme !== 'https') {
    return {
      ...known,
      unknown: unknown('the virtual host may redirect to TLS first', field(virtualHost, 'require_tls')),
    };
  }
  const alternatives = selectRoute(routeConfig, virtualHost, request, context);
  if (field(virtualHost, 'matcher').exists) {
    const trials = alternatives.flatMap((one, index) =>
      one.route === null ? [] : [matcherTrial(one, index, request, context)],
    );
    return { ...known, trials, unknown: alternatives.find((one) => one.unknown !== null)?.unknown ?? null };
  }
  return {
    ...known,
    trials: trialsOf(routeConfig, virtualHost, request, tls, alternatives, context),
    unknown: alternatives.find((one) => one.unknown !== null)?.unknown ?? null,
  };
}

function matcherTrial(
  one: RouteAlternative,
  index: number,
  request: RequestView,
  context: ConnectionContext,
): RouteTrial {
  const route = one.route ?? new Cursor('', '', undefined);
  return { ...describe(route, index, request, context), ...outcome(one) };
}

function trialsOf(
  routeConfig: Cursor,
  virtualHost: Cursor,
  request: RequestView,
  tls: TlsHello | null,
  alternatives: readonly RouteAlternative[],
  context: ConnectionContext,
): RouteTrial[] {
  const ignores = field(routeConfig, 'ignore_path_parameters_in_path_matching').boolean() === true;
  const taken = new Map(alternatives.flatMap((one) => (one.route === null ? [] : [[one.route.value, one] as const])));
  let decided = false;
  return field(virtualHost, 'routes')
    .items()
    .map((route, index): RouteTrial => {
      const about = describe(route, index, request, context);
      if (decided) return { ...about, result: 'after', probability: null, reasons: [] };
      const match = field(route, 'match');
      const truth: Truth = matchRoute(match, request, tls, ignores);
      const alternative = taken.get(route.value);
      if (alternative !== undefined) {
        decided = !field(match, 'runtime_fraction').exists;
        return { ...about, ...outcome(alternative) };
      }
      if (truth === true) {
        // It matches, and selectRoute did not take it: its runtime fraction is not known, or takes no request at all.
        const problem = alternatives.at(-1)?.unknown ?? null;
        decided = problem !== null;
        const reasons = [problem?.reason ?? 'its runtime fraction takes no request'];
        return { ...about, result: problem === null ? 'missed' : 'unknown', probability: null, reasons };
      }
      const reasons = missedParts(match, request, tls, ignores);
      if (truth === false) return { ...about, result: 'missed', probability: null, reasons };
      decided = true;
      return { ...about, result: 'unknown', probability: null, reasons: [truth.reason] };
    });
}

function outcome(one: RouteAlternative): Pick<RouteTrial, 'result' | 'probability' | 'reasons'> {
  const probability = share(one.constraints) ?? null;
  return { result: one.constraints.length === 0 ? 'taken' : 'maybe', probability, reasons: [] };
}

const ACTIONS = ['redirect', 'direct_response', 'filter_action', 'non_forwarding_action'];

function describe(
  route: Cursor,
  index: number,
  request: RequestView,
  context: ConnectionContext,
): Omit<RouteTrial, 'result' | 'probability' | 'reasons'> {
  const origin = routeReference(route);
  const action = field(route, 'route');
  const choices = action.exists ? chooseCluster(action, request, [], context.runtime) : [];
  return {
    index,
    name: field(route, 'name').string() ?? '',
    match: describeMatch(field(route, 'match')),
    object: origin?.reference ?? null,
    clusters: isUnknown(choices) ? [] : choices.map(({ cluster, probability }) => ({ name: cluster, probability })),
    action: ACTIONS.find((kind) => field(route, kind).exists) ?? 'route',
    evidence: [field(route, 'match').evidence()],
  };
}

/** Every connection manager of a listener that has routes, inline or by RDS. */
export function routedManagers(facts: EnvoyFacts, resource: EnvoyResource): RoutedManager[] {
  const { config } = facts;
  if (config === null) return [];
  const fallback = field(resource.config, 'default_filter_chain');
  const chains = [...field(resource.config, 'filter_chains').items(), ...(fallback.exists ? [fallback] : [])];
  return chains.flatMap((chain) =>
    field(chain, 'filters')
      .items()
      .flatMap((filter) => {
        const hcm = field(filter, 'typed_config');
        const inline = field(hcm, 'route_config');
        const name = fields(hcm, 'rds', 'route_config_name').string();
        const routeConfig = inline.exists ? inline : name === undefined ? undefined : config.route(name)?.config;
        return routeConfig === undefined || !routeConfig.exists ? [] : [{ resource, chain, hcm, routeConfig }];
      }),
  );
}

/** A connection on which the request arrives at a listener; where it was sent to does not count for its routes. */
export function connectionTo(http: HttpRequest, tls: TlsHello | null, port: number, source: string): EnvoyConnection {
  return {
    localAddress: '127.0.0.1',
    localPort: port,
    originalAddress: '127.0.0.1',
    originalPort: port,
    remoteAddress: source,
    remotePort: null,
    request: { protocol: 'tcp', http, tls },
  };
}
