import type { Certificates } from './certificates.ts';
import { accessLog } from './envoy-process.ts';
import { CLUSTERS, metadataMatch, MISSING_CLUSTER } from './generate-cluster.ts';
import { furtherFilters } from './generate-filters.ts';
import { chainMatcher } from './generate-matcher.ts';
import { rbacConfig } from './generate-rbac.ts';
import { cidr } from './generate-match.ts';
import { fault, routeConfiguration, upgradeConfigs } from './generate-routes.ts';
import type { Random } from './random.ts';
import { ALPNS, DESTINATION_RANGES, SERVER_NAMES, SOURCE_RANGES } from './vocabulary.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

/** What a generated listener is made from. */
export interface ListenerSetting {
  readonly name: string;
  readonly port: number;
  /** Ports that connections arrive at. */
  readonly ports: readonly number[];
  /** Source ports that probes may bind. */
  readonly sourcePorts: readonly number[];
  readonly folder: string;
  readonly certificates: Certificates;
}

export interface GeneratedListener {
  readonly listener: object;
  /** Route configurations that it asks RDS for. */
  readonly routes: readonly object[];
}

/** A random listener with overlapping filter chains. */
export function randomListener(random: Random, setting: ListenerSetting): GeneratedListener {
  const routes: object[] = [];
  const taken = new Set<string>();
  const chains: { name: string; filter_chain_match: object; filters: object[] }[] = [];
  for (let attempt = 0; attempt < 2 + random.below(6); attempt++) {
    const match = chainMatch(random, setting);
    // Envoy refuses a listener of which two chains match the same.
    const keys = matchKeys(match);
    if (keys.some((key) => taken.has(key))) continue;
    for (const key of keys) taken.add(key);
    const name = `${setting.name}-${chains.length}`;
    chains.push({
      name,
      filter_chain_match: match,
      filters: filters(random, setting, name, routes),
      ...transportSocket(random, setting, match),
    });
  }
  const fallback = random.maybe(0.75, () => ({
    default_filter_chain: {
      name: `${setting.name}-default`,
      filters: filters(random, setting, `${setting.name}-default`, routes),
    },
  }));
  const names = chains.map(({ name }) => name);
  const byMatcher = random.maybe(names.length === 0 ? 0 : 0.2, () => ({
    filter_chains: chains.map(({ filter_chain_match: _, ...chain }) => chain),
    filter_chain_matcher: chainMatcher(random, setting.ports, names),
  }));
  const listener = {
    name: setting.name,
    address: { socket_address: { address: '0.0.0.0', port_value: setting.port } },
    filter_chains: chains,
    ...byMatcher,
    ...fallback,
    listener_filters: listenerFilters(random, setting),
    access_log: accessLog(setting.folder, 'listener'),
  };
  return { listener, routes };
}

interface ChainMatch {
  destination_port?: number;
  prefix_ranges?: object[];
  server_names?: string[];
  transport_protocol?: string;
  application_protocols?: string[];
  direct_source_prefix_ranges?: object[];
  source_type?: string;
  source_prefix_ranges?: object[];
  source_ports?: number[];
}

/** Few criteria as a rule, so that most connections find a chain; sometimes many. */
function chainMatch(random: Random, { ports, sourcePorts }: ListenerSetting): ChainMatch {
  const whole = wholeMatch(random, ports, sourcePorts);
  if (random.chance(0.25)) return whole;
  return Object.fromEntries(random.some(Object.entries(whole), 0, 2)) as ChainMatch;
}

