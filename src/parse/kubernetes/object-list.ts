import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import { Cursor } from '../../model/json.ts';
import type { ObjectFact } from '../../model/kubernetes.ts';
import { exceedsValueLimit } from '../json-index/value-limit.ts';
import { GapList } from './gap-list.ts';
import { ItemReader } from './item-reader.ts';
import { readObject } from './object-metadata.ts';
import { compareText } from '../../model/order.ts';

/** Which objects a parser takes out of a List. */
export interface ObjectType {
  /** Kinds as the API names them; more than one for facts that several kinds share. */
  readonly kinds: readonly string[];
  /** API group, `''` for core. A List of the same plural in another group (Gateway API's gateways) is somebody else's. */
  readonly group: string;
}

/** An artefact as JSON; the same document may be asked for several kinds (`kubectl get svc,pods -o json`). */
export interface Document {
  readonly artefact: string;
  /** Undefined when there is nothing to read; `gaps` tells why. */
  readonly root: Cursor | undefined;
  /** The items to read, where they are not all that `root` holds. */
  readonly items?: readonly Cursor[];
  readonly gaps: readonly Gap[];
}

/**
 * Reads an artefact's text as JSON. An API error (`kind: Status`) that was saved in a List's place is a gap of its own kind.
 */
export function parseDocument(artefact: Artefact): Document {
  const fail = (kind: Gap['kind'], problem: string, raw?: string): Document => {
    const gaps = new GapList(artefact.name);
    gaps.add(kind, problem, '', raw);
    return { artefact: artefact.name, root: undefined, gaps: gaps.list() };
  };
  const { bytes } = artefact;
  if (exceedsValueLimit(bytes)) return fail('too-large', 'the document holds more values than are read');
  let text: string;
  try {
    text = bytes.toString('utf8');
  } catch {
    return fail('too-large', `${bytes.length} bytes are more than one text can hold`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return fail('unreadable', text.trim() === '' ? 'the file is empty' : 'the text is not JSON', text.slice(0, 300));
  }
  const root = new Cursor(artefact.name, '', value);
  if (root.at('kind').string() !== 'Status') return { artefact: artefact.name, root, gaps: [] };
  const reason = root.at('reason').string() ?? 'no reason';
  const message = root.at('message').string() ?? '';
  return fail(reason === 'Forbidden' ? 'forbidden' : 'missing', `the API server answered ${reason}: ${message}`);
}

/**
 * Reads the objects of a type out of a document: a List as the API server returns it (`ServiceList`, whose items carry no kind),
 * `kind: List` as kubectl makes it, a bare array, or a single object. Sorted by namespace and name (law 4).
 *
 * @param read gives undefined for an object without something that it cannot do without, having noted why
 */
export function readObjects<T extends ObjectFact>(
  document: Document,
  type: ObjectType,
  read: (item: ItemReader, base: ObjectFact) => T | undefined,
): Parsed<readonly T[]> {
  const { root } = document;
  if (root === undefined) return { value: [], gaps: document.gaps };
  const gaps = new GapList(document.artefact);
  const listed = listItems(root, document.items);
  if (listed === undefined) {
    gaps.add('unreadable', 'neither a List nor an object', root.pointer, root.value);
    return { value: [], gaps: gaps.list() };
  }
  const value: T[] = [];
  const others = new Set<string>();
  for (const cursor of listed.items) {
    const item = new ItemReader(cursor, gaps);
    if (!cursor.isObject()) {
      item.reject('is no object', []);
      continue;
    }
    const kind = item.string('kind') ?? listed.kind ?? type.kinds[0] ?? '';
    const apiVersion = item.string('apiVersion') ?? listed.apiVersion ?? '';
    if (!type.kinds.includes(kind) || (apiVersion !== '' && groupOf(apiVersion) !== type.group)) {
      others.add(`${apiVersion} ${kind}`.trim());
      continue;
    }
    const base = readObject(item, kind, apiVersion);
    const fact = base === undefined ? undefined : read(item, base);
    if (fact !== undefined) value.push(fact);
  }
  if (value.length === 0 && others.size > 0 && listed.kind === null) {
    gaps.add(
      'not-understood',
      `holds ${[...others].toSorted().join(', ')} and no ${type.kinds.join(', ')}`,
      root.pointer,
    );
  }
  return { value: value.toSorted(byNamespaceAndName), gaps: gaps.list() };
}

/** Whether a document is a List of objects with names, or such an object, so that what it does not hold is not there. */
export function holdsObjects({ root }: Document): boolean {
  const listed = root === undefined ? undefined : listItems(root);
  return listed !== undefined && listed.items.every((item) => item.at('metadata', 'name').string() !== undefined);
}

/** The API group of `networking.istio.io/v1`: `networking.istio.io`; of `v1`: `''`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** Order of objects that have none: by namespace, then name, by code unit (no locale). */
export function byNamespaceAndName(a: ObjectFact, b: ObjectFact): number {
  return compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || compareText(a.kind, b.kind);
}

interface ListedItems {
  readonly items: readonly Cursor[];
  /** Kind and version that the List gives to items without their own; null: none. */
  readonly kind: string | null;
  readonly apiVersion: string | null;
}

function listItems(root: Cursor, items?: readonly Cursor[]): ListedItems | undefined {
  if (Array.isArray(root.value)) return { items: root.items(), kind: null, apiVersion: null };
  if (!root.isObject()) return undefined;
  const kind = root.at('kind').string() ?? '';
  const list = root.at('items');
  if (!kind.endsWith('List') && !list.exists) return { items: [root], kind: null, apiVersion: null };
  if (list.exists && !Array.isArray(list.value)) return undefined;
  const typed = kind !== 'List' && kind.endsWith('List');
  return {
    items: items ?? list.items(),
    kind: typed ? kind.slice(0, -'List'.length) : null,
    apiVersion: typed ? (root.at('apiVersion').string() ?? null) : null,
  };
}
