import type { Artefact, Gap, ListPart } from '../../../model/artefact.ts';
import { covers, selectionText, type Selection } from '../../../model/selection.ts';
import type { Connection } from '../connection.ts';
import { interrupted, RequestRefused } from '../refusal.ts';
import { listPath, type ServedKind } from './kinds.ts';
import { joinItems, readListPage, type ListedItem, type ListPage } from './list-page.ts';

/** Objects on one page. */
const PAGE = 500;
/** Objects on one page of a kind that is needed whole; of one that has more than so many further ones, parts are asked for. */
const WHOLE_PAGE = 30_000;
/** Objects on one page of a List that is saved whole, however long: what arrives within the time of a request. */
const SAVED_PAGE = 2000;
/** Times that a list is begun again when its pages expire. */
const RESTARTS = 2;
/** Pages of one selection. */
const SELECTION_PAGES = 20;
/** Objects of one namespace that are asked for by name one by one; more are asked for together. */
const BY_NAME = 3;

const TEMPLATE = { verb: 'list' } as const;

/**
 * What is known of all objects of one kind: the whole List, or of one that is too long or not permitted the parts that were asked
 * for. It keeps the bytes of each object as the API server sent them.
 */
export class ObjectList {
  readonly name: string;
  readonly #connection: Connection;
  readonly #kind: ServedKind;
  #whole: Buffer | undefined;
  #state: 'unasked' | 'whole' | 'large' | 'forbidden' | 'refused' = 'unasked';
  #capturedAt: string | null = null;
  /** Whether it has more objects than a page of one of which parts are asked for. */
  #isLong = false;
  readonly #items = new Map<string, Buffer>();
  readonly #held: Selection[] = [];
  readonly #asked: Selection[] = [];
  readonly #wishes = new Map<string, Selection>();
  readonly #gaps: Gap[] = [];
  #artefact: Artefact | undefined;

  constructor(name: string, kind: ServedKind, connection: Connection) {
    this.name = name;
    this.#kind = kind;
    this.#connection = connection;
  }

