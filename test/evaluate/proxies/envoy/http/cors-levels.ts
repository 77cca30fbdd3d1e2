/** CORS policies by where they stand; what is not there has none. */
export interface CorsLevels {
  readonly weighted?: object;
  readonly route?: object;
  readonly host?: object;
  readonly config?: object;
  /** The fields that the filter reads where no level overrides it. */
  readonly olderRoute?: object;
  readonly olderHost?: object;
  /** What the route does instead of sending the request to a cluster. */
  readonly action?: object;
  readonly manager?: object;
}

/** Fields of a connection manager whose one route, which leads to cluster `c`, has these policies for a filter `cors`. */
export function corsManager(levels: CorsLevels): object {
  const own = (cors: object | undefined): object => (cors === undefined ? {} : { typed_per_filter_config: { cors } });
  const older = (cors: object | undefined): object => (cors === undefined ? {} : { cors });
  const target =
    levels.weighted === undefined
      ? { cluster: 'c' }
      : { weighted_clusters: { clusters: [{ name: 'c', weight: 1, ...own(levels.weighted) }] } };
  const action = levels.action ?? { route: { ...target, ...older(levels.olderRoute) } };
  const routes = [{ name: 'any', match: { prefix: '/' }, ...action, ...own(levels.route) }];
  const host = { name: 'v', domains: ['*'], routes, ...own(levels.host), ...older(levels.olderHost) };
  return { route_config: { name: 'r', virtual_hosts: [host], ...own(levels.config) }, ...levels.manager };
}
