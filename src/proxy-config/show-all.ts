/** Everything in the config_dumps of proxies: as tables, or as the documents themselves. */
import { filterDump, isFiltering, selectElements, type DumpFilter } from '../explain/proxy-config/filtered-dump.ts';
import { meaningOf } from '../explain/proxy-config/semantic-diff.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import type { WalkedJson } from '../model/walked-json.ts';
import type { DumpFormat } from '../render/istioctl/dump.ts';
import type { Proxies, Proxy } from './proxies.ts';
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
import {
  allItems,
  oddItems,
  oddTexts,
  printed,
  printedOwn,
  tableTexts,
  withoutMembers,
  type NamedPart,
  type Part,
  type Presentation,
  type Printed,
} from './present.ts';

/** How `all` is printed in tables. */
export interface AllLayout {
  readonly verbose: boolean;
  readonly withHeaders: boolean;
}

interface ShownAll extends Printed {
  readonly notes: readonly string[];
}

/**
 * @returns the text, or the document itself piece by piece, and what the dumps do not hold or proxies refused, as sentences
 * @throws QuestionError when a proxy's dump is not there or cannot be read
 */
export async function showAll(
  proxies: Proxies,
  filter: DumpFilter,
  layout: AllLayout,
  now: Date,
  { format, odd }: Presentation,
): Promise<ShownAll> {
  // Without them there is nothing to show: that is told once, not for each section.
  for (const proxy of proxies.list) proxy.config();
  if (format === 'json' || format === 'yaml') return { ...(await documents(proxies, filter, odd, format)), notes: [] };
  const sections = sectionsOf(filter, layout, now);
  const notes: string[] = [];
  if (format === 'short' || format === 'wide') {
    const text = printed(sectionTables(proxies, sections, layout, { format, odd }, notes), proxies);
    if (format === 'short') notes.push(...troublesOf(proxies, ['listener', 'route', 'cluster']));
    return { ...text, notes };
  }
  const lists = sections.map(({ kind, part }) => {
    const parts = proxies.list.map((proxy) => ({ proxy: proxy.name, part: tolerant(part(proxy), notes) }));
    return [kind, odd ? oddItems(parts) : allItems(parts)] as const;
  });
  return { ...(await printedOwn('all', lists, proxies, format)), notes };
}

interface Section {
  /** What it is called in our own schema. */
  readonly kind: string;
  /** What stands above its table. */
  readonly heading: string;
  readonly part: (proxy: Proxy) => Part;
}

function sectionsOf(filter: DumpFilter, { verbose }: AllLayout, now: Date): readonly Section[] {
  return [
    { kind: 'bootstrap', heading: 'BOOTSTRAP INFO', part: bootstrapPart },
    { kind: 'clusters', heading: 'CLUSTER INFO', part: (proxy) => clusterPart(proxy, filter.cluster) },
    { kind: 'listeners', heading: 'LISTENER INFO', part: (proxy) => listenerPart(proxy, filter.listener, verbose) },
    { kind: 'routes', heading: 'ROUTE INFO', part: (proxy) => routePart(proxy, filter.route, verbose) },
    { kind: 'secrets', heading: 'SECRET INFO', part: (proxy) => secretPart(proxy, now) },
    { kind: 'endpoints', heading: 'ENDPOINTS INFO', part: (proxy) => assignmentPart(proxy, filter.endpoint) },
  ];
}

/** One table for each section. @param notes told of each section that a proxy does not have; the others are shown all the same */
function* sectionTables(
  proxies: Proxies,
  sections: readonly Section[],
  { withHeaders }: AllLayout,
  { format, odd }: Presentation,
  notes: string[],
): Generator<string> {
  for (const [at, { heading, part }] of sections.entries()) {
    if (at > 0) yield '\n';
    if (withHeaders) yield `------ ${heading} ------\n\n`;
    const tables = proxies.list.flatMap((proxy) => {
      const one = part(proxy);
      const table = (): NamedTable => ({
        proxy: proxy.name,
        table: format === 'wide' ? (one.wide?.() ?? one.short()) : one.short(true),
      });
      return shownOr<NamedTable | null>(table, notes, null) ?? [];
    });
    if (tables.length > 0) yield* tableTexts(tables, proxies.several, odd);
  }
}

type NamedTable = Parameters<typeof tableTexts>[0][number];

/** A part of which nothing is shown where the proxy does not have it. */
function tolerant(part: Part, notes: string[]): NamedPart['part'] {
  return {
    ...part,
    *items() {
      try {
        yield* part.items();
      } catch (error) {
        notes.push(missingNote(error));
      }
    },
  };
}

/** A section that is missing is told beside the others, which are shown all the same. */
function shownOr<T>(show: () => T, notes: string[], otherwise: T): T {
  try {
    return show();
  } catch (error) {
    notes.push(missingNote(error));
    return otherwise;
  }
}

function missingNote(error: unknown): string {
  if (!(error instanceof QuestionError)) throw error;
  return `${error.message}.`;
}

/** The config_dump; of several proxies, an object with that of each under its name. */
async function documents(proxies: Proxies, filter: DumpFilter, odd: boolean, format: DumpFormat): Promise<Printed> {
  const { list, several } = proxies;
  const [first] = list;
  if (first !== undefined && !several && !odd && format === 'json' && !isFiltering(filter)) {
    return { text: '\n', pieces: first.config().pieces() };
  }
  const filtered = list.map((proxy) => filterDump(proxy.config().document(), filter, lookupsOf(proxy)));
  const shown = odd ? oddDocuments(filtered) : filtered;
  const [only] = shown;
  const named = (): WalkedJson => ({
    members: list.map(({ name }, at) => [name, shown[at] ?? { value: null }] as const),
  });
  // Loaded here: it knows all messages of Envoy.
  const { dumpPieces } = await import('../render/istioctl/dump.ts');
  return printed(dumpPieces(several || only === undefined ? named() : only, format), proxies);
}

/** Members of an element of a list of a config_dump that tell when and how often it came. */
const UPDATES = new Set(['version_info', 'last_updated', 'versionInfo', 'lastUpdated']);

/** Documents with the elements of their lists that are not in every one of them, by what they mean. */
function oddDocuments(dumps: readonly WalkedJson[]): readonly WalkedJson[] {
  const keyOf = (element: unknown, place: string): string => `${place} ${meaningOf(withoutMembers(element, UPDATES))}`;
  const keys = dumps.map((dump) => {
    const own: string[] = [];
    const noted = selectElements(dump, (element, place) => {
      own.push(keyOf(element, place));
      return [];
    });
    walk(noted);
    return own;
  });
  const odd = oddTexts(keys);
  return dumps.map((dump) =>
    selectElements(dump, (element, place) => (odd.has(keyOf(element, place)) ? [element] : [])),
  );
}

function walk(node: WalkedJson): void {
  if ('members' in node) for (const [, member] of node.members) walk(member);
  if ('elements' in node) for (const element of node.elements) walk(element);
}
