import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { findAction } from '../match/matcher-tree.ts';
import { memoised } from '../memo.ts';
import { field, fields, isTrue, typeName, unknown } from '../proto-json.ts';
import { readFraction } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import type { Constraint } from './random-value.ts';
import { readRequestInput } from './request-input.ts';
import type { RequestView } from './request-view.ts';
import { routeTest } from './route-match.ts';
import type { RouteTest } from './route-match.ts';

/** A route that the request may take, for the random values that satisfy `constraints`. */
export interface RouteAlternative {
  /** null: no route of the virtual host matches. */
  readonly route: Cursor | null;
  readonly constraints: readonly Constraint[];
  /** Why it is not known whether the request takes this route or one after it. */
  readonly unknown: Unknown | null;
}

/**
 * Walks a virtual host's routes in order; the first that matches is taken (VirtualHostImpl::getRouteFromRoutes). A runtime
 * fraction splits the random values between a route and those after it.
 */
export function selectRoute(
  routeConfig: Cursor,
  virtualHost: Cursor,
  request: RequestView,
  context: ConnectionContext,
): RouteAlternative[] {
  const { tls, runtime } = context;
  const routes = routesFor(virtualHost, request, context);
  if (isUnknown(routes)) return [{ route: null, constraints: [], unknown: routes }];
  const ignoresParameters = ignoresPathParameters(routeConfig);
  const alternatives: RouteAlternative[] = [];
  const remaining: Constraint[] = [];
  for (const { route, match, test, runtimeFraction } of routes) {
    const truth = test(request, tls, ignoresParameters);
    if (truth === false) continue;
    const overridden = runtimeFraction.exists
      ? runtime.overridden(field(runtimeFraction, 'runtime_key').string() ?? '')
      : null;
    const problem = isUnknown(truth) ? withMatch(truth, match) : overridden;
    if (problem !== null) return [...alternatives, { route: null, constraints: [...remaining], unknown: problem }];
    if (!runtimeFraction.exists) return [...alternatives, { route, constraints: [...remaining], unknown: null }];
    const { numerator, denominator } = readFraction(fields(runtimeFraction, 'default_value'));
    const taken = { modulus: denominator, from: 0, to: numerator };
    if (numerator > 0) alternatives.push({ route, constraints: [...remaining, taken], unknown: null });
    if (numerator === denominator) return alternatives;
    remaining.push({ modulus: denominator, from: numerator, to: denominator });
  }
  return [...alternatives, { route: null, constraints: remaining, unknown: null }];
}

interface ListedRoute {
  readonly route: Cursor;
  readonly match: Cursor;
  readonly test: RouteTest;
  readonly runtimeFraction: Cursor;
}

/** Whether a route configuration leaves path parameters out when it looks at a path. */
export const ignoresPathParameters = memoised((routeConfig) =>
  isTrue(routeConfig, 'ignore_path_parameters_in_path_matching'),
);

const ROUTE = 'envoy.config.route.v3.Route';
const ROUTE_LIST = 'envoy.config.route.v3.RouteList';

/** The routes to be tried: those of the virtual host, or of the action to which its `matcher` leads. */
function routesFor(
  virtualHost: Cursor,
  request: RequestView,
  context: ConnectionContext,
): readonly ListedRoute[] | Unknown {
  const { matcher, routes } = choicesOf(virtualHost);
  if (matcher === null) return routes;
  const action = findAction(matcher, readRequestInput(request, context));
  if (action === null || isUnknown(action)) return action ?? [];
  const type = typeName(action);
  if (type === ROUTE) return [listedAction(action)];
  return type === ROUTE_LIST ? routesOf(action) : unknown('the action of a route matcher is not understood', action);
}

/** A virtual host's matcher, or without one its routes. */
const choicesOf = memoised((virtualHost) => {
  const matcher = field(virtualHost, 'matcher');
  return matcher.exists ? { matcher, routes: [] } : { matcher: null, routes: routesOf(virtualHost) };
});

const routesOf = memoised((holder): readonly ListedRoute[] => field(holder, 'routes').items().map(listed));

const listedAction = memoised(listed);

function listed(route: Cursor): ListedRoute {
  const match = field(route, 'match');
  return { route, match, test: routeTest(match), runtimeFraction: field(match, 'runtime_fraction') };
}

function withMatch(problem: Unknown, match: Cursor): Unknown {
  return problem.evidence.length > 0 ? problem : unknown(problem.reason, match);
}
