import { AGGREGATE, CLUSTERS, metadataMatch, MISSING_CLUSTER } from './generate-cluster.ts';
import { corsOverride, olderCors } from './generate-cors.ts';
import { furtherOverrides } from './generate-filters.ts';
import { headerMatch, routeMatch } from './generate-match.ts';
import { requestMatcher } from './generate-matcher.ts';
import { rbacConfig } from './generate-rbac.ts';
import type { Random } from './random.ts';
import { DOMAINS, HEADERS } from './vocabulary.ts';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';

/** A random RouteConfiguration with overlapping virtual hosts; routes are named `<config>/<virtual host>/<index>`. */
export function routeConfiguration(random: Random, name: string, ports: readonly number[]): object {
  const left: string[] = random.some(DOMAINS, 3, DOMAINS.length).filter((domain) => domain !== '*');
  if (random.chance(0.85)) left.splice(random.below(left.length), 0, '*');
  const hosts: object[] = [];
  while (left.length > 0) {
    const virtualHost = `v${hosts.length}`;
    const domains = left.splice(0, 1 + random.below(4));
    let count = 0;
    const next = (): object => route(random, `${name}/${virtualHost}/${count++}`, ports);
    hosts.push({
      name: virtualHost,
      domains,
      ...(random.chance(0.12)
        ? { matcher: requestMatcher(random, () => routeAction(random, next)) }
        : { routes: Array.from({ length: random.below(6) }, next) }),
      ...random.maybe(0.1, () => ({ require_tls: random.pick(['ALL', 'EXTERNAL_ONLY']) })),
      ...perFilter(random, ports, 0.2),
      ...random.maybe(0.25, () => olderCors(random)),
    });
  }
  return {
    name,
    virtual_hosts: hosts,
    validate_clusters: false,
    ...random.maybe(0.4, () => ({ ignore_port_in_host_matching: true })),
    ...random.maybe(0.2, () => ({ ignore_path_parameters_in_path_matching: true })),
    ...perFilter(random, ports, 0.2),
  };
}

/** What a matcher of routes leads to: a route, or a list of them. */
function routeAction(random: Random, next: () => object): object {
  const type = 'type.googleapis.com/envoy.config.route.v3';
  if (random.chance(0.7)) return { '@type': `${type}.Route`, ...next() };
  return { '@type': `${type}.RouteList`, routes: [next(), next()] };
}

function route(random: Random, name: string, ports: readonly number[]): object {
  const match = routeMatch(random);
  return {
    name,
    match,
    ...action(random, 'path_match_policy' in match),
    ...perFilter(random, ports, 0.25),
  };
}

/** @param byTemplate Envoy refuses a prefix rewrite beside a URI template */
function action(random: Random, byTemplate: boolean): object {
  switch (random.below(9)) {
    case 0:
      return { direct_response: { status: random.pick([200, 204, 403, 418, 503]), body: { inline_string: 'direct' } } };
    case 1:
      return {
        redirect: {
          host_redirect: 'elsewhere.example',
          ...random.maybe(0.7, () => ({
            response_code: random.pick(['FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT']),
          })),
        },
      };
    case 2:
      return { route: { cluster_header: 'x-cluster', ...notFound(random) } };
    case 3:
    case 4:
      return {
        route: {
          weighted_clusters: weighted(random),
          ...notFound(random),
          ...metadataMatch(random),
          ...hashPolicy(random),
        },
      };
    case 5:
      return { route: { cluster: MISSING_CLUSTER, ...notFound(random) } };
    default:
      return {
        route: {
          cluster: random.pick([...CLUSTERS, AGGREGATE]),
          ...rewrites(random, byTemplate),
          ...random.maybe(0.1, () => ({ priority: 'HIGH' })),
          ...random.maybe(0.2, () => ({ rate_limits: [{ actions: [rateLimitAction(random)] }] })),
          ...metadataMatch(random),
          ...hashPolicy(random),
          ...random.maybe(0.25, () => olderCors(random)),
          ...random.maybe(0.15, () => ({ upgrade_configs: upgradeConfigs(random) })),
        },
      };
  }
}

/** What may change from HTTP to something else, of a route or of a connection manager. */
export function upgradeConfigs(random: Random): object[] {
  return random
    .some(['websocket', 'CONNECT', 'other'], 1, 2)
    .map((upgrade_type) => ({ upgrade_type, ...random.maybe(0.3, () => ({ enabled: false })) }));
}

