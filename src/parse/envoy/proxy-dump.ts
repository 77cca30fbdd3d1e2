import type { Artefact, Gap, StoredBytes } from '../../model/artefact.ts';
import type { ElementWish, ProxyClusterStatuses, ProxyDump, ProxyDumpSection } from '../../model/proxy-dump.ts';
import { mappedElements, type WalkedJson } from '../../model/walked-json.ts';
import { printedPart, readJson } from '../json-index/json-document.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { BatchReader } from '../json-index/passing-values.ts';
import { adminMember, CLUSTERS, CONFIG_DUMP, explainText, isEmptyAnswer } from './admin-document.ts';
import {
  holdsOthers,
  printedSections,
  storedInMemory,
  type PrintedSection,
  type PrintedSections,
} from './printed-sections.ts';
import { printedStatuses, statusValues, type PrintedStatuses } from './printed-statuses.ts';
import { protoMember } from './resource.ts';

/** What a file of a proxy is. */
export type ProxyDocument =
  | { readonly kind: 'config-dump'; readonly dump: ProxyDump }
  /** `empty`: it is an empty object, for the proxy has no clusters. */
  | { readonly kind: 'clusters'; readonly clusters: ProxyClusterStatuses; readonly empty: boolean }
  /** It is neither, or it is not whole. */
  | { readonly kind: 'unreadable'; readonly gap: Gap };

const SECTION = /^type\.googleapis\.com\/envoy\.admin\.v3\.([A-Za-z]+ConfigDump)$/;
/** From here on an index of the bytes pays: a table needs one or two of the sections. */
const INDEX_BYTES = 2 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;

/**
 * Recognises /config_dump and /clusters?format=json by what they hold. A document that is cut off or has other text in it is
 * refused: a table of half a proxy looks like a whole one. Of a large document only what is asked for is parsed.
 */
export function readProxyDocument(artefact: Artefact, parseWholeBytes = INDEX_BYTES): ProxyDocument {
  const stored = artefact.stored ?? storedInMemory(artefact.bytes);
  const printed = stored.length > parseWholeBytes ? printedSections(stored) : null;
  if (printed !== null) return { kind: 'config-dump', dump: printedDump(artefact, stored, printed) };
  const statuses = stored.length > parseWholeBytes ? printedStatuses(stored) : null;
  if (statuses !== null) {
    return { kind: 'clusters', clusters: printedClusters(artefact, stored, statuses), empty: false };
  }
  const { root, gaps } = readJson(artefact, parseWholeBytes, 'layout');
  const [gap] = gaps.map(explainText);
  if (gap !== undefined) return { kind: 'unreadable', gap };
  const reader = new ElementReader(artefact.name);
  if (isEmptyAnswer(root, CLUSTERS)) {
    return { kind: 'clusters', clusters: clusterStatuses(artefact, undefined, reader), empty: true };
  }
  const member = adminMember(artefact, root, CLUSTERS);
  if (!('problem' in member)) {
    return { kind: 'clusters', clusters: clusterStatuses(artefact, member, reader), empty: false };
  }
  const configs = adminMember(artefact, root, CONFIG_DUMP);
  if ('problem' in configs) return { kind: 'unreadable', gap: configs };
  const typed = configs.elements().flatMap((node) => typedSection(node, reader));
  const ofType = (type: string): ProxyDumpSection[] =>
    typed.filter((one) => one.type === type).map((one) => one.section);
  const sections: TypedSections = { last: (type) => ofType(type).at(-1), all: ofType };
  const document = (): WalkedJson => walkedDocument(root, configs, reader);
  return { kind: 'config-dump', dump: configDump(artefact, sections, document, reader) };
}

function printedDump(artefact: Artefact, stored: StoredBytes, printed: PrintedSections): ProxyDump {
  const reader = new ElementReader(artefact.name);
  // The one that was read last alone is held: all of them are the whole file.
  let held: { readonly section: PrintedSection; readonly node: JsonNode } | undefined;
  const read = (section: PrintedSection): JsonNode => {
    if (held?.section === section) return held.node;
    held = undefined;
    const pointer = (): string => `/configs/${printed.all().indexOf(section)}`;
    const node = printedPart(artefact.name, stored.slice(section.start, section.end), pointer);
    held = { section, node };
    return node;
  };
  const known = new Map<PrintedSection, ProxyDumpSection>();
  const dumped = (section: PrintedSection): ProxyDumpSection => {
    const found = known.get(section) ?? dumpSection(() => read(section), reader);
    known.set(section, found);
    return found;
  };
  const sections: TypedSections = {
    last: (type) => {
      const section = printed.last(type);
      return section === undefined ? undefined : dumped(section);
    },
    all: (type) => printed.all().flatMap((section) => (section.type === type ? [dumped(section)] : [])),
  };
  const parts = {
    *[Symbol.iterator]() {
      for (const section of printed.all()) yield read(section);
    },
  };
  const document = (): WalkedJson => {
    if (!holdsOthers(stored, printed.all())) return { members: [['configs', walkedParts(parts, reader)]] };
    const { root, gaps } = readJson(artefact, 0, 'layout');
    reader.gaps.push(...gaps.map(explainText));
    return walkedDocument(root, root?.member('configs') ?? null, reader);
  };
  return configDump(artefact, sections, document, reader);
}

