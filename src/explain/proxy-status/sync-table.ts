import type { ProxySync, TypeSync } from '../../model/proxy-sync.ts';
import { compareBytes, sortedBy, type Table } from '../proxy-config/table.ts';

const ENVOY = 'type.googleapis.com/envoy.';

/** Short names of types (pilot/pkg/xds/v3/model.go, GetShortType); the first four in the order in which they are listed. */
const SHORT: ReadonlyMap<string, string> = new Map([
  [`${ENVOY}config.cluster.v3.Cluster`, 'CDS'],
  [`${ENVOY}config.listener.v3.Listener`, 'LDS'],
  [`${ENVOY}config.endpoint.v3.ClusterLoadAssignment`, 'EDS'],
  [`${ENVOY}config.route.v3.RouteConfiguration`, 'RDS'],
  [`${ENVOY}extensions.transport_sockets.tls.v3.Secret`, 'SDS'],
  [`${ENVOY}config.core.v3.TypedExtensionConfig`, 'ECDS'],
  ['type.googleapis.com/istio.networking.nds.v1.NameTable', 'NDS'],
  ['type.googleapis.com/istio.mesh.v1alpha1.ProxyConfig', 'PCDS'],
  ['type.googleapis.com/istio.workload.Address', 'WDS'],
  ['type.googleapis.com/istio.workload.Workload', 'WDS'],
  ['type.googleapis.com/istio.security.Authorization', 'WADS'],
]);
const CORE = [...SHORT.keys()].slice(0, 4);
/** Types that -v always has a column for. */
const ALWAYS = [...CORE, `${ENVOY}config.core.v3.TypedExtensionConfig`];

function shortType(typeUrl: string): string {
  return SHORT.get(typeUrl) ?? typeUrl;
}

function sorted(syncs: readonly ProxySync[]): readonly ProxySync[] {
  return sortedBy(syncs, (one) => [one.proxy, one.cluster, one.istiod]);
}

/** What each proxy subscribes to, as istioctl lists it. */
export function subscriptionTable(syncs: readonly ProxySync[]): Table {
  const rows = sorted(syncs).map((one) => [one.proxy, one.cluster, one.istiod, one.version, subscribed(one.types)]);
  return { columns: ['NAME', 'CLUSTER', 'ISTIOD', 'VERSION', 'SUBSCRIBED TYPES'], rows, padding: 5 };
}

function subscribed(types: readonly TypeSync[]): string {
  const urls = types.filter(({ status }) => status !== 'UNKNOWN').map(({ typeUrl }) => typeUrl);
  const core = CORE.filter((url) => urls.includes(url));
  const others = urls.filter((url) => !CORE.includes(url)).toSorted(compareBytes);
  const names = [...core, ...others].map(shortType);
  return names.length === 0 ? '0' : `${names.length} (${names.join(',')})`;
}

/**
 * How far each kind of resource is, one column each.
 * @param now when the ages are taken
 * @param reasons with a column for what proxies rejected
 */
export function statusTable(syncs: readonly ProxySync[], now: Date, reasons: boolean): Table {
  const urls = [...new Set([...ALWAYS, ...syncs.flatMap(({ types }) => types.map(({ typeUrl }) => typeUrl))])];
  const columns = urls.toSorted(compareBytes);
  const rows = sorted(syncs).map((one) => [
    one.proxy,
    one.cluster,
    ...columns.map((url) =>
      cell(
        one.types.find(({ typeUrl }) => typeUrl === url),
        now,
      ),
    ),
    one.istiod,
    one.version,
    ...(reasons ? [rejections(one.types)] : []),
  ]);
  const heading = ['NAME', 'CLUSTER', ...columns.map(shortType), 'ISTIOD', 'VERSION', ...(reasons ? ['REJECTED'] : [])];
  return { columns: heading, rows, padding: 5 };
}

function rejections(types: readonly TypeSync[]): string {
  const found = types.flatMap(({ typeUrl, rejected }) =>
    rejected === null ? [] : [`${shortType(typeUrl)}: ${rejected}`],
  );
  return found.length === 0 ? '-' : found.join('; ');
}

function cell(sync: TypeSync | undefined, now: Date): string {
  if (sync === undefined || sync.status === 'UNKNOWN') return 'IGNORED';
  if (sync.status === 'NOT_SENT') return 'NOT SENT';
  return sync.at === null ? sync.status : `${sync.status} (${ageText(now.getTime() - Date.parse(sync.at))})`;
}

const [MINUTE, HOUR, DAY, YEAR] = [60, 3600, 86_400, 31_536_000];

/** An age as kubectl shows it (k8s.io/apimachinery/pkg/util/duration, HumanDuration). */
export function ageText(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1 || Number.isNaN(seconds)) return '<invalid>';
  if (seconds < 0) return '0s';
  const pair = (unit: number, name: string, small: number, smallName: string): string => {
    const rest = Math.floor((seconds % unit) / small);
    return `${Math.floor(seconds / unit)}${name}${rest === 0 ? '' : `${rest}${smallName}`}`;
  };
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return pair(MINUTE, 'm', 1, 's');
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return pair(HOUR, 'h', MINUTE, 'm');
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return pair(DAY, 'd', HOUR, 'h');
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  return seconds < 8 * YEAR ? pair(YEAR, 'y', DAY, 'd') : `${Math.floor(seconds / YEAR)}y`;
}