function rateLimitAction(random: Random): object {
  return random.chance(0.8) ? { generic_key: { descriptor_value: 'one' } } : { remote_address: {} };
}

/** What ring hash and Maglev look up. */
function hashPolicy(random: Random): object {
  const header = { header: { header_name: random.pick(HEADERS)[0] } };
  const policies = [
    { ...header, ...random.maybe(0.5, () => ({ terminal: true })) },
    { header: { header_name: ':path' } },
    { query_parameter: { name: 'x' } },
    { connection_properties: { source_ip: true } },
    { cookie: { name: 'who' } },
  ];
  return random.maybe(0.6, () => ({ hash_policy: random.some(policies, 1, 3) }));
}

function notFound(random: Random): object {
  return random.maybe(0.3, () => ({
    cluster_not_found_response_code: random.pick(['NOT_FOUND', 'INTERNAL_SERVER_ERROR']),
  }));
}

function rewrites(random: Random, byTemplate: boolean): object {
  const path = random.pick<object>([
    {},
    byTemplate ? {} : { prefix_rewrite: '/new' },
    { regex_rewrite: { pattern: { regex: '/([a-z]+)/' }, substitution: '/\\1-x/' } },
  ]);
  const host = random.pick<object>([
    {},
    { host_rewrite_literal: 'rewritten.example' },
    { host_rewrite_header: 'end-user' },
    { host_rewrite_path_regex: { pattern: { regex: '^/(.*)$' }, substitution: '\\1.example' } },
  ]);
  return { ...path, ...host };
}

function weighted(random: Random): object {
  const names = random.some([...CLUSTERS, MISSING_CLUSTER], 2, 4);
  const clusters = names.map((name) => ({
    name,
    weight: random.pick([0, 1, 10, 50, 100]),
    ...weightedOverrides(random),
    ...random.maybe(0.2, () => metadataMatch(random)),
  }));
  clusters[0]!.weight = 7;
  return { clusters, ...random.maybe(0.3, () => ({ header_name: 'x-draw' })) };
}

/** A random fault; every percentage but 0 and 100 makes two branches. */
export function fault(random: Random): object {
  const percentage = (): object => ({ numerator: random.pick([0, 40, 100, 100]), denominator: 'HUNDRED' });
  const how = random.chance(0.25) ? { header_abort: {} } : { http_status: random.pick([418, 503, 555]) };
  const abort = { abort: { ...how, percentage: percentage() } };
  const delay = { delay: { fixed_delay: '0.01s', percentage: percentage() } };
  return {
    '@type': `${HTTP}.fault.v3.HTTPFault`,
    ...random.maybe(0.7, () => abort),
    ...random.maybe(0.4, () => delay),
    ...random.maybe(0.3, () => ({ headers: [headerMatch(random)] })),
    ...random.maybe(0.2, () => ({ upstream_cluster: random.pick(CLUSTERS) })),
  };
}

/** Overrides of an entry of weighted clusters. */
function weightedOverrides(random: Random): object {
  return filterConfigs({
    ...random.maybe(0.15, () => ({ fault: fault(random) })),
    ...random.maybe(0.15, () => corsOverride(random)),
  });
}

/** Overrides of one level. @param share how often it has some of filters other than CORS */
function perFilter(random: Random, ports: readonly number[], share: number): object {
  return filterConfigs({
    ...random.maybe(share, () => overrides(random, ports)),
    ...random.maybe(0.5, () => corsOverride(random)),
  });
}

function filterConfigs(typed_per_filter_config: object): object {
  return Object.keys(typed_per_filter_config).length === 0 ? {} : { typed_per_filter_config };
}

function overrides(random: Random, ports: readonly number[]): object {
  const off = { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true };
  const rbac = {
    '@type': `${HTTP}.rbac.v3.RBACPerRoute`,
    rbac: random.maybe(0.8, () => rbacConfig(random, ports, true)),
  };
  return {
    ...random.maybe(0.4, () => ({ fault: random.chance(0.2) ? off : fault(random) })),
    ...random.maybe(0.4, () => ({ rbac: random.chance(0.3) ? off : rbac })),
    ...random.maybe(0.5, () => furtherOverrides(random)),
  };
}
