/** Everything in a config_dump: as tables, or as the document itself. */
import { bootstrapTable, findBootstrap } from '../explain/proxy-config/bootstrap.ts';
import { clusterTable, listClusters } from '../explain/proxy-config/clusters.ts';
import { assignmentTable, listAssignments } from '../explain/proxy-config/endpoint-assignments.ts';
import { filterDump, isFiltering, type DumpFilter } from '../explain/proxy-config/filtered-dump.ts';
import { listenerTable, listListeners } from '../explain/proxy-config/listeners.ts';
import { listRoutes, routeTable } from '../explain/proxy-config/routes.ts';
import { findSecrets, secretTable } from '../explain/proxy-config/secrets.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import { parseCertificate } from '../parse/certificate/certificate.ts';
import { renderDocument } from '../render/istioctl/dump.ts';
import { renderTable } from '../render/istioctl/table.ts';
import type { ProxyDump } from '../model/proxy-dump.ts';
import type { Proxies, Proxy } from './open-proxies.ts';
import {
  assignmentPart,
  bootstrapPart,
  clusterPart,
  listenerPart,
  lookupsOf,
  routePart,
  secretPart,
  troublesOf,
} from './parts.ts';
import { allItems, renderOwn, SCHEMA_VERSION, type Part, type ShowFormat } from './present.ts';

/** How `all` is printed in tables. */
export interface AllLayout {
  readonly verbose: boolean;
  readonly withHeaders: boolean;
}

interface ShownAll {
  readonly text: string;
  readonly pieces?: Iterable<Buffer>;
  readonly notes: readonly string[];
}

/**
 * @returns the text, or the document itself piece by piece, and what the dump does not hold or the proxy refused, as sentences
 * @throws QuestionError when a dump is too long for what is asked
 */
export async function showAll(
  proxies: Proxies,
  filter: DumpFilter,
  layout: AllLayout,
  now: Date,
  format: ShowFormat,
): Promise<ShownAll> {
  const [proxy] = proxies.list;
  if (proxy === undefined) return { text: '', notes: [] };
  // Without it there is nothing to show: that is told once, not for each section.
  const dump = proxy.config();
  if (format === 'short') {
    const { text, notes } = shortTables(proxy, filter, layout, now);
    return { text, notes: [...notes, ...troublesOf(proxies, ['listener', 'route', 'cluster'])] };
  }
  if (format === 'json' || format === 'yaml') {
    if (format === 'json' && !isFiltering(filter)) return { text: '\n', pieces: dump.pieces(), notes: [] };
    return { text: renderDocument(filterDump(documentOf(dump), filter, lookupsOf(proxy)), format), notes: [] };
  }
  const notes: string[] = [];
  const sections = ownSections(proxy, filter, layout, now);
  if (format === 'wide') {
    const texts = sections.map(([, heading, part]) =>
      headed(
        heading,
        layout,
        shownOr(() => renderTable(part.wide?.() ?? part.short()), notes, ''),
      ),
    );
    return { text: texts.join('\n'), notes };
  }
  const members = sections.map(([kind, , part]) => {
    const own = (): readonly object[] => [...allItems([{ proxy: proxy.name, part }])];
    return [kind, shownOr(own, notes, [])] as const;
  });
  const document = { schemaVersion: SCHEMA_VERSION, kind: 'all', ...Object.fromEntries(members) };
  return { text: await renderOwn(document, format), notes };
}

/** What each part is called in our own schema and above its table, and the part. */
function ownSections(
  proxy: Proxy,
  filter: DumpFilter,
  { verbose }: AllLayout,
  now: Date,
): readonly (readonly [kind: string, heading: string, Part])[] {
  return [
    ['bootstrap', 'BOOTSTRAP INFO', bootstrapPart(proxy)],
    ['clusters', 'CLUSTER INFO', clusterPart(proxy, filter.cluster)],
    ['listeners', 'LISTENER INFO', listenerPart(proxy, filter.listener, verbose)],
    ['routes', 'ROUTE INFO', routePart(proxy, filter.route, verbose)],
    ['secrets', 'SECRET INFO', secretPart(proxy, now)],
    ['endpoints', 'ENDPOINTS INFO', assignmentPart(proxy, filter.endpoint)],
  ];
}

function headed(heading: string, { withHeaders }: AllLayout, text: string): string {
  return withHeaders ? `------ ${heading} ------\n\n${text}` : text;
}

/** The tables of istioctl, and sentences about sections that are missing. */
function shortTables(
  proxy: Proxy,
  filter: DumpFilter,
  layout: AllLayout,
  now: Date,
): { readonly text: string; readonly notes: readonly string[] } {
  const { verbose } = layout;
  const dump = proxy.config();
  const lookups = lookupsOf(proxy);
  const { cluster, listener, route, endpoint } = filter;
  const sections: readonly (readonly [string, () => string])[] = [
    ['BOOTSTRAP INFO', () => renderTable(bootstrapTable(findBootstrap(dump)))],
    ['CLUSTER INFO', () => renderTable(clusterTable(listClusters(dump, cluster, lookups.endpoints, 'cells'), true))],
    [
      'LISTENER INFO',
      () => renderTable(listenerTable(listListeners(dump, listener, lookups.destinations, 'cells'), verbose, true)),
    ],
    ['ROUTE INFO', () => renderTable(routeTable(listRoutes(dump, route), verbose, true))],
    ['SECRET INFO', () => secretText(findSecrets(dump), now)],
    ['ENDPOINTS INFO', () => renderTable(assignmentTable(listAssignments(dump, endpoint, lookups.places), true))],
  ];
  const notes: string[] = [];
  const texts = sections.map(([heading, show]) => headed(heading, layout, shownOr(show, notes, '')));
  return { text: texts.join('\n'), notes };
}

function documentOf(dump: ProxyDump): unknown {
  try {
    return dump.document();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new QuestionError(`${dump.artefact}: ${error.message}`, [
      'Ask for one part (`pc cluster -o yaml`), for tables, or for -o json without filters.',
    ]);
  }
}

function secretText(section: unknown, now: Date): string {
  const table = secretTable(section, parseCertificate, now, true);
  return table === undefined ? 'No active or warming secrets found.\n' : renderTable(table);
}

/** A section that is missing is told beside the others, which are shown all the same. */
function shownOr<T>(show: () => T, notes: string[], otherwise: T): T {
  try {
    return show();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    notes.push(`${error.message}.`);
    return otherwise;
  }
}
