/**
 * A proxy's configuration as tables and dumps. In: where the proxy's answers are (files, or a pod of a snapshot), what to show and
 * how. Out: the text for standard output. It knows neither flags nor the process.
 */
import { collectLooseFile } from './collect/loose-file.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { bootstrapTable, findBootstrap } from './explain/proxy-config/bootstrap.ts';
import { clusterTable, listClusters, type ClusterFilter } from './explain/proxy-config/clusters.ts';
import {
  missingDocument,
  twoDocuments,
  unreadableDocument,
  type DocumentKind,
} from './explain/proxy-config/documents.ts';
import { assignmentTable, listAssignments, sortAssignments } from './explain/proxy-config/endpoint-assignments.ts';
import {
  endpointStatusTable,
  listClusterStatuses,
  type EndpointFilter,
} from './explain/proxy-config/endpoint-statuses.ts';
import { filterDump, isFiltering, type DumpFilter } from './explain/proxy-config/filtered-dump.ts';
import { extensionTable, listExtensions } from './explain/proxy-config/extensions.ts';
import { listenerTable, listListeners, type ListenerFilter } from './explain/proxy-config/listeners.ts';
import { listRoutes, routeTable } from './explain/proxy-config/routes.ts';
import { findSecrets, secretTable } from './explain/proxy-config/secrets.ts';
import { findProxy, type ProxyPlace } from './explain/proxy-config/target.ts';
import { QuestionError } from './explain/question/question-input.ts';
import { createClusterView } from './explain/world/cluster-view.ts';
import type { Artefact, ArtefactSource, Gap } from './model/artefact.ts';
import type { ProxyClusterStatuses, ProxyDump } from './model/proxy-dump.ts';
import { parseCertificate } from './parse/certificate/certificate.ts';
import { readProxyDocument, type ProxyDocument } from './parse/envoy/proxy-dump.ts';
import { renderDocument, renderDump, renderList, renderUnescaped, type DumpFormat } from './render/istioctl/dump.ts';
import { renderTable } from './render/istioctl/table.ts';
import { createWorkspace } from './workspace.ts';
import { envoyFile, envoyFileOf } from './workspace/layout.ts';

export type ShowFormat = 'short' | DumpFormat;

/** Where a proxy's answers are. */
export interface ProxyInput {
  /** `[TYPE/]NAME[.NAMESPACE]` of a pod in the snapshots. */
  readonly target: string | null;
  readonly namespace: string | null;
  /** Files with its answers, `-` for standard input. */
  readonly files: readonly string[];
  readonly snapshots: readonly string[];
}

/** One proxy's answers, read when they are asked for. */
export interface Proxy {
  /** @throws QuestionError when there is none, or it cannot be read */
  config(): ProxyDump;
  /** @throws QuestionError when there is none, or it cannot be read */
  clusters(): ProxyClusterStatuses;
  /** A sentence for standard error: which proxy was chosen of several. */
  readonly note: string | null;
  /** @throws QuestionError when some value that was shown could not be read */
  check(): void;
}

/**
 * Finds a proxy's answers.
 * @throws QuestionError when nothing or too much is named, InputError when a file or snapshot cannot be read
 */
export async function openProxy(input: ProxyInput): Promise<Proxy> {
  if (input.files.length > 0) {
    if (input.target !== null) {
      throw new QuestionError('a proxy and files are named', ['Give either NAME with --snapshot, or --file.']);
    }
    return openFiles(input.files);
  }
  if (input.target === null || input.snapshots.length === 0) {
    throw new QuestionError(input.target === null ? 'no proxy is named' : 'no snapshot is given', [
      'Name a pod and a snapshot (NAME.NAMESPACE --snapshot PATH), or a file with an answer of its proxy (--file FILE).',
    ]);
  }
  return openSnapshot(await collectSnapshots(input.snapshots), input.target, input.namespace);
}

