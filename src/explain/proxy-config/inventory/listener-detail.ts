import type { ProxyDump } from '../../../model/proxy-dump.ts';
import { chainDestination } from '../chain-destination.ts';
import { chainMatch } from '../chain-match.ts';
import { addresses, directionOf, filterChains, listenerType, port } from '../listeners.ts';
import { clustersOf } from '../routes.ts';
import { enumName, field, isSet, list, number, text } from '../../../model/protobuf-message.ts';
import { statedResources, type Rejection, type ResourceState, type StatedResource } from './stated-resources.ts';

/** A listener of a proxy, as wide tables and reach-json show it. */
export interface ListenerDetail {
  readonly name: string;
  /** The primary address, then the additional ones. */
  readonly addresses: readonly string[];
  /** 0: it has none. */
  readonly port: number;
  readonly direction: string;
  readonly type: string;
  readonly state: ResourceState;
  readonly rejection: Rejection | null;
  /** Whether it has a socket of its own; without one it takes what another listener hands over. */
  readonly bound: boolean;
  readonly listenerFilters: readonly string[];
  readonly chains: readonly ChainDetail[];
}

export interface ChainDetail {
  /** null: it has none. */
  readonly name: string | null;
  /** What istioctl prints. */
  readonly match: string;
  /** What istioctl leaves out: source addresses, ports and type, suffix length. */
  readonly sourceMatch: readonly string[];
  readonly destination: string;
  readonly tls: DownstreamTls;
  readonly networkFilters: readonly string[];
  /** Those of the connection manager, in order. */
  readonly httpFilters: readonly string[];
  /** Policies of RBAC filters: `ACTION NAME`; of a filter without policies, `ACTION nothing`. */
  readonly rbac: readonly string[];
  /** Issuers of JWT providers. */
  readonly jwt: readonly string[];
  readonly accessLogs: readonly string[];
}

/** `mtls`: clients must present a certificate. */
export type DownstreamTls = 'plaintext' | 'tls' | 'mtls' | 'other';

/** Every listener of the dump that `passes`, in its order; one after the other. */
export function* listenerDetails(
  dump: ProxyDump,
  passes: (stated: StatedResource) => boolean,
  holding: string | null = null,
): Generator<ListenerDetail> {
  for (const stated of statedResources(dump, 'listener', { holding })) {
    if (!passes(stated)) continue;
    const { resource, state, rejection } = stated;
    yield {
      name: text(resource, 'name'),
      addresses: addresses(resource),
      port: port(resource),
      direction: directionOf(resource),
      type: listenerType(resource),
      state,
      rejection,
      bound: field(resource, 'bind_to_port') !== false && field(resource, 'deprecated_v1', 'bind_to_port') !== false,
      listenerFilters: list(resource, 'listener_filters').map((filter) => shortName(text(filter, 'name'))),
      chains: filterChains(resource).map((chain) => chainDetail(chain, resource)),
    };
  }
}

function chainDetail(chain: unknown, listener: unknown): ChainDetail {
  const filters = list(chain, 'filters');
  const http = filters.flatMap((filter) => list(filter, 'typed_config', 'http_filters'));
  const logs = [listener, ...filters.map((filter) => field(filter, 'typed_config'))].flatMap((one) =>
    list(one, 'access_log').map((log) => shortName(text(log, 'name'))),
  );
  return {
    name: text(chain, 'name') || null,
    match: chainMatch(chain),
    sourceMatch: sourceMatch(chain),
    destination: chainDestination(chain),
    tls: downstreamTls(chain),
    networkFilters: filters.map((filter) => shortName(text(filter, 'name'))),
    httpFilters: http.map((filter) => shortName(text(filter, 'name'))),
    rbac: [...filters, ...http].flatMap(rbacPolicies),
    jwt: [...http].flatMap(jwtIssuers),
    accessLogs: [...new Set(logs)],
  };
}

/** `envoy.filters.http.rbac` → `rbac`: the last part tells, and columns are narrow. */
function shortName(name: string): string {
  return name.replace(/^envoy\.(?:filters\.(?:network|http|listener)|access_loggers)\./, '');
}

function sourceMatch(chain: unknown): string[] {
  const match = field(chain, 'filter_chain_match');
  const ranges = (name: string): string =>
    list(match, name)
      .map((range) => `${text(range, 'address_prefix')}/${number(range, 'prefix_len')}`)
      .join(',');
  const ports = list(match, 'source_ports').join(',');
  const type = enumName(match, 'source_type', ['ANY', 'SAME_IP_OR_LOOPBACK', 'EXTERNAL']);
  const [source, direct] = [ranges('source_prefix_ranges'), ranges('direct_source_prefix_ranges')];
  return [
    ...(source === '' ? [] : [`source ${source}`]),
    ...(direct === '' ? [] : [`direct source ${direct}`]),
    ...(ports === '' ? [] : [`source port ${ports}`]),
    ...(type === 'ANY' ? [] : [`source type ${type}`]),
    ...(isSet(match, 'suffix_len') ? [`suffix ${number(match, 'suffix_len')}`] : []),
  ];
}

function downstreamTls(chain: unknown): DownstreamTls {
  const socket = field(chain, 'transport_socket');
  if (socket === undefined || text(socket, 'name') === 'envoy.transport_sockets.raw_buffer') return 'plaintext';
  const context = field(socket, 'typed_config');
  if (!text(context, '@type').endsWith('.tls.v3.DownstreamTlsContext')) return 'other';
  return field(context, 'require_client_certificate') === true ? 'mtls' : 'tls';
}

function rbacPolicies(filter: unknown): string[] {
  const config = field(filter, 'typed_config');
  if (!text(config, '@type').endsWith('.rbac.v3.RBAC')) return [];
  return (['rules', 'shadow_rules'] as const).flatMap((kind) => {
    const rules = field(config, kind);
    if (rules === undefined) return [];
    const action = enumName(rules, 'action', ['ALLOW', 'DENY', 'LOG']) + (kind === 'rules' ? '' : ' (shadow)');
    const policies = field(rules, 'policies');
    const names = typeof policies === 'object' && policies !== null ? Object.keys(policies).toSorted() : [];
    return names.length === 0 ? [`${action} nothing`] : names.map((name) => `${action} ${name}`);
  });
}

function jwtIssuers(filter: unknown): string[] {
  const providers = field(filter, 'typed_config', 'providers');
  if (!text(filter, 'typed_config', '@type').endsWith('.jwt_authn.v3.JwtAuthentication')) return [];
  if (typeof providers !== 'object' || providers === null) return [];
  return Object.values(providers).map((provider: unknown) => text(provider, 'issuer') || 'any issuer');
}

/** Names of the route configurations and clusters that a listener's chains lead to. */
export function leadsTo(listener: unknown): {
  readonly routes: readonly string[];
  readonly clusters: readonly string[];
} {
  const configs = filterChains(listener).flatMap((chain) =>
    list(chain, 'filters').map((filter) => field(filter, 'typed_config')),
  );
  const clusters = configs.flatMap((config) => [
    ...[text(config, 'cluster')].filter((name) => name !== ''),
    ...list(config, 'weighted_clusters', 'clusters').map((one) => text(one, 'name')),
    ...list(config, 'route_config', 'virtual_hosts')
      .flatMap((host) => list(host, 'routes'))
      .flatMap(clustersOf),
  ]);
  return {
    routes: configs.flatMap((config) => [text(config, 'rds', 'route_config_name')].filter((name) => name !== '')),
    clusters: [...new Set(clusters)],
  };
}
