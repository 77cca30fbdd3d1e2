/**
 * Finds the proxies that are asked about. In: where their answers are: files, pods of snapshots, an admin port. Out: each with its answers,
 * read when they are asked for.
 */
import { collectStoredFile } from '../collect/loose-file.ts';
import { missingDocument, twoDocuments, type DocumentKind } from '../explain/proxy-config/documents.ts';
import type { ProxySelection } from '../explain/proxy-config/target.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import type { Gap } from '../model/artefact.ts';
import { proxiesOf, proxyOf, readable, type Proxies, type Readable } from './proxies.ts';

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
  // Loaded here: files need nothing of what reads the objects of a cluster.
  const { openSnapshots } = await import('./snapshot-proxies.ts');
  return await openSnapshots(snapshots, selectionOf(input));
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
