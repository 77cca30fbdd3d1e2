import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import { Cursor } from '../../model/json.ts';
import { compareText } from '../../model/order.ts';
import type { Selection } from '../../model/selection.ts';
import { exceedsValueLimit } from '../json-index/value-limit.ts';
import { indexList, type IndexedList } from './indexed-list.ts';
import { holdsObjects, parseDocument, type Document } from './object-list.ts';

/** Lists of one plural, or who reads them: then they are read when somebody first asks for the kind. */
export type Lists = readonly Artefact[] | (() => readonly Artefact[]);

export type Parse<T> = (artefact: Artefact, document: Document) => Parsed<readonly T[]>;

/** The Lists of a cluster, each opened once. */
export interface OpenLists {
  readonly read: <T>(plural: string, parse: Parse<T>) => readonly T[];
  /**
   * Objects in whose text a name or address stands, and perhaps others.
   * @returns undefined when all objects have to be read to know them
   */
  readonly having: <T>(plural: string, parse: Parse<T>, text: string, key?: 'name') => readonly T[] | undefined;
  readonly captured: (plural: string) => boolean;
  readonly holds: (plural: string, selection: Selection) => boolean;
  /** Of what was read so far. */
  readonly gaps: () => readonly Gap[];
}

/** A List that is parsed, or a large one of which single items can be. */
interface Opened {
  readonly artefact: Artefact;
  readonly document: Document;
  readonly list?: IndexedList;
}

/** Opens each List when somebody first asks for it. @param artefacts by plural */
export function openLists(artefacts: ReadonlyMap<string, Lists>): OpenLists {
  const known = new Map<Artefact, Opened>();
  const gaps = new Map<string, readonly Gap[]>();
  const captured = new Map<string, boolean>();
  const sorted = new Map<string, readonly Artefact[]>();
  const open = (plural: string): readonly Opened[] => {
    const own =
      sorted.get(plural) ?? artefactsOf(artefacts.get(plural) ?? []).toSorted((a, b) => compareText(a.name, b.name));
    sorted.set(plural, own);
    return own.map((artefact) => {
      const opened = known.get(artefact) ?? openList(artefact);
      known.set(artefact, opened);
      return opened;
    });
  };
  const judged = new WeakMap<Document, boolean>();
  const isList = (document: Document): boolean => {
    const is = judged.get(document) ?? holdsObjects(document);
    judged.set(document, is);
    return is;
  };
  /** What an indexed List turns out to be whose items are no JSON: something that has to be read whole to say where it breaks. */
  const whole = ({ artefact }: Opened): Document => {
    const document = parseDocument(artefact);
    known.set(artefact, { artefact, document });
    return document;
  };
  const note = (plural: string, artefact: Artefact, found: readonly Gap[]): void => {
    const key = `${plural} ${artefact.name}`;
    gaps.set(key, found);
  };
  return {
    read: (plural, parse) =>
      open(plural).flatMap((opened) => {
        const { artefact, document, list } = opened;
        const single = list === undefined || exceedsValueLimit(artefact.bytes) ? undefined : list;
        const parsed =
          (single === undefined ? undefined : parseItems(opened, plural, parse, single)) ??
          parse(artefact, list === undefined ? document : whole(opened));
        note(plural, artefact, parsed.gaps);
        return parsed.value;
      }),
    having: (plural, parse, text, key) => {
      const [opened, second] = open(plural);
      const indexes = second === undefined ? opened?.list?.having(text, key) : undefined;
      if (opened?.list === undefined || indexes === undefined) return undefined;
      const { artefact, list } = opened;
      const parsed = parseItems(opened, plural, parse, list, indexes);
      if (parsed === undefined) {
        whole(opened);
        return undefined;
      }
      const before = gaps.get(`${plural} ${artefact.name}`) ?? [];
      const met = new Set(before.map(gapKey));
      note(plural, artefact, [...before, ...parsed.gaps.filter((gap) => !met.has(gapKey(gap)))]);
      return parsed.value;
    },
    captured: (plural) => {
      const all =
        captured.get(plural) ??
        open(plural).some(({ artefact, document }) => artefact.part === undefined && isList(document));
      captured.set(plural, all);
      return all;
    },
    holds: (plural, selection) =>
      open(plural).some(
        ({ artefact: { part }, document }) => (part === undefined || part.holds(selection)) && isList(document),
      ),
    // a List of many kinds that cannot be read is one gap, however many kinds were asked for
    gaps: () => [...new Set([...gaps.keys()].toSorted(compareText).flatMap((key) => gaps.get(key) ?? []))],
  };
}

function openList(source: Artefact): Opened {
  const artefact = { ...source };
  const indexed = indexList(artefact);
  if (indexed === undefined) return { artefact, document: parseDocument(artefact) };
  const { envelope, list } = indexed;
  return {
    artefact,
    document: { artefact: artefact.name, root: new Cursor(artefact.name, '', envelope), gaps: [] },
    list,
  };
}

/** Kinds of which a cluster has many, and of whose objects facts tell all that is asked of them again and again. */
const FLEETING: ReadonlySet<string> = new Set(['services', 'endpointslices', 'pods']);

/** @returns undefined when the text of one is no JSON */
function parseItems<T>(
  { artefact, document }: Opened,
  plural: string,
  parse: Parse<T>,
  list: IndexedList,
  indexes: readonly number[] = Array.from({ length: list.size }, (_, index) => index),
): Parsed<readonly T[]> | undefined {
  try {
    return parse(artefact, { ...document, items: indexes.map((index) => list.item(index, !FLEETING.has(plural))) });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function gapKey({ pointer, problem }: Gap): string {
  return `${pointer ?? ''} ${problem}`;
}

function artefactsOf(lists: Lists): readonly Artefact[] {
  return typeof lists === 'function' ? lists() : lists;
}
