import { formatEndpoint } from '../../model/address.ts';
import { compareText } from '../../model/order.ts';
import type {
  LedgerCell,
  LedgerColumn,
  LedgerRow,
  LedgerState,
  ServiceEndpointRow,
  ServiceLedger,
} from '../../model/service-report.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { conditionText } from './endpoint-rows.ts';
import type { NodeAccount } from './on-node.ts';
import { isHealthy, type ProxyAccount } from './proxy-endpoints.ts';

/** Everybody who may know the endpoints of a Service. */
export interface LedgerSources {
  readonly endpoints: readonly ServiceEndpointRow[];
  readonly nodes: readonly NodeAccount[];
  readonly proxies: readonly ProxyAccount[];
  /** Connections by endpoint; undefined: no connection table was captured. */
  readonly connections: ReadonlyMap<string, number> | undefined;
}

const ODD: ReadonlySet<LedgerState> = new Set(['missing', 'extra', 'unhealthy', 'stale']);

/** Who knows which endpoint: one row for each that anybody knows, one column for each that knows others than its neighbours. */
export function ledgerOf(view: ClusterView, sources: LedgerSources): ServiceLedger {
  const listed = new Map<string, ServiceEndpointRow>();
  for (const row of sources.endpoints) {
    const text = formatEndpoint(row.address, row.port);
    const before = listed.get(text);
    // Two ports of a Service may lead to one port of a pod, by different protocols.
    const names = before === undefined ? row.portName : `${before.portName ?? '-'}, ${row.portName ?? '-'}`;
    listed.set(text, { ...row, portName: before?.portName === row.portName ? row.portName : names });
  }
  const texts = endpointsOf(sources, listed);
  const columns = [
    { kind: 'slice' as const, name: 'EndpointSlice', cells: texts.map((text) => sliceCell(listed.get(text))) },
    ...sources.nodes.map((node) => ({
      kind: 'node' as const,
      name: node.node,
      cells: texts.map((text) => nodeCell(view, node, text, listed)),
    })),
    ...sources.proxies.map((proxy) => ({
      kind: 'proxy' as const,
      name: proxy.name,
      cells: texts.map((text) => proxyCell(proxy, text, listed.get(text))),
    })),
    ...connectionColumn(sources, texts, listed),
  ];
  const grouped = groupAlike(columns);
  const rows = texts.map((endpoint, index): LedgerRow => {
    const row = listed.get(endpoint);
    const ip = row?.address ?? endpoint.slice(0, endpoint.lastIndexOf(':'));
    const pod = view.podAt(ip.replaceAll(/[[\]]/g, ''));
    const cells = grouped.map(({ cells: all }) => all[index] ?? UNKNOWN);
    return {
      endpoint,
      portName: row?.portName ?? null,
      pod: pod === undefined ? (row?.pod ?? null) : `${pod.namespace}/${pod.name}`,
      cells,
      odd: cells.some(({ state }) => ODD.has(state)),
    };
  });
  return { columns: grouped.map(({ kind, names }) => ({ kind, names })), rows };
}

const UNKNOWN: LedgerCell = { state: 'unknown', detail: null };
const ABSENT: LedgerCell = { state: 'absent', detail: null };

function endpointsOf(sources: LedgerSources, listed: ReadonlyMap<string, ServiceEndpointRow>): readonly string[] {
  const met = [
    ...sources.nodes.flatMap((node) => [...(node.programmed ?? [])]),
    ...sources.proxies.flatMap((proxy) => [...proxy.hosts.keys()]),
    ...(sources.connections?.keys() ?? []),
  ];
  const others = met.filter((text) => !listed.has(text));
  return [...listed.keys(), ...[...new Set(others)].toSorted(compareText)];
}

function sliceCell(row: ServiceEndpointRow | undefined): LedgerCell {
  return row === undefined ? ABSENT : { state: 'present', detail: conditionText(row) };
}

function nodeCell(
  view: ClusterView,
  { programmed, intended, basis }: NodeAccount,
  text: string,
  listed: ReadonlyMap<string, ServiceEndpointRow>,
): LedgerCell {
  if (programmed === null || basis !== 'programmed') return UNKNOWN;
  const has = programmed.has(text);
  const should = intended?.has(text) ?? (listed.get(text)?.ready === true || has);
  if (has && !listed.has(text)) return { state: 'extra', detail: sinceText(view, text) };
  if (has) return should ? { state: 'present', detail: null } : { state: 'extra', detail: 'it should not be used' };
  return should ? { state: 'missing', detail: null } : ABSENT;
}

/** Since when an endpoint should be gone, where its pod tells. */
function sinceText(view: ClusterView, text: string): string | null {
  const ip = text.slice(0, text.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
  const pod = view.podAt(ip);
  if (pod === undefined) return 'no pod has the address';
  return pod.deletedAt === null ? null : `deleted ${pod.deletedAt}`;
}

function proxyCell({ hosts }: ProxyAccount, text: string, row: ServiceEndpointRow | undefined): LedgerCell {
  const health = hosts.get(text);
  const usable = row !== undefined && (row.ready || (row.serving && row.terminating));
  if (health === undefined) return usable && row.ready ? { state: 'missing', detail: null } : ABSENT;
  if (row === undefined) return { state: 'extra', detail: null };
  if (!isHealthy(health)) return { state: row.ready ? 'unhealthy' : 'present', detail: health };
  return usable ? { state: 'present', detail: null } : { state: 'extra', detail: conditionText(row) };
}

/** Connections to endpoints that no slice has are stale: nothing answers there for the Service any more. */
function connectionColumn(
  { connections }: LedgerSources,
  texts: readonly string[],
  listed: ReadonlyMap<string, ServiceEndpointRow>,
) {
  if (connections === undefined || connections.size === 0) return [];
  const cells = texts.map((text): LedgerCell => {
    const count = connections.get(text) ?? 0;
    if (count === 0) return ABSENT;
    const detail = `${count} ${count === 1 ? 'connection' : 'connections'}`;
    return { state: listed.has(text) ? 'present' : 'stale', detail };
  });
  return [{ kind: 'conntrack' as const, name: 'conntrack', cells }];
}

interface Grouped extends LedgerColumn {
  readonly cells: readonly LedgerCell[];
}

/** Nodes, and proxies, with equal cells stand in one column. */
function groupAlike(
  columns: readonly {
    readonly kind: LedgerColumn['kind'];
    readonly name: string;
    readonly cells: readonly LedgerCell[];
  }[],
): readonly Grouped[] {
  const groups = new Map<string, Grouped>();
  for (const { kind, name, cells } of columns) {
    const alone = columns.filter((other) => other.kind === kind).length === 1;
    const key = alone ? kind : JSON.stringify([kind, cells]);
    const before = groups.get(key);
    groups.set(key, { kind, cells, names: [...(before?.names ?? []), name] });
  }
  return [...groups.values()];
}
