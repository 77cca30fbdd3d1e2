/**
 * A route that is looked for again. In: a request as its accepted tokens leave it. Out: what follows on the route that it took before, or on
 * another one of the same virtual host.
 */
import type { EnvoyOutcome } from '../../../../../model/envoy.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { withMetadata } from '../../http/changed-request.ts';
import { chooseCluster, overridesFilters } from '../../http/cluster-choice.ts';
import { takeRoute } from '../../http/find-route.ts';
import type { HttpContext, RouteChoice } from '../../http/http-context.ts';
import { share } from '../../http/random-value.ts';
import type { RequestView } from '../../http/request-view.ts';
import { resolveRouteConfig } from '../../http/route-config.ts';
import { selectRoute } from '../../http/route-selection.ts';
import { field, isTrue, unknown } from '../../proto-json.ts';
import { dynamicMetadata } from '../../rbac/dynamic-metadata.ts';
import { isUnknown } from '../../truth.ts';
import { undetermined } from '../../walk.ts';
import type { Walk } from '../../walk.ts';
import { filterOverride } from '../filter.ts';

/** What follows; `choice`: the route, where it is another one. */
type Next = (walk: Walk, request: RequestView, choice?: RouteChoice) => EnvoyOutcome[];

/**
 * Looks for the route of a request again, with the random value that it has and the dynamic metadata that filters have set
 * (ConnectionManagerImpl::ActiveStream::refreshCachedRoute, source/common/http/conn_manager_impl.cc). Not followed is a request whose scope
 * is another one, and one whose route or cluster was drawn by chance, where it may be another one.
 */
export function routeAgain(context: HttpContext, request: RequestView, walk: Walk, next: Next): EnvoyOutcome[] {
  const { choice, connection, hcm } = context;
  const { routeConfig, virtualHost, route } = choice;
  const again = (cite: Cursor): EnvoyOutcome[] =>
    undetermined(walk, unknown('the proxy looks for a route anew once it has accepted a token', cite));
  const resolved = resolveRouteConfig(connection.config, hcm, request);
  if (isUnknown(resolved)) return undetermined(walk, resolved);
  if (resolved.config?.pointer !== routeConfig?.pointer) return again(field(hcm, 'scoped_routes'));
  if (routeConfig === null || virtualHost === null || choice.tlsRedirect) return next(walk, request);
  const asked = withMetadata(request, (filter) => dynamicMetadata(hcm, walk.metadata, filter));
  const before = { ...choice, routeConfig, virtualHost };
  if (takesSame(context, before, asked)) return next(walk, request);
  if (isDrawn(choice)) return again(route ?? virtualHost);
  return takeRoute(connection, asked, walk, { ...before, cluster: null }, (taken, chosen) =>
    switchesFilters(context, chosen) ? again(chosen.route ?? virtualHost) : next(taken, asked, chosen),
  );
}

/** Whether a random value had a part in what was chosen. */
function isDrawn({ constraints, cluster }: RouteChoice): boolean {
  return share(constraints) !== 1 || (cluster !== null && cluster.probability !== 1);
}

/** Whether routes and clusters are those of the request as it was, for all random values. */
function takesSame(
  { connection, routed, choice }: HttpContext,
  { routeConfig, virtualHost, route }: RouteChoice & { readonly routeConfig: Cursor; readonly virtualHost: Cursor },
  request: RequestView,
): boolean {
  const waysOf = (one: RequestView): string | null => {
    const ways = selectRoute(routeConfig, virtualHost, one, connection);
    return ways.some((way) => way.unknown !== null)
      ? null
      : JSON.stringify(ways.map((way) => [way.route?.pointer, way.constraints]));
  };
  const ways = waysOf(request);
  if (ways === null || ways !== waysOf(routed)) return false;
  const action = route === null ? null : field(route, 'route');
  if (action === null || !action.exists) return true;
  const clustersOf = (one: RequestView): string | null => {
    const clusters = chooseCluster(action, one, choice.constraints, connection.runtime);
    return isUnknown(clusters)
      ? null
      : JSON.stringify(clusters.map(({ cluster, probability, cursor }) => [cluster, probability, cursor.pointer]));
  };
  const clusters = clustersOf(request);
  return clusters !== null && clusters === clustersOf(routed);
}

/**
 * Whether the new route would have another chain of filters, which stays as the first route has made it
 * (FilterManager::createFilterChain asks once which of them are switched off, source/common/http/filter_manager.cc).
 */
function switchesFilters(context: HttpContext, choice: RouteChoice): boolean {
  const { route } = choice;
  if (route !== null && overridesFilters(field(route, 'route'))) return true;
  const isOff = (entry: Cursor, of: HttpContext): boolean =>
    filterOverride(of, field(entry, 'name').string() ?? '').disabled ?? isTrue(entry, 'disabled');
  return field(context.hcm, 'http_filters')
    .items()
    .some((entry) => isOff(entry, context) !== isOff(entry, { ...context, choice }));
}
