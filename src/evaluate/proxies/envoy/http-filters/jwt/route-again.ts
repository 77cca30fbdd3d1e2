/**
 * A route that is looked for again. In: a request as its accepted tokens leave it. Out: whether it takes the route that it took before. It
 * must not tell which other one it takes.
 */
import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { chooseCluster } from '../../http/cluster-choice.ts';
import type { HttpContext } from '../../http/http-context.ts';
import type { RequestView } from '../../http/request-view.ts';
import { resolveRouteConfig } from '../../http/route-config.ts';
import { selectRoute } from '../../http/route-selection.ts';
import { field, unknown } from '../../proto-json.ts';
import { isUnknown } from '../../truth.ts';

/**
 * Why the request may take another way where the proxy looks for its route again, with the random value that it has
 * (ConnectionManagerImpl::ActiveStream::refreshCachedRoute, source/common/http/conn_manager_impl.cc): another route configuration of its
 * scope, another route, another cluster.
 * @returns null: it takes the same
 */
export function movedBy(context: HttpContext, request: RequestView): Unknown | null {
  const { choice, connection, hcm, routed } = context;
  const { routeConfig, virtualHost, route } = choice;
  const again = (cites: readonly (Cursor | null)[]): Unknown =>
    unknown('the proxy looks for a route anew once it has accepted a token', ...cites.filter((one) => one !== null));
  const resolved = resolveRouteConfig(connection.config, hcm, request);
  if (isUnknown(resolved)) return resolved;
  if (resolved.config?.pointer !== routeConfig?.pointer) return again([field(hcm, 'scoped_routes')]);
  if (routeConfig === null || virtualHost === null) return null;
  const asking = field(virtualHost, 'routes')
    .items()
    .find((one) => field(field(one, 'match'), 'dynamic_metadata').exists);
  if (asking !== undefined) return unknown('which route takes the request depends on its token', asking);
  const waysOf = (one: RequestView): string | null => {
    const ways = selectRoute(routeConfig, virtualHost, one, connection);
    return ways.some((way) => way.unknown !== null)
      ? null
      : JSON.stringify(ways.map((way) => [way.route?.pointer, way.constraints]));
  };
  const ways = waysOf(request);
  if (ways === null || ways !== waysOf(routed)) return again([route ?? virtualHost]);
  const action = route === null ? null : field(route, 'route');
  if (action === null || !action.exists) return null;
  const clustersOf = (one: RequestView): string | null => {
    const clusters = chooseCluster(action, one, choice.constraints, connection.runtime);
    return isUnknown(clusters)
      ? null
      : JSON.stringify(clusters.map(({ cluster, probability, cursor }) => [cluster, probability, cursor.pointer]));
  };
  const clusters = clustersOf(request);
  return clusters !== null && clusters === clustersOf(routed) ? null : again([action]);
}
