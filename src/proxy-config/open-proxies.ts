/**
 * Finds the proxies that are asked about. In: where their answers are: files, pods of snapshots, an admin port; or a source of artefacts
 * and the pods of it that have a proxy. Out: each with its answers, read when they are asked for.
 */
import { collectStoredFile } from '../collect/loose-file.ts';
import { collectSnapshots } from '../collect/snapshot.ts';
import {
  missingDocument,
  twoDocuments,
  unreadableDocument,
  type DocumentKind,
} from '../explain/proxy-config/documents.ts';
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
import { envoyFile, podsWithProxy } from '../workspace/layout.ts';
import { clusterViews } from './cluster-views.ts';
import { once } from '../workspace/reader.ts';

/** Where the answers of proxies are. */
export interface ProxyInput {
  /** `[TYPE/]NAME[.NAMESPACE]` of a pod in the snapshots. */
  readonly target: string | null;
  readonly namespace: string | null;
  /** Files with its answers, `-` for standard input. */
  readonly files: readonly string[];
  readonly snapshots: readonly string[];
  /** Labels of pods: `app=reviews,version!=v1`. */
  readonly selector?: string | null;
  /** Every captured proxy; with a namespace, every one in it. */
  readonly all?: boolean;
  /** Every pod of a workload, Service or Gateway, not the first alone. */
  readonly replicas?: boolean;
  /** `http://HOST:PORT` of the admin port of a running proxy. */
  readonly admin?: string | null;
}

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
 * Finds proxies' answers.
 * @param wanted the answers that are needed: of a running proxy, others are not asked for
 * @throws QuestionError when nothing or too much is named, InputError when a file or snapshot cannot be read
 */
export async function openProxies(input: ProxyInput, wanted: readonly DocumentKind[]): Promise<Proxies> {
  const { target, selector = null, all = false, admin = null, files, snapshots } = input;
  const isNamed = target !== null || selector !== null || all;
  if (admin !== null) {
    if (isNamed || files.length > 0) {
      throw new QuestionError('a running proxy and another are named', ['Give --envoy-admin alone.']);
    }
    return openAdmin(admin, wanted);
  }
  if (files.length > 0) {
    if (isNamed) {
      throw new QuestionError('a proxy and files are named', ['Give either NAME with --snapshot, or --file.']);
    }
    return openFiles(files);
  }
  return openSnapshot(await collectSnapshots(snapshots), selectionOf(input));
}

/**
 * The pods that are meant.
 * @throws QuestionError when none is named, or some in two ways
 */
export function selectionOf({
  target,
  namespace,
  selector = null,
  all = false,
  replicas = false,
}: ProxyInput): ProxySelection {
  const named = [target !== null, selector !== null, all].filter(Boolean).length;
  if (named > 1)
    throw new QuestionError('proxies are named in two ways', ['Give one of NAME, --selector and --all-namespaces.']);
  if (named === 0)
    throw new QuestionError('no proxy is named', [
      'Name its pod ([TYPE/]NAME[.NAMESPACE]), in the cluster or in a snapshot (--snapshot PATH), or a file with an answer of it (--file FILE).',
    ]);
  return { target, namespace, selector, all, replicas, from: 'snapshot' };
}

/** What an admin port is asked for an answer. */
const ADMIN_PATHS = { 'config-dump': '/config_dump?include_eds', clusters: '/clusters?format=json' } as const;

async function openAdmin(base: string, wanted: readonly DocumentKind[]): Promise<Proxies> {
  // Loaded here: files and snapshots need no network.
  const { askEnvoyAdmin } = await import('../collect/envoy-admin.ts');
  const found = new Map<DocumentKind, Readable>();
  for (const kind of wanted) found.set(kind, readable(await askEnvoyAdmin(base, ADMIN_PATHS[kind])));
  const gaps: (() => readonly Gap[])[] = [];
  return proxiesOf(
    [
      proxyOf(
        base,
        (kind) => found.get(kind),
        (kind) => missingDocument(kind, []),
        null,
        gaps,
      ),
    ],
    false,
    null,
    gaps,
  );
}

async function openFiles(paths: readonly string[]): Promise<Proxies> {
  if (paths.filter((path) => path === '-').length > 1) {
    throw new QuestionError('standard input can hold one file only', ['Give `-` once, and paths for the rest.']);
  }
  const found = new Map<DocumentKind, Readable>();
  for (const path of paths) {
    const document = readable(await collectStoredFile(path));
    const other = found.get(document.kind);
    if (other !== undefined) throw twoDocuments(document.kind, other.artefact.name, document.artefact.name);
    found.set(document.kind, document);
  }
  const gaps: (() => readonly Gap[])[] = [];
  const missing = (kind: DocumentKind): QuestionError => missingDocument(kind, [...found.values()]);
  // The order in which files are given changes nothing.
  const first = found.get('config-dump') ?? found.get('clusters');
  const proxy = proxyOf(first?.artefact.name ?? '', (kind) => found.get(kind), missing, null, gaps);
  return proxiesOf([proxy], false, null, gaps);
}

/** The proxies of a snapshot that are meant. */
export function openSnapshot(source: ArtefactSource, selection: ProxySelection): Proxies {
  const views = once(() => clusterViews(source));
  return openSource(source, selection, podsWithProxy(source.names()), views, new DocumentReader());
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

type Readable = Exclude<ProxyDocument, { kind: 'unreadable' }> & { readonly artefact: Artefact };

function readable(artefact: Artefact): Readable {
  const document = readProxyDocument(artefact);
  if (document.kind === 'unreadable') throw unreadableDocument(document.gap);
  return { ...document, artefact };
}

function proxiesOf(
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

function proxyOf(
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