  get kind(): ServedKind {
    return this.#kind;
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** Whether the List was asked for and nothing of it can be had. */
  get asked(): boolean {
    return this.#state !== 'unasked';
  }

  /** Not all of it may be listed; parts of it may. */
  get isForbidden(): boolean {
    return this.#state === 'forbidden';
  }

  /** More than a page of objects. */
  get isLarge(): boolean {
    return this.#state === 'large' || this.#isLong;
  }

  /** What is known now; undefined when nothing is. */
  artefact(): Artefact | undefined {
    if (this.#state === 'unasked' || this.#state === 'refused') return undefined;
    this.#artefact ??= this.#build();
    return this.#artefact;
  }

  /** What somebody wanted to know of it since the last time. */
  takeWishes(): readonly Selection[] {
    const wishes = [...this.#wishes.values()];
    this.#wishes.clear();
    return wishes.filter((wish) => !this.#asked.some((one) => covers(one, wish)));
  }

  /**
   * Lists all objects, or finds that there are too many, or that it is not permitted.
   * @param saves whether all of them are wanted, however many there are
   */
  async fetch(signal: AbortSignal, saves = false): Promise<void> {
    if (this.#state !== 'unasked') return;
    this.#state = 'refused';
    try {
      await this.#fetchWhole(signal, saves);
    } catch (error) {
      const refusal = refusalOf(error);
      this.#gaps.push(refusal.gap(this.name));
      if (refusal.kind === 'forbidden' && this.#kind.namespaced) this.#state = 'forbidden';
    }
  }

  /** Takes the List for one of which only parts are asked for, without asking. */
  assumeLarge(): void {
    if (this.#state === 'unasked') this.#state = 'large';
  }

  /** Fetches parts; what one part covers is not fetched for another. */
  async fetchParts(wishes: readonly Selection[], signal: AbortSignal): Promise<void> {
    const wanted = this.#state === 'forbidden' ? wishes.flatMap(ofNamespace) : together(wishes);
    for (const selection of wanted.filter(
      (one, at) => !wanted.some((other, b) => b !== at && covers(other, one) && (b < at || !covers(one, other))),
    )) {
      if (this.#asked.some((one) => covers(one, selection))) continue;
      this.#asked.push(selection);
      await this.#fetchPart(selection, signal);
    }
  }

  /** Keeps of the objects of a namespace those that `keep` names; nothing else of them is held. */
  async fetchSome(
    selection: Selection,
    keep: (item: ListedItem) => boolean,
    held: readonly Selection[],
    signal: AbortSignal,
  ) {
    this.#state = 'large';
    this.#asked.push({});
    try {
      const items = await this.#pages(selection, signal);
      for (const item of items ?? []) if (keep(item)) this.#items.set(item.key, item.bytes);
      this.#held.push(...held);
    } catch (error) {
      this.#gaps.push(refusalOf(error).gap(this.name));
    }
  }

  async #fetchWhole(signal: AbortSignal, saves: boolean): Promise<void> {
    const { extent } = this.#kind;
    for (let restart = 0; ; restart++) {
      try {
        const first = await this.#list({}, { limit: extent === 'whole' && !saves ? WHOLE_PAGE : PAGE }, signal);
        this.#isLong = first.continue !== null || first.items().length > PAGE;
        if (first.continue === null) {
          this.#whole = first.bytes;
          this.#state = 'whole';
          return;
        }
        if (!saves && (extent !== 'whole' || (first.remaining ?? 0) > WHOLE_PAGE)) {
          this.#state = 'large';
          return;
        }
        const items = [...first.items()];
        for (let page = first; page.continue !== null;) {
          page = await this.#list({}, { limit: saves ? SAVED_PAGE : WHOLE_PAGE, continue: page.continue }, signal);
          items.push(...page.items());
        }
        this.#whole = joinItems(
          first,
          items.map((item) => item.bytes),
        );
        this.#state = 'whole';
        return;
      } catch (error) {
        if (!(error instanceof RequestRefused) || error.kind !== 'gone' || restart >= RESTARTS) throw error;
      }
    }
  }

  async #fetchPart(selection: Selection, signal: AbortSignal): Promise<void> {
    try {
      const items = await this.#pages(selection, signal);
      if (items === undefined) {
        const problem = `more than ${SELECTION_PAGES * PAGE} ${this.#kind.plural} ${selectionText(selection)}, which are not all read`;
        this.#gaps.push({
          kind: 'too-large',
          artefact: this.name,
          problem,
          remedy: 'ask about one pod in place of a workload',
        });
        return;
      }
      for (const item of items) this.#items.set(item.key, item.bytes);
      this.#held.push(selection);
      this.#artefact = undefined;
    } catch (error) {
      this.#gaps.push(refusalOf(error).gap(this.name));
    }
  }

  /** All objects that a selection picks; undefined when they are too many. */
  async #pages(selection: Selection, signal: AbortSignal): Promise<readonly ListedItem[] | undefined> {
    const items: ListedItem[] = [];
    let next: string | null = null;
    for (let pages = 0; pages < SELECTION_PAGES; pages++) {
      const page: ListPage = await this.#list(selection, { ...extentOf(selection), continue: next }, signal);
      items.push(...page.items());
      next = page.continue;
      if (next === null) return items;
    }
    return undefined;
  }

  async #list(
    { namespace = null, labels = null, fields = null }: { [K in keyof Selection]?: string | null },
    query: Readonly<Record<string, string | number | null>>,
    signal: AbortSignal,
  ): Promise<ListPage> {
    const { group, plural, namespaced } = this.#kind;
    const { bytes, receivedAt } = await this.#connection.request(listPath(this.#kind, namespace), {
      query: { labelSelector: labels, fieldSelector: fields, ...query },
      permission: { ...TEMPLATE, group, resource: plural, namespace, namespaced },
      signal,
    });
    const page = readListPage(bytes, this.kind.kind);
    if (page === undefined) {
      throw new RequestRefused(
        'not-kubernetes',
        `the answer to a list of ${plural} is no List of them`,
        'run it again; check what stands between here and the API server',
      );
    }
    this.#capturedAt ??= receivedAt;
    return page;
  }

  #build(): Artefact {
    const base = { name: this.name, capturedAt: this.#capturedAt };
    if (this.#whole !== undefined) return { ...base, bytes: this.#whole };
    const { kind, version, group } = this.#kind;
    const head = {
      kind: `${kind}List`,
      apiVersion: group === '' ? version : `${group}/${version}`,
      resourceVersion: '',
    };
    const sorted = [...this.#items].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes);
    return { ...base, bytes: joinItems(head, sorted), part: this.#part() };
  }

  #part(): ListPart {
    return {
      selections: this.#held,
      holds: (selection) => {
        if (this.#held.some((held) => covers(held, selection))) return true;
        this.#wishes.set(JSON.stringify(selection), selection);
        return false;
      },
    };
  }
}

/**
 * A selection over all namespaces makes the API server look through every object of the kind: in its own cache (resourceVersion 0,
 * which may lag behind by moments and knows no pages), since out of etcd that takes it minutes in a large cluster.
 */
function extentOf({ namespace }: Selection): { readonly limit: number } | { readonly resourceVersion: string } {
  return namespace === undefined ? { resourceVersion: '0' } : { limit: PAGE };
}

/** Whoever may not list in all namespaces may in one; what lies in no namespace in particular is out of reach. */
function ofNamespace({ namespace }: Selection): Selection[] {
  return namespace === undefined ? [] : [{ namespace }];
}

/** Many objects of one namespace are asked for by the namespace. */
function together(wishes: readonly Selection[]): readonly Selection[] {
  const named = wishes.filter(
    (wish) => wish.namespace !== undefined && wish.fields?.startsWith('metadata.name=') === true,
  );
  const count = new Map<string, number>();
  for (const { namespace = '' } of named) count.set(namespace, (count.get(namespace) ?? 0) + 1);
  return wishes.map((wish) =>
    named.includes(wish) && (count.get(wish.namespace ?? '') ?? 0) > BY_NAME
      ? { namespace: wish.namespace ?? '' }
      : wish,
  );
}

function refusalOf(error: unknown): RequestRefused {
  if (error instanceof RequestRefused) return error;
  if (error instanceof Error && error.name === 'AbortError') return interrupted();
  throw error;
}
