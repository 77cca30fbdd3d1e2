/**
 * Proxies and their answers. In: documents, or a source of artefacts and the pods of it that have a proxy. Out: each with its answers, read
 * when they are asked for.
 */
import { missingDocument, unreadableDocument, type DocumentKind } from '../explain/proxy-config/documents.ts';
import { findProxies, nameOf, type ProxyPlace, type ProxySelection } from '../explain/proxy-config/target.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import type { ClusterView } from '../explain/world/cluster-view.ts';
import type { Artefact, ArtefactSource, Gap } from '../model/artefact.ts';
import type { EnvoyFacts } from '../model/envoy.ts';
import type { ProxyClusterStatuses, ProxyDump } from '../model/proxy-dump.ts';
import { parseEnvoyClusters } from '../parse/envoy/admin.ts';
import { parseEnvoyConfigDump } from '../parse/envoy/config-dump.ts';
import { readProxyDocument, type ProxyDocument } from '../parse/envoy/proxy-dump.ts';
import { sentence } from '../live-error.ts';
import { envoyFile } from '../workspace/layout.ts';

/** One proxy's answers, read when they are asked for. */
export interface Proxy {
  /** `NAME.NAMESPACE` of its pod; of files, the name of the config_dump, else of the other. */
  readonly name: string;
  /** @throws QuestionError when there is none, or it cannot be read */
  config(): ProxyDump;
  /** @throws QuestionError when there is none, or it cannot be read */
  clusters(): ProxyClusterStatuses;
  /** Whether there is one. */
  has(kind: DocumentKind): boolean;
  /** What an evaluator reads. @throws QuestionError as `config` */
  facts(): EnvoyFacts;
  /** The cluster that its pod is in; null: only files are known. */
  readonly view: ClusterView | null;
}

/** The proxies that were asked for. */
export interface Proxies {
  /** In the order of their names; at least one. */
  readonly list: readonly Proxy[];
  /** Whether several were asked for, so that each row must say whose it is. */
  readonly several: boolean;
  /** A sentence for standard error: which proxy was chosen of several. */
  readonly note: string | null;
  /** Whether all there is can be read now; of a live cluster, what is looked for comes in rounds. */
  readonly complete: boolean;
  /** @throws QuestionError when some value that was shown could not be read */
  check(): void;
}

/**
 * The proxies of a source that are meant.
 * @param places pods that have a proxy
 * @param views views of the objects of the source
 */
export function openSource(
  source: ArtefactSource,
  selection: ProxySelection,
  places: readonly ProxyPlace[],
  views: () => readonly ClusterView[],
  reader: DocumentReader,
): Proxies {
  const found = findProxies(selection, places, views);
  const gaps: (() => readonly Gap[])[] = [];
  const clusters = new Set(places.map(({ cluster }) => cluster));
  const list = found.places.map((place) => {
    const view = (): ClusterView | null => views().find((one) => one.name === place.cluster) ?? null;
    const name = clusters.size > 1 ? `${place.cluster}/${nameOf(place)}` : nameOf(place);
    const file = (kind: DocumentKind): string => envoyFile(place, FILES[kind]);
    const find = (kind: DocumentKind): Readable | undefined => reader.read(source.artefact(file(kind)), kind);
    return proxyOf(name, find, (kind) => absence(source, file(kind)) ?? missingDocument(kind, []), view, gaps);
  });
  return proxiesOf(list, found.several, found.note, gaps);
}

const FILES = { 'config-dump': 'config_dump.json', clusters: 'clusters.json' } as const;

/** Why a source does not have an artefact. */
function absence(source: ArtefactSource, name: string): QuestionError | undefined {
  const gap = source.gaps().find(({ artefact }) => artefact === name);
  if (gap === undefined) return undefined;
  return new QuestionError(gap.problem, gap.remedy === undefined ? [] : [sentence(gap.remedy)]);
}

/** Reads each artefact once. */
export class DocumentReader {
  readonly #known = new Map<Artefact, Readable>();

  /** undefined: there is none, or it is something else. */
  read(artefact: Artefact | undefined, kind: DocumentKind): Readable | undefined {
    if (artefact === undefined) return undefined;
    const document = this.#known.get(artefact) ?? readable(artefact);
    this.#known.set(artefact, document);
    return document.kind === kind ? document : undefined;
  }
}

/** A document of a proxy that could be read. */
export type Readable = Exclude<ProxyDocument, { kind: 'unreadable' }> & { readonly artefact: Artefact };

/** @throws QuestionError when it cannot be read */
export function readable(artefact: Artefact): Readable {
  const document = readProxyDocument(artefact);
  if (document.kind === 'unreadable') throw unreadableDocument(document.gap);
  return { ...document, artefact };
}

/** @param gaps what of their documents could not be read, as far as it was asked for */
export function proxiesOf(
  list: readonly Proxy[],
  several: boolean,
  note: string | null,
  gaps: readonly (() => readonly Gap[])[],
): Proxies {
  return {
    list,
    several,
    note,
    complete: true,
    check: () => {
      const [gap] = gaps.flatMap((one) => one());
      if (gap !== undefined) throw unreadableDocument(gap);
    },
  };
}

/** @param gaps is given what tells the gaps of each document that is read */
export function proxyOf(
  name: string,
  find: (kind: DocumentKind) => Readable | undefined,
  missing: (kind: DocumentKind) => QuestionError,
  view: (() => ClusterView | null) | null,
  gaps: (() => readonly Gap[])[],
): Proxy {
  const config = (): Extract<Readable, { kind: 'config-dump' }> => {
    const document = find('config-dump');
    if (document?.kind !== 'config-dump') throw missing('config-dump');
    return document;
  };
  let facts: EnvoyFacts | undefined;
  return {
    name,
    config: () => {
      const { dump } = config();
      gaps.push(() => dump.gaps());
      return dump;
    },
    clusters: () => {
      const document = find('clusters');
      if (document?.kind !== 'clusters') throw missing('clusters');
      gaps.push(() => document.clusters.gaps());
      return document.clusters;
    },
    has: (kind) => find(kind) !== undefined,
    facts: () => {
      const clusters = find('clusters');
      facts ??= {
        config: parseEnvoyConfigDump(config().artefact).value,
        clusters: clusters === undefined ? null : parseEnvoyClusters(clusters.artefact).value,
        listeners: null,
        serverInfo: null,
      };
      return facts;
    },
    get view() {
      return view?.() ?? null;
    },
  };
}
