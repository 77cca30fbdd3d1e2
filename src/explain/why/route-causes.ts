import { field, fields, isTrue } from '../../evaluate/proxies/envoy/proto-json.ts';
import type { Cursor } from '../../model/json.ts';
import { listText } from '../../model/wording.ts';
import type { Cause, Finding } from './cause.ts';
import { routeText } from './proxy-view.ts';

const textOf = (cursor: Cursor, name: string): string => field(cursor, name).string() ?? '';

/** An inline route configuration may have no name. */
function tableText(name: string): string {
  return name === '' ? 'a route configuration without name' : `route configuration ${name}`;
}

/** Whether a match takes every path and asks for nothing else. */
function takesAll(route: Cursor): boolean {
  const match = field(route, 'match');
  const asks = ['headers', 'query_parameters', 'grpc', 'runtime_fraction', 'tls_context'];
  return textOf(match, 'prefix') === '/' && asks.every((name) => !field(match, name).exists);
}

/** Causes of requests that no route, filter chain or cluster takes. */
export const ROUTE_CAUSES: readonly Cause[] = [
  {
    id: 'route-cluster-missing',
    flags: ['NC'],
    title: 'A route or TCP proxy names a cluster that the proxy does not have.',
    remedy:
      'Define the subset or host that the route names, or let the Sidecar and exportTo of its Service show it to this proxy.',
    details: /^cluster_not_found$/,
    decided: true,
    look: (view) =>
      view.uses.flatMap(({ cluster, by, cursor }): Finding[] => {
        const known = view.config.cluster(cluster);
        if (known?.state === 'active') return [];
        const state = known === undefined ? 'which does not exist' : `which is ${known.state}`;
        return [{ text: `${by} names cluster ${cluster}, ${state}`, cites: [cursor], certain: true }];
      }),
  },
  {
    id: 'cluster-from-header',
    flags: ['NC'],
    title: 'A header of the request names the cluster, and it is missing or names none.',
    remedy: 'Send the header with the name of a cluster that the proxy has.',
    details: /^cluster_not_found$/,
    decided: true,
    look: (view) =>
      view.routes.flatMap((place) => {
        const header = fields(place.route, 'route', 'cluster_header');
        if (!header.exists) return [];
        return [
          {
            text: `${routeText(place)} takes the cluster from the header ${header.string()}`,
            cites: [header],
            certain: false,
          },
        ];
      }),
  },
  {
    id: 'no-filter-chain',
    flags: ['NR'],
    title: 'A listener has no filter chain for the connection: by port, server name, protocol or source.',
    remedy: 'Ask for a server name and port that a filter chain has, and speak TLS where all of them expect it.',
    details: /filter_chain_not_found/,
    decided: true,
    look: (view) =>
      view.listeners.flatMap((listener) => {
        const chains = field(listener.config, 'filter_chains').items();
        const open =
          field(listener.config, 'default_filter_chain').exists ||
          chains.some((chain) => field(chain, 'filter_chain_match').entries().length === 0);
        if (open || chains.length === 0) return [];
        const names = chains.flatMap((chain) => fields(chain, 'filter_chain_match', 'server_names').strings());
        const which = names.length === 0 ? '' : `; the server names are ${listText([...new Set(names)], 5)}`;
        const text = `listener ${listener.name} takes only what its ${chains.length} filter chains match${which}`;
        return [{ text, cites: [field(listener.config, 'address')], certain: false }];
      }),
  },
  {
    id: 'route-table-missing',
    flags: ['NR'],
    title: 'RDS has not delivered the routes of a listener.',
    remedy: 'See whether the proxy is connected to its control plane, and whether it rejected the routes.',
    details: /route_not_found/,
    decided: true,
    look: (view) =>
      view.managers.flatMap(({ listener, config }) => {
        const name = fields(config, 'rds', 'route_config_name');
        if (!name.exists || view.config.route(name.string() ?? '')?.state === 'active') return [];
        return [
          {
            text: `listener ${listener.name} waits for route configuration ${name.string()}`,
            cites: [name],
            certain: true,
          },
        ];
      }),
  },
  {
    id: 'no-virtual-host',
    flags: ['NR'],
    title: 'No virtual host has the host that the client asks for.',
    remedy: 'Ask for a host (with its port) that the route configuration lists, or define one.',
    details: /route_not_found/,
    decided: true,
    look: (view) =>
      view.tables.flatMap(({ name, config }) => {
        const hosts = field(config, 'virtual_hosts').items();
        const domains = hosts.flatMap((host) => field(host, 'domains').strings());
        if (domains.includes('*')) return [];
        const which = domains.length === 0 ? 'none' : listText(domains, 5);
        const text = `${tableText(name)} knows only the hosts ${which}`;
        return [{ text, cites: [field(config, 'name')], certain: domains.length === 0 }];
      }),
  },
  {
    id: 'no-route',
    flags: ['NR'],
    title: 'The virtual host has no route for the path, method or headers of the request.',
    remedy: 'Add a route that takes them, or one at the end that takes everything.',
    details: /route_not_found/,
    decided: true,
    look: (view) =>
      view.tables.flatMap(({ name, config }) =>
        field(config, 'virtual_hosts')
          .items()
          .flatMap((host): Finding[] => {
            const routes = field(host, 'routes').items();
            if (field(host, 'matcher').exists || routes.some(takesAll)) return [];
            const of = `virtual host ${textOf(host, 'name')} of ${tableText(name)}`;
            const text = routes.length === 0 ? `${of} has no routes` : `${of} has no route that takes every request`;
            return [{ text, cites: [field(host, 'name')], certain: routes.length === 0 }];
          }),
      ),
  },
  {
    id: 'strict-headers',
    flags: ['IH'],
    title: 'The router checks x-envoy headers strictly.',
    remedy: 'Send the x-envoy headers with values that Envoy understands, or none.',
    details: /strict_check_failed|request_headers_failed_strict_check/,
    decided: true,
    look: (view) =>
      view.httpFilters
        .filter(({ config }) => field(config, 'strict_check_headers').exists)
        .map(({ where, config }) => ({
          text: `the router of ${where} checks ${listText(field(config, 'strict_check_headers').strings(), 5)}`,
          cites: [field(config, 'strict_check_headers')],
          certain: false,
        })),
  },
  {
    id: 'tls-to-plaintext-listener',
    flags: ['DPE'],
    title: 'A client speaks TLS, or another protocol, to a filter chain that reads plain HTTP.',
    remedy: 'Speak plain HTTP to this port, or name the protocol of the port (appProtocol, or a prefix of its name).',
    details: /codec_error|protocol_error/,
    decided: false,
    look: (view) =>
      view.chains.flatMap(({ listener, chain, filters }) => {
        const http = filters.some(({ type }) => type.endsWith('.HttpConnectionManager'));
        const asksPlain = fields(chain, 'filter_chain_match', 'transport_protocol').string() === 'raw_buffer';
        if (
          !http ||
          asksPlain ||
          field(chain, 'transport_socket').exists ||
          isTrue(listener.config, 'use_original_dst')
        )
          return [];
        const text = `listener ${listener.name} reads HTTP from whatever is sent`;
        return [{ text, cites: [field(listener.config, 'name')], certain: false }];
      }),
  },
];
