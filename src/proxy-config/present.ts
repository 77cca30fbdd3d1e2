/**
 * One kind of resource of one proxy or several as text. In: how each proxy's part is made, and a format. Out: tables, istioctl's
 * dumps, or documents of our own schema. What is not asked for is not made.
 */
import { meaningOf } from '../explain/proxy-config/semantic-diff.ts';
import type { Table } from '../explain/proxy-config/table.ts';
import type { DumpFormat, Messages } from '../render/istioctl/dump.ts';
import { tablePieces } from '../render/istioctl/table.ts';
import { documentPieces, renderJson, type DocumentLists } from '../render/json.ts';
import { piecesOf } from '../render/pieces.ts';
import type { Proxies, Proxy } from './proxies.ts';

export type ShowFormat = 'short' | 'wide' | DumpFormat | OwnFormat;
type OwnFormat = 'reach-json' | 'reach-yaml';

/** What is shown of one proxy, in each form. */
export interface Part {
  /** @param named with the kind before each name, as `all` shows it, where istioctl's `all` does */
  short(named?: boolean): Table;
  /** absent: nothing more is known than `short` shows. */
  wide?(): Table;
  messages(): Messages;
  /** Objects of our own schema. */
  items(): Iterable<object>;
  /** Members of messages and items that tell how busy a proxy is at the moment, which makes no two replicas differ. */
  readonly fleeting?: ReadonlySet<string>;
}

export interface Presentation {
  readonly format: ShowFormat;
  /** Only what is not the same in every proxy. */
  readonly odd: boolean;
}

/** What is printed. */
export interface Printed {
  /** What stands before the text, where both together are long: they may be longer than a string can be. */
  readonly pieces: Iterable<Buffer>;
  readonly text: string;
}

/** An answer of up to this length is printed when all of it was made. */
const HELD_BYTES = 128 * 1024 * 1024;

/** The version of docs/schema/proxy-config.schema.json. */
const SCHEMA_VERSION = '1.0';

/** @param kind what the items are: `clusters`, `routes` … */
export async function present(
  kind: string,
  proxies: Proxies,
  part: (proxy: Proxy) => Part,
  { format, odd }: Presentation,
): Promise<Printed> {
  const parts = proxies.list.map((proxy) => ({ proxy: proxy.name, part: part(proxy) }));
  if (format === 'json' || format === 'yaml') {
    // Loaded here: it knows all messages of Envoy.
    const { messagePieces } = await import('../render/istioctl/dump.ts');
    const dumps = parts.map((one) => ({ ...one, messages: one.part.messages() }));
    return printed(messagePieces(odd ? oddMessages(dumps) : dumps, proxies.several, format), proxies);
  }
  if (format === 'short' || format === 'wide') {
    const tables = parts.map((one) => ({
      proxy: one.proxy,
      table: format === 'wide' ? (one.part.wide?.() ?? one.part.short()) : one.part.short(),
    }));
    return printed(tableTexts(tables, proxies.several, odd), proxies);
  }
  return await printedOwn(kind, [['items', odd ? oddItems(parts) : allItems(parts)]], proxies, format);
}

/** A document of our own schema with these lists. */
export async function printedOwn(
  kind: string,
  lists: DocumentLists,
  proxies: Proxies,
  format: OwnFormat,
): Promise<Printed> {
  const head = { schemaVersion: SCHEMA_VERSION, kind };
  if (format === 'reach-json') return printed(lines(documentPieces(head, lists)), proxies);
  // Loaded here: it costs more than an answer.
  const { yamlPieces } = await import('../render/yaml.ts');
  return printed(yamlPieces(head, lists), proxies);
}

function* lines(texts: Iterable<string>): Generator<string> {
  yield* texts;
  yield '\n';
}

export type NamedPart = { readonly proxy: string; readonly part: Part };

/** Objects of our own schema, each with its proxy. */
export function* allItems(parts: Iterable<NamedPart>): Generator<object> {
  for (const { proxy, part } of parts) for (const item of part.items()) yield { proxy, ...item };
}

/** Of these objects those that not every proxy has. */
export function oddItems(parts: readonly NamedPart[]): readonly object[] {
  const items = parts.map(({ part }) => [...part.items()]);
  const isOdd = oddOnes(parts.map(({ part }, at) => (items[at] ?? []).map((item) => steadyMeaning(part, item))));
  return parts.flatMap(({ proxy }, at) =>
    (items[at] ?? []).filter((_, index) => isOdd(at, index)).map((item) => ({ proxy, ...item })),
  );
}

/**
 * Texts one after the other. As many bytes as HELD_BYTES are made at once, so that a fault in what was read is found before anything is
 * printed; what follows is made as it is printed, where nothing more has to be asked for it.
 */
