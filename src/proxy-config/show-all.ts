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
import type { Proxies } from './open-proxies.ts';
import { lookupsOf } from './parts.ts';

/** How `all` is printed in short. */
export interface AllLayout {
  readonly verbose: boolean;
  readonly withHeaders: boolean;
}

/**
 * @returns the text, or the document itself piece by piece, and what the dump does not hold, as sentences
 * @throws QuestionError when a dump is too long for what is asked
 */
export function showAll(
  proxies: Proxies,
  filter: DumpFilter,
  { verbose, withHeaders }: AllLayout,
  now: Date,
  format: 'short' | 'json' | 'yaml',
): { readonly text: string; readonly pieces?: Iterable<Buffer>; readonly notes: readonly string[] } {
  const [proxy] = proxies.list;
  if (proxy === undefined) return { text: '', notes: [] };
  const dump = proxy.config();
  const lookups = lookupsOf(proxy);
  if (format !== 'short') {
    if (format === 'json' && !isFiltering(filter)) return { text: '\n', pieces: dump.pieces(), notes: [] };
    return { text: renderDocument(filterDump(documentOf(dump), filter, lookups), format), notes: [] };
  }
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
  const texts = sections.map(([heading, show]) => {
    const text = shownOr(show, notes);
    return withHeaders ? `------ ${heading} ------\n\n${text}` : text;
  });
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
function shownOr(show: () => string, notes: string[]): string {
  try {
    return show();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    notes.push(`${error.message}.`);
    return '';
  }
}