async function openFiles(paths: readonly string[]): Promise<Proxy> {
  if (paths.filter((path) => path === '-').length > 1) {
    throw new QuestionError('standard input can hold one file only', ['Give `-` once, and paths for the rest.']);
  }
  const found = new Map<DocumentKind, Readable>();
  for (const path of paths) {
    const document = readable(await collectLooseFile(path));
    const other = found.get(document.kind);
    if (other !== undefined) throw twoDocuments(document.kind, other.name, document.name);
    found.set(document.kind, document);
  }
  return proxyOf(
    (kind) => found.get(kind),
    () => [...found.values()].map(({ name, kind }) => [name, kind]),
    null,
  );
}

function openSnapshot(source: ArtefactSource, target: string, namespace: string | null): Proxy {
  const proxies = new Map<string, ProxyPlace>();
  for (const name of source.names()) {
    const place = envoyFileOf(name);
    if (place !== undefined) proxies.set(JSON.stringify(place), place);
  }
  const views = () => createWorkspace(source).clusters.map(createClusterView);
  const { place, note } = findProxy(target, namespace, [...proxies.values()], views);
  const file = { 'config-dump': 'config_dump.json', clusters: 'clusters.json' } as const;
  const known = new Map<DocumentKind, Readable | undefined>();
  const read = (kind: DocumentKind): Readable | undefined => {
    const artefact = source.artefact(envoyFile(place, file[kind]));
    const document = artefact === undefined ? undefined : readable(artefact);
    return document?.kind === kind ? document : undefined;
  };
  const find = (kind: DocumentKind): Readable | undefined => {
    if (!known.has(kind)) known.set(kind, read(kind));
    return known.get(kind);
  };
  return proxyOf(find, () => [], note);
}

type Readable = Exclude<ProxyDocument, { kind: 'unreadable' }> & { readonly name: string };

function readable(artefact: Artefact): Readable {
  const document = readProxyDocument(artefact);
  if (document.kind === 'unreadable') throw unreadableDocument(document.gap);
  return { ...document, name: artefact.name };
}

function proxyOf(
  find: (kind: DocumentKind) => Readable | undefined,
  others: () => readonly (readonly [string, DocumentKind])[],
  note: string | null,
): Proxy {
  const gaps: (() => readonly Gap[])[] = [];
  return {
    config: () => {
      const document = find('config-dump');
      if (document?.kind !== 'config-dump') throw missingDocument('config-dump', others());
      gaps.push(() => document.dump.gaps());
      return document.dump;
    },
    clusters: () => {
      const document = find('clusters');
      if (document?.kind !== 'clusters') throw missingDocument('clusters', others());
      gaps.push(() => document.clusters.gaps());
      return document.clusters;
    },
    note,
    check: () => {
      const [gap] = gaps.flatMap((list) => list());
      if (gap !== undefined) throw unreadableDocument(gap);
    },
  };
}

export function showClusters(proxy: Proxy, filter: ClusterFilter, format: ShowFormat): string {
  const clusters = listClusters(proxy.config(), filter);
  if (format === 'short') return renderTable(clusterTable(clusters, false));
  return renderList(clusters, 'envoy.config.cluster.v3.Cluster', format);
}

export function showListeners(proxy: Proxy, filter: ListenerFilter, verbose: boolean, format: ShowFormat): string {
  const listeners = listListeners(proxy.config(), filter);
  if (format === 'short') return renderTable(listenerTable(listeners, verbose, false));
  return renderList(listeners, 'envoy.config.listener.v3.Listener', format);
}

export function showRoutes(proxy: Proxy, name: string | null, verbose: boolean, format: ShowFormat): string {
  const routes = listRoutes(proxy.config(), name);
  if (format === 'short') return renderTable(routeTable(routes, verbose, false));
  return renderList(routes, 'envoy.config.route.v3.RouteConfiguration', format);
}