function wholeMatch(random: Random, ports: readonly number[], sourcePorts: readonly number[]): ChainMatch {
  const server = random.chance(0.35);
  return {
    ...random.maybe(0.25, () => ({ destination_port: random.pick(ports) })),
    ...random.maybe(0.3, () => ({ prefix_ranges: random.some(DESTINATION_RANGES, 1, 2).map(cidr) })),
    ...(server ? { server_names: random.some(SERVER_NAMES, 1, 2) } : {}),
    ...random.maybe(0.5, () => ({ transport_protocol: server ? 'tls' : random.pick(['tls', 'raw_buffer']) })),
    ...random.maybe(0.3, () => ({ application_protocols: random.some([...ALPNS, 'h2c'], 1, 2) })),
    ...random.maybe(0.15, () => ({ direct_source_prefix_ranges: random.some(SOURCE_RANGES, 1, 2).map(cidr) })),
    ...random.maybe(0.25, () => ({ source_type: random.pick(['SAME_IP_OR_LOOPBACK', 'EXTERNAL']) })),
    ...random.maybe(0.35, () => ({ source_prefix_ranges: random.some(SOURCE_RANGES, 1, 2).map(cidr) })),
    ...random.maybe(0.15, () => ({ source_ports: random.some(sourcePorts, 1, 2) })),
  };
}

/** Every combination of criteria that the match stands for. */
function matchKeys(match: ChainMatch): string[] {
  const lists = [
    [match.destination_port ?? 0],
    match.prefix_ranges?.map((range) => JSON.stringify(range)) ?? [''],
    match.server_names ?? [''],
    [match.transport_protocol ?? ''],
    match.application_protocols ?? [''],
    match.direct_source_prefix_ranges?.map((range) => JSON.stringify(range)) ?? [''],
    [match.source_type ?? 'ANY'],
    match.source_prefix_ranges?.map((range) => JSON.stringify(range)) ?? [''],
    match.source_ports ?? [0],
  ];
  return lists.reduce<string[]>((keys, list) => keys.flatMap((key) => list.map((item) => `${key}|${item}`)), ['']);
}

function transportSocket(random: Random, { certificates }: ListenerSetting, match: ChainMatch): object {
  if (!random.chance(match.transport_protocol === 'tls' ? 0.85 : 0.08)) return {};
  const { server, authority } = certificates;
  const mutual = random.chance(0.6) ? { validation_context: { trusted_ca: { inline_string: authority } } } : {};
  return {
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
        ...('validation_context' in mutual ? { require_client_certificate: random.chance(0.5) } : {}),
        common_tls_context: {
          tls_certificates: [
            { certificate_chain: { inline_string: server.certificate }, private_key: { inline_string: server.key } },
          ],
          ...mutual,
        },
      },
    },
  };
}

