import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome, EnvoyStep, IstioReference } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { routeReference } from '../istio-reference.ts';
import { memoised } from '../memo.ts';
import { enumName, field, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { RouteChoice } from './http-context.ts';
import { KNOWN_ROUTE_CONFIG, KNOWN_VIRTUAL_HOST } from './known-fields.ts';
import { share } from './random-value.ts';
import type { RequestView } from './request-view.ts';
import { internalOnlyHeader, resolveRouteConfig } from './route-config.ts';
import { matchReasons } from './route-match.ts';
import { selectRoute } from './route-selection.ts';
import type { VirtualHostMatch } from './virtual-host.ts';

const NO_ROUTE: RouteChoice = {
  routeConfig: null,
  virtualHost: null,
  route: null,
  constraints: [],
  tlsRedirect: false,
  cluster: null,
};

const unknownConfigField = memoised((config) => unknownField(config, KNOWN_ROUTE_CONFIG));
const unknownHostField = memoised((virtualHost) => unknownField(virtualHost, KNOWN_VIRTUAL_HOST));

/** What follows once a route is chosen. */
type NextRoute = (walk: Walk, choice: RouteChoice) => EnvoyOutcome[];

/** Finds the route of a request: route configuration, virtual host, route. One branch for each route that it may take. */
export function findRoute(
  context: ConnectionContext,
  hcm: Cursor,
  request: RequestView,
  walk: Walk,
  next: NextRoute,
): EnvoyOutcome[] {
  const routeConfig = resolveRouteConfig(context.config, hcm, request);
  if (isUnknown(routeConfig)) return undetermined(walk, routeConfig);
  if (routeConfig.config === null) return next(withStep(walk, routeConfig.step), NO_ROUTE);
  const { config } = routeConfig;
  const beyond = unknownConfigField(config) ?? internalOnlyHeader(config, request);
  if (beyond !== null) return undetermined(withStep(walk, routeConfig.step), beyond);
  const found = request.virtualHostIn(config);
  if (found === undefined) {
    const entered = withStep(walk, routeConfig.step);
    if (field(config, 'vhds').exists)
      return undetermined(entered, unknown('virtual hosts come on demand (VHDS)', field(config, 'vhds')));
    const missing = step('virtual-host', 'missing', request.authority, {
      reasons: [`no domain takes ${JSON.stringify(request.authority)}`],
      cites: [field(config, 'name')],
    });
    return next(withStep(entered, missing), { ...NO_ROUTE, routeConfig: config });
  }
  const { virtualHost } = found;
  const hosted = withStep(withStep(walk, routeConfig.step), hostStep(found));
  const choice = { ...NO_ROUTE, routeConfig: config, virtualHost };
  const redirects = unknownHostField(virtualHost) ?? demandsTls(virtualHost, request);
  if (isUnknown(redirects)) return undetermined(hosted, redirects);
  if (redirects) {
    const demanded = step('route', 'redirected', '', {
      reasons: ['the virtual host demands TLS'],
      cites: [field(virtualHost, 'require_tls')],
    });
    return next(withStep(hosted, demanded), { ...choice, tlsRedirect: true });
  }
  return takeRoute(context, request, hosted, { ...choice, routeConfig: config, virtualHost }, next);
}

/** A choice that has a virtual host. */
interface HostChoice extends RouteChoice {
  readonly routeConfig: Cursor;
  readonly virtualHost: Cursor;
}

/** Chooses a route of the virtual host. One branch for each that the request may take. */
export function takeRoute(
  context: ConnectionContext,
  request: RequestView,
  walk: Walk,
  choice: HostChoice,
  next: NextRoute,
): EnvoyOutcome[] {
  const { routeConfig, virtualHost } = choice;
  return selectRoute(routeConfig, virtualHost, request, context).flatMap((alternative) => {
    const probability = share(alternative.constraints);
    if (probability === undefined)
      return undetermined(walk, unknown('runtime fractions cannot be counted', field(virtualHost, 'name')));
    if (probability === 0) return [];
    const taken = branch(walk, probability);
    if (alternative.unknown !== null)
      return undetermined(withStep(taken, step('route', 'unknown', '')), alternative.unknown);
    const { route, constraints } = alternative;
    const routed = withStep(taken, routeStep(route, virtualHost, request));
    return next(routed, { ...choice, route, constraints });
  });
}

function hostStep(found: VirtualHostMatch): EnvoyStep {
  const name = field(found.virtualHost, 'name').string() ?? '';
  return step('virtual-host', 'selected', name, () => ({ reasons: [found.reason], cites: [found.domain] }));
}

function routeStep(route: Cursor | null, virtualHost: Cursor, request: RequestView): EnvoyStep {
  if (route === null) {
    return step('route', 'missing', request.path, {
      reasons: [`no route of the virtual host matches ${request.method} ${request.path}`],
      objects: origins(virtualHost),
      cites: [field(virtualHost, 'name')],
    });
  }
  return chosenRoute(route);
}

/** The objects that the routes of a virtual host were made of, each once. */
function origins(virtualHost: Cursor): readonly IstioReference[] {
  const found = field(virtualHost, 'routes')
    .items()
    .flatMap((route) => routeReference(route)?.reference ?? []);
  return [...new Map(found.map((one) => [`${one.kind} ${one.namespace}/${one.name}`, one])).values()];
}

function chosenRoute(route: Cursor): EnvoyStep {
  return step('route', 'selected', field(route, 'name').string() ?? '', () => {
    const match = field(route, 'match');
    const origin = routeReference(route);
    return {
      reasons: matchReasons(match),
      objects: origin === undefined ? [] : [origin.reference],
      cites: [...(origin === undefined ? [] : [origin.cursor]), match],
    };
  });
}

const REQUIRE_TLS = ['NONE', 'EXTERNAL_ONLY', 'ALL'];

const requiredTls = memoised((host) => enumName(field(host, 'require_tls'), REQUIRE_TLS) ?? 'NONE');

/** VirtualHost.require_tls, by x-forwarded-proto (VirtualHostImpl::getRouteFromEntries). */
function demandsTls(virtualHost: Cursor, request: RequestView): boolean | Unknown {
  const required = requiredTls(virtualHost);
  if (required === 'NONE' || request.scheme === 'https') return false;
  if (isUnknown(request.scheme)) return request.scheme;
  if (required === 'ALL') return true;
  return isUnknown(request.internal) ? request.internal : !request.internal;
}
