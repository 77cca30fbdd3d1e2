import { LB_POLICIES } from '../../../model/envoy.ts';
import type { ProxyDump } from '../../../model/proxy-dump.ts';
import { parseAnyClusterName } from '../cluster-name.ts';
import { enumName, field, isSet, list, number, text } from '../../../model/protobuf-message.ts';
import { ownerText } from '../owner.ts';
import { discoveryType } from '../clusters.ts';
import { statedResources, type Rejection, type ResourceState, type StatedResource } from './stated-resources.ts';

/** A cluster of a proxy, as wide tables and reach-json show it. */
export interface ClusterDetail {
  readonly name: string;
  /** Host in the cluster's name; null: the name has no parts. */
  readonly host: string | null;
  readonly port: number | null;
  readonly subset: string | null;
  readonly direction: string | null;
  readonly type: string;
  readonly state: ResourceState;
  readonly rejection: Rejection | null;
  /** Services that it stands for, `NAME.NAMESPACE`. */
  readonly services: readonly string[];
  /** `NAME.NAMESPACE` */
  readonly destinationRule: string | null;
  readonly tls: UpstreamTls;
  readonly loadBalancing: string;
  readonly connectTimeout: string | null;
  /** Limits below Envoy's highest, by the names of the fields. */
  readonly circuitBreakers: Readonly<Record<string, number>>;
  /** Settings as the cluster has them; null: outlier detection is off. */
  readonly outlierDetection: Readonly<Record<string, string | number>> | null;
  /** Known from /clusters or the endpoints of the config_dump; null: neither was captured. */
  readonly endpoints: { readonly healthy: number; readonly total: number } | null;
}

/** How the proxy speaks to a cluster's endpoints. */
export interface UpstreamTls {
  /** `auto-mtls`: mutual TLS to endpoints that say they take it, plaintext to the others. */
  readonly mode: 'plaintext' | 'auto-mtls' | 'mtls' | 'tls' | 'other';
  readonly sni: string | null;
  /** Names of which the server's certificate must have one. */
  readonly subjectAltNames: readonly string[];
}

/** Every cluster of the dump that `passes`, in its order, with what it does; one after the other. */
export function* clusterDetails(
  dump: ProxyDump,
  passes: (stated: StatedResource) => boolean,
  endpoints: (cluster: string) => ClusterDetail['endpoints'],
  holding: string | null = null,
): Generator<ClusterDetail> {
  for (const stated of statedResources(dump, 'cluster', { holding })) {
    if (passes(stated)) yield clusterDetail(stated.resource, stated.state, stated.rejection, endpoints);
  }
}

function clusterDetail(
  cluster: unknown,
  state: ResourceState,
  rejection: Rejection | null,
  endpoints: (cluster: string) => ClusterDetail['endpoints'],
): ClusterDetail {
  const name = text(cluster, 'name');
  const parts = parseAnyClusterName(name);
  return {
    name,
    host: parts?.host ?? null,
    port: parts?.port ?? null,
    subset: parts === undefined || parts.subset === '' ? null : parts.subset,
    direction: parts?.direction ?? null,
    type: discoveryType(cluster),
    state,
    rejection,
    services: servicesOf(cluster),
    destinationRule: ownerText(cluster) || null,
    tls: upstreamTls(cluster),
    loadBalancing: loadBalancing(cluster),
    connectTimeout: text(cluster, 'connect_timeout') || null,
    circuitBreakers: circuitBreakers(cluster),
    outlierDetection: outlierDetection(cluster),
    endpoints: endpoints(name),
  };
}

/** `NAME.NAMESPACE` of the Services that istiod notes in a cluster's metadata. */
export function servicesOf(cluster: unknown): readonly string[] {
  return list(cluster, 'metadata', 'filter_metadata', 'istio', 'services').flatMap((service) => {
    const [name, namespace] = [text(service, 'name'), text(service, 'namespace')];
    return name === '' ? [] : [namespace === '' ? name : `${name}.${namespace}`];
  });
}

function loadBalancing(cluster: unknown): string {
  const extensions = list(cluster, 'load_balancing_policy', 'policies').map((policy) =>
    text(policy, 'typed_extension_config', 'name'),
  );
  return extensions.length > 0 ? extensions.join(',') : enumName(cluster, 'lb_policy', LB_POLICIES);
}

const UNLIMITED = 4_294_967_295;
const LIMITS = ['max_connections', 'max_pending_requests', 'max_requests', 'max_retries', 'max_connection_pools'];

function circuitBreakers(cluster: unknown): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const threshold of list(cluster, 'circuit_breakers', 'thresholds')) {
    const prefix = enumName(threshold, 'priority', ['DEFAULT', 'HIGH']) === 'HIGH' ? 'high_' : '';
    for (const name of LIMITS) {
      if (isSet(threshold, name) && number(threshold, name) < UNLIMITED)
        limits[prefix + name] = number(threshold, name);
    }
  }
  return limits;
}

function outlierDetection(cluster: unknown): Record<string, string | number> | null {
  const detection = field(cluster, 'outlier_detection');
  if (typeof detection !== 'object' || detection === null) return null;
  const settings = Object.entries(detection).filter(
    (entry): entry is [string, string | number] => typeof entry[1] === 'string' || typeof entry[1] === 'number',
  );
  return Object.fromEntries(settings.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The name that istiod gives the socket for endpoints with `tlsMode: istio` (pilot/pkg/networking/core, cluster_tls.go). */
const AUTO_MTLS = 'tlsMode-istio';

function upstreamTls(cluster: unknown): UpstreamTls {
  const matches = list(cluster, 'transport_socket_matches');
  const automatic = matches.find((match) => text(match, 'name') === AUTO_MTLS);
  const socket = automatic === undefined ? field(cluster, 'transport_socket') : field(automatic, 'transport_socket');
  const context = field(socket, 'typed_config');
  const about = { sni: text(context, 'sni') || null, subjectAltNames: subjectAltNames(context) };
  if (automatic !== undefined) return { mode: 'auto-mtls', ...about };
  if (matches.length > 0) return { mode: 'other', ...about };
  if (socket === undefined || text(socket, 'name') === 'envoy.transport_sockets.raw_buffer') {
    return { mode: 'plaintext', sni: null, subjectAltNames: [] };
  }
  if (!text(context, '@type').endsWith('.tls.v3.UpstreamTlsContext')) return { mode: 'other', ...about };
  const common = field(context, 'common_tls_context');
  const presents =
    list(common, 'tls_certificate_sds_secret_configs').length > 0 || list(common, 'tls_certificates').length > 0;
  return { mode: presents ? 'mtls' : 'tls', ...about };
}

function subjectAltNames(context: unknown): string[] {
  const common = field(context, 'common_tls_context');
  const validation =
    field(common, 'combined_validation_context', 'default_validation_context') ?? field(common, 'validation_context');
  const matchers = [
    ...list(validation, 'match_subject_alt_names'),
    ...list(validation, 'match_typed_subject_alt_names').map((one) => field(one, 'matcher')),
  ];
  return matchers.map(matcherText);
}

function matcherText(matcher: unknown): string {
  const exact = text(matcher, 'exact');
  if (exact !== '') return exact;
  const prefix = text(matcher, 'prefix');
  if (prefix !== '') return `${prefix}*`;
  const suffix = text(matcher, 'suffix');
  return suffix === '' ? `/${text(matcher, 'safe_regex', 'regex')}/` : `*${suffix}`;
}