function listenerFilters(random: Random, { ports }: ListenerSetting): object[] {
  const disabled = (): object =>
    random.maybe(0.3, () => {
      const port = random.pick(ports);
      const range = { destination_port_range: { start: port, end: port + 1 + random.below(2) } };
      return {
        filter_disabled: random.pick<object>([
          range,
          { not_match: range },
          { or_match: { rules: [range, { not_match: { any_match: true } }] } },
        ]),
      };
    });
  const tls = {
    name: 'tls_inspector',
    typed_config: { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` },
    ...disabled(),
  };
  const http = {
    name: 'http_inspector',
    typed_config: { '@type': `${TYPE}.filters.listener.http_inspector.v3.HttpInspector` },
    ...disabled(),
  };
  return random.some([tls, http], 1, 2);
}

function filters(random: Random, setting: ListenerSetting, name: string, routes: object[]): object[] {
  const access = random.maybe(0.25, () => ({ ...rbacConfig(random, setting.ports, false) }));
  const rbac = {
    name: 'network-rbac',
    typed_config: { '@type': `${TYPE}.filters.network.rbac.v3.RBAC`, stat_prefix: 'r', ...access },
  };
  const limit = {
    name: 'connection-limit',
    typed_config: {
      '@type': `${TYPE}.filters.network.local_ratelimit.v3.LocalRateLimit`,
      stat_prefix: 'n',
      token_bucket: { max_tokens: random.pick([1, 3, 1000]), fill_interval: '1000s' },
      ...random.maybe(0.3, () => ({
        runtime_enabled: { default_value: random.chance(0.5), runtime_key: 'no.such.key' },
      })),
    },
  };
  const before = random.some([rbac, limit], 0, random.chance(0.3) ? 2 : 0);
  return [
    ...before,
    random.chance(0.75) ? connectionManager(random, setting, name, routes) : tcpProxy(random, setting),
  ];
}

function tcpProxy(random: Random, { folder }: ListenerSetting): object {
  const cluster = random.chance(0.6)
    ? { cluster: random.pick([...CLUSTERS, MISSING_CLUSTER]) }
    : {
        weighted_clusters: {
          clusters: random.some(CLUSTERS, 2, 3).map((name) => ({ name, weight: 1 + random.below(9) })),
        },
      };
  const config = {
    '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: 't',
    access_log: accessLog(folder, 'tcp'),
  };
  return { name: 'tcp-proxy', typed_config: { ...config, ...cluster, ...metadataMatch(random) } };
}

function connectionManager(random: Random, setting: ListenerSetting, name: string, routes: object[]): object {
  const table = routeConfiguration(random, name, setting.ports);
  const rds = random.chance(0.4);
  if (rds) routes.push(table);
  const source = {
    rds: {
      route_config_name: name,
      config_source: { resource_api_version: 'V3', path_config_source: { path: `${setting.folder}/rds-${name}.json` } },
    },
  };
  return {
    name: 'hcm',
    typed_config: {
      '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'h',
      // Shorter than the patience of clients: an upgrade that a filter holds is given up before they leave.
      stream_idle_timeout: '1.5s',
      access_log: accessLog(setting.folder, 'hcm'),
      ...(rds ? source : { route_config: table }),
      ...random.maybe(0.4, () => ({ normalize_path: true })),
      ...random.maybe(0.3, () => ({ merge_slashes: true })),
      ...random.maybe(0.4, () => ({
        path_with_escaped_slashes_action: random.pick([
          'REJECT_REQUEST',
          'UNESCAPE_AND_REDIRECT',
          'UNESCAPE_AND_FORWARD',
        ]),
      })),
      ...random.maybe(0.3, () => ({ use_remote_address: true })),
      ...random.maybe(0.2, () => ({ internal_address_config: { cidr_ranges: [cidr(random.pick(SOURCE_RANGES))] } })),
      ...random.pick<object>([{}, {}, { strip_any_host_port: true }, { strip_matching_host_port: true }]),
      ...random.maybe(0.3, () => ({ strip_trailing_host_dot: true })),
      ...random.maybe(0.4, () => ({ upgrade_configs: upgradeConfigs(random) })),
      ...codec(random),
      http_filters: [
        ...httpFilters(random, setting),
        { name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
      ],
    },
  };
}

/** What the codec refuses. */
function codec(random: Random): object {
  const actions = ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'];
  const common = {
    ...random.maybe(0.3, () => ({ headers_with_underscores_action: random.pick(actions) })),
    ...random.maybe(0.05, () => ({ max_headers_count: 4 + random.below(6) })),
  };
  return {
    common_http_protocol_options: common,
    ...random.maybe(0.08, () => ({ codec_type: random.pick(['HTTP1', 'HTTP1', 'HTTP2']) })),
    ...random.maybe(0.1, () => ({ max_request_headers_kb: 1 })),
    ...random.maybe(0.1, () => ({ http_protocol_options: { allow_custom_methods: true } })),
  };
}

function httpFilters(random: Random, { ports }: ListenerSetting): object[] {
  const off = random.maybe(0.15, () => ({ disabled: true }));
  const all = [
    {
      name: 'rbac',
      typed_config: {
        '@type': `${TYPE}.filters.http.rbac.v3.RBAC`,
        ...random.maybe(0.7, () => ({ ...rbacConfig(random, ports, true) })),
      },
      ...off,
    },
    {
      name: 'fault',
      typed_config: random.chance(0.4) ? fault(random) : { '@type': `${TYPE}.filters.http.fault.v3.HTTPFault` },
    },
    { name: 'grpc_stats', typed_config: { '@type': `${TYPE}.filters.http.grpc_stats.v3.FilterConfig` } },
    ...random.some(furtherFilters(random), 0, 3),
  ];
  const chosen: object[] = random.some(all, 1, 4);
  const cors = { name: 'cors', typed_config: { '@type': `${TYPE}.filters.http.cors.v3.Cors` } };
  if (random.chance(0.9)) chosen.splice(random.below(chosen.length + 1), 0, cors);
  return chosen;
}