/** Endpoints of /clusters: with health as Envoy sees it. */
export function showEndpoints(proxy: Proxy, filter: EndpointFilter, format: ShowFormat): string {
  const statuses = listClusterStatuses(proxy.clusters(), filter);
  if (format === 'short') return renderTable(endpointStatusTable(statuses));
  return renderList([...statuses], 'envoy.admin.v3.ClusterStatus', format);
}

/** Endpoints of the config_dump: as EDS delivered them. */
export function showAssignments(proxy: Proxy, filter: EndpointFilter, format: ShowFormat): string {
  const assignments = listAssignments(proxy.config(), filter);
  if (format === 'short') return renderTable(assignmentTable(assignments, false));
  return renderList(sortAssignments(assignments), 'envoy.config.endpoint.v3.ClusterLoadAssignment', format);
}

export function showBootstrap(proxy: Proxy, format: ShowFormat): string {
  const section = findBootstrap(proxy.config());
  if (format === 'short') return renderTable(bootstrapTable(section));
  return renderDump(section, 'envoy.admin.v3.BootstrapConfigDump', format);
}

/** @param now for the validity of certificates */
export function showSecrets(proxy: Proxy, now: Date, format: ShowFormat): string {
  const section = findSecrets(proxy.config());
  if (format === 'short') return secretText(section, now, false);
  return renderDump(section, 'envoy.admin.v3.SecretsConfigDump', format);
}

function secretText(section: unknown, now: Date, named: boolean): string {
  const table = secretTable(section, parseCertificate, now, named);
  return table === undefined ? 'No active or warming secrets found.\n' : renderTable(table);
}

export function showExtensions(proxy: Proxy, format: ShowFormat): string {
  const filters = listExtensions(proxy.config());
  if (format === 'short') return renderTable(extensionTable(filters));
  return renderUnescaped({ ecds_filters: filters }, 'envoy.admin.v3.EcdsConfigDump', format);
}

/** How `all` is printed in short. */
export interface AllLayout {
  readonly verbose: boolean;
  readonly withHeaders: boolean;
}

/**
 * Everything in a config_dump: as tables, or as the document itself.
 * @returns the text, and what the dump does not hold, as sentences
 */
export function showAll(
  proxy: Proxy,
  filter: DumpFilter,
  { verbose, withHeaders }: AllLayout,
  now: Date,
  format: ShowFormat,
): { readonly text: string; readonly notes: readonly string[] } {
  const dump = proxy.config();
  if (format !== 'short') {
    if (format === 'json' && !isFiltering(filter)) return { text: `${dump.text}\n`, notes: [] };
    return { text: renderDocument(filterDump(JSON.parse(dump.text), filter), format), notes: [] };
  }
  const sections: readonly (readonly [string, () => string])[] = [
    ['BOOTSTRAP INFO', () => renderTable(bootstrapTable(findBootstrap(dump)))],
    ['CLUSTER INFO', () => renderTable(clusterTable(listClusters(dump, filter.cluster), true))],
    ['LISTENER INFO', () => renderTable(listenerTable(listListeners(dump, filter.listener), verbose, true))],
    ['ROUTE INFO', () => renderTable(routeTable(listRoutes(dump, filter.route), verbose, true))],
    ['SECRET INFO', () => secretText(findSecrets(dump), now, true)],
    ['ENDPOINTS INFO', () => renderTable(assignmentTable(listAssignments(dump, filter.endpoint), true))],
  ];
  const notes: string[] = [];
  const texts = sections.map(([heading, show]) => {
    const text = shownOr(show, notes);
    return withHeaders ? `------ ${heading} ------\n\n${text}` : text;
  });
  return { text: texts.join('\n'), notes };
}

/** A section that is missing is told beside the others, which are shown all the same. */
function shownOr(show: () => string, notes: string[]): string {
  try {
    return show();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    notes.push(`${error.message}.`);
    return '';
  }
}