export function printed(texts: Iterable<string>, { complete }: Pick<Proxies, 'complete'>): Printed {
  const rest = piecesOf(texts);
  const held: Buffer[] = [];
  let bytes = 0;
  for (let next = rest.next(); ; next = rest.next()) {
    if (next.done === true) return { pieces: held, text: next.value };
    held.push(next.value);
    bytes += next.value.length;
    if (complete && bytes > HELD_BYTES) return { pieces: joinedPieces(held, rest), text: '' };
  }
}

function* joinedPieces(held: readonly Buffer[], rest: Generator<Buffer, string>): Generator<Buffer> {
  yield* held;
  yield Buffer.from(yield* rest);
}

function nothingOdd(proxies: number): string {
  return proxies === 1 ? 'There is one proxy, with which no other is compared.\n' : `All ${proxies} proxies agree.\n`;
}

/** A document of our own schema. */
export async function renderOwn(document: object, format: OwnFormat): Promise<string> {
  if (format === 'reach-json') return `${renderJson(document)}\n`;
  // Loaded here: it costs more than an answer.
  const { renderYaml } = await import('../render/yaml.ts');
  return renderYaml(document);
}

/** The rows of the tables of proxies, as one table; of what is odd alone, a sentence where nothing is. */
export function* tableTexts(
  tables: readonly { readonly proxy: string; readonly table: Table }[],
  several: boolean,
  odd: boolean,
): Generator<string> {
  const table = joined(tables, several, odd);
  if (odd && table.rows.length === 0) yield nothingOdd(tables.length);
  else yield* tablePieces(table);
}

/** The rows of all tables, with a column that says whose they are where several proxies were asked for. */
function joined(
  tables: readonly { readonly proxy: string; readonly table: Table }[],
  several: boolean,
  odd: boolean,
): Table {
  const [first] = tables;
  if (first !== undefined && !several && !odd) return first.table;
  const columns = first?.table.columns ?? null;
  const padding = first?.table.padding ?? 1;
  const identities = (table: Table): readonly string[] =>
    table.identities?.() ?? table.rows.map((cells) => JSON.stringify(cells));
  const isOdd = odd ? oddOnes(tables.map(({ table }) => identities(table))) : null;
  // Tables of one kind may differ in their last columns, as those of secrets do.
  const widest = Math.max(columns?.length ?? 0, ...tables.map(({ table }) => table.columns?.length ?? 0));
  const heading = tables.find(({ table }) => table.columns?.length === widest)?.table.columns ?? columns;
  const rows = tables.flatMap(({ proxy, table }, at) =>
    table.rows
      .filter((_, index) => isOdd?.(at, index) ?? true)
      .map((cells) => {
        const filled = heading === null ? cells : [...cells, ...Array<string>(heading.length - cells.length).fill('')];
        return several ? [proxy, ...filled] : filled;
      }),
  );
  return { columns: several && heading !== null ? ['PROXY', ...heading] : heading, rows, padding };
}

/** Which entries are not in every list, each as often as it stands in it. */
function oddOnes(lists: readonly (readonly string[])[]): (list: number, index: number) => boolean {
  const odd = oddTexts(lists);
  return (list, index) => odd.has(lists[list]?.[index] ?? '');
}

/** Texts that do not stand in every list, or not equally often. */
export function oddTexts(lists: readonly (readonly string[])[]): ReadonlySet<string> {
  const counts = lists.map((list) => {
    const count = new Map<string, number>();
    for (const one of list) count.set(one, (count.get(one) ?? 0) + 1);
    return count;
  });
  const isOdd = (text: string): boolean => new Set(counts.map((count) => count.get(text) ?? 0)).size > 1;
  return new Set(lists.flat().filter(isOdd));
}

type Dump = { readonly proxy: string; readonly messages: Messages };

function oddMessages(dumps: readonly (Dump & { readonly part: Part })[]): readonly Dump[] {
  const isOdd = oddOnes(dumps.map(({ messages, part }) => messages.values.map((value) => steadyMeaning(part, value))));
  return dumps.map(({ proxy, messages }, at) => ({
    proxy,
    messages: { ...messages, values: messages.values.filter((_, index) => isOdd(at, index)) },
  }));
}

function steadyMeaning({ fleeting }: Part, value: unknown): string {
  return meaningOf(fleeting === undefined ? value : withoutMembers(value, fleeting));
}

/** A value without the members of these names, at any depth. */
export function withoutMembers(value: unknown, names: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutMembers(one, names));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !names.has(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutMembers(member, names)]));
}

/** Whether it is printed as istioctl prints it. */
export function isIstioctls({ format }: Pick<Presentation, 'format'>): boolean {
  return format === 'short' || format === 'json' || format === 'yaml';
}