function walkedDocument(root: JsonNode | null, configs: JsonNode | null, reader: ElementReader): WalkedJson {
  const members = (root?.keys() ?? []).flatMap((key) => {
    const node = root?.member(key);
    if (node === undefined) return [];
    const isConfigs = node.pointer === configs?.pointer;
    return [[key, isConfigs ? walkedParts(node.elements(), reader) : { value: reader.value(node) }] as const];
  });
  return { members };
}

function walkedParts(parts: Iterable<JsonNode>, reader: ElementReader): WalkedJson {
  return mappedElements(parts, (part) => [
    part.kind === 'object' ? { members: walkedMembers(part, reader) } : { value: reader.value(part) },
  ]);
}

function walkedMembers(part: JsonNode, reader: ElementReader): (readonly [string, WalkedJson])[] {
  return part.keys().flatMap((key): (readonly [string, WalkedJson])[] => {
    const member = part.member(key);
    if (member === undefined) return [];
    if (member.kind !== 'array') return [[key, { value: reader.value(member) }]];
    const elements = { [Symbol.iterator]: () => reader.passing(member)[Symbol.iterator]() };
    return [[key, mappedElements(elements, (value) => [{ value }])]];
  });
}

/** Sections by their types. */
interface TypedSections {
  readonly last: ProxyDump['section'];
  readonly all: ProxyDump['sections'];
}

interface TypedSection {
  readonly type: string;
  readonly section: ProxyDumpSection;
}

function typedSection(node: JsonNode, reader: ElementReader): TypedSection[] {
  const type = SECTION.exec(node.member('@type')?.text() ?? '')?.[1];
  return type === undefined ? [] : [{ type, section: dumpSection(() => node, reader) }];
}

function configDump(
  artefact: Artefact,
  sections: TypedSections,
  document: () => WalkedJson,
  reader: ElementReader,
): ProxyDump {
  return {
    artefact: artefact.name,
    section: sections.last,
    sections: sections.all,
    pieces: () => piecesOf(artefact.stored ?? storedInMemory(artefact.bytes)),
    document,
    gaps: () => reader.gaps,
  };
}

function* piecesOf(stored: StoredBytes): Generator<Buffer> {
  for (let at = 0; at < stored.length; at += PIECE_BYTES)
    yield stored.slice(at, Math.min(stored.length, at + PIECE_BYTES));
}

function dumpSection(read: () => JsonNode, reader: ElementReader): ProxyDumpSection {
  const whole = new Map<string, readonly unknown[]>();
  return {
    get value() {
      return reader.value(read());
    },
    elements: (field, wish) => {
      const found = whole.get(field) ?? [...reader.passing(protoMember(read(), field), wish)];
      if (wish === undefined) whole.set(field, found);
      return found;
    },
    passingElements: (field, wish) => reader.passing(protoMember(read(), field), wish),
  };
}

function clusterStatuses(
  artefact: Artefact,
  member: JsonNode | undefined,
  reader: ElementReader,
): ProxyClusterStatuses {
  return {
    artefact: artefact.name,
    statuses: (wish) => reader.passing(member, wish),
    gaps: () => reader.gaps,
  };
}

/** Of the bytes only a window at a time is in memory, as long as they are printed as Envoy prints them. */
function printedClusters(artefact: Artefact, stored: StoredBytes, place: PrintedStatuses): ProxyClusterStatuses {
  const reader = new ElementReader(artefact.name);
  const member = (): JsonNode | undefined => {
    const { root, gaps } = readJson(artefact, 0, 'layout');
    reader.gaps.push(...gaps.map(explainText));
    const found = adminMember(artefact, root, CLUSTERS);
    return 'problem' in found ? undefined : found;
  };
  return {
    artefact: artefact.name,
    statuses: (wish = {}) => {
      const batches = new BatchReader(wish.without ?? []);
      return statusValues(stored, place, searchedFor(wish), batches, () => reader.passing(member(), wish));
    },
    gaps: () => reader.gaps,
  };
}

/** Parses values when they are asked for, and notes those that are no JSON. */
class ElementReader {
  readonly gaps: Gap[] = [];
  readonly #artefact: string;

  constructor(artefact: string) {
    this.#artefact = artefact;
  }

  passing(list: JsonNode | undefined, wish: ElementWish = {}): Iterable<unknown> {
    if (list === undefined) return [];
    const { without = [] } = wish;
    const broken = (pointer: string): void => this.#noteGap(pointer);
    return list.passingElements({ holding: searchedFor(wish), without, broken });
  }

  value(node: JsonNode): unknown {
    const { value } = node.cursor();
    if (value === undefined) this.#noteGap(node.pointer);
    return value;
  }

  #noteGap(pointer: string): void {
    this.gaps.push({ kind: 'unreadable', artefact: this.#artefact, pointer, problem: 'this value is no JSON' });
  }
}

/** What may be searched for among the bytes. */
function searchedFor({ holding = null }: ElementWish): string | null {
  return holding !== null && isPlain(holding) ? holding : null;
}

/** Whether JSON can write the text, quoted or not, in one way only, so that it may be searched for among the bytes. */
function isPlain(text: string): boolean {
  return /^"?[A-Za-z0-9_.*:|-]+"?$/.test(text);
}
