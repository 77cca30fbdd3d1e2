import { Cursor } from '../../../model/json.ts';

/** One object of a List, as its bytes. */
export interface ListedItem {
  /** `namespace/name`, `/name`; of what has no name its own text */
  readonly key: string;
  readonly bytes: Buffer;
}

/** One answer to a list request, taken apart. */
export interface ListPage {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  /** For the next page; null: this is the last. */
  readonly continue: string | null;
  /** How many objects the pages behind this one hold; null: the server does not say (selectors). */
  readonly remaining: number | null;
  readonly bytes: Buffer;
  items(): readonly ListedItem[];
}

const [QUOTE, BACKSLASH = 0, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA] = Buffer.from('"\\{}[],');
const SPACES: ReadonlySet<number | undefined> = new Set(Buffer.from(' \t\r\n'));

/**
 * Reads an answer to a list request.
 * @param itemKind of the objects that were asked for: `Service`; an empty List of another kind must not pass for "there is none"
 * @returns undefined when it is no List of it
 */
export function readListPage(bytes: Buffer, itemKind: string): ListPage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const root = new Cursor('', '', value);
  const kind = root.at('kind').string() ?? '';
  const items = root.at('items');
  if (kind !== `${itemKind}List` || (items.exists && !Array.isArray(items.value))) return undefined;
  const metadata = root.at('metadata');
  return {
    kind,
    apiVersion: root.at('apiVersion').string() ?? '',
    resourceVersion: metadata.at('resourceVersion').string() ?? '',
    continue: metadata.at('continue').string() || null,
    remaining: metadata.at('remainingItemCount').number() ?? null,
    bytes,
    items: () => {
      const spans = itemSpans(bytes);
      return items.items().flatMap((item, index): ListedItem[] => {
        const span = spans[index];
        if (span === undefined) return [];
        const own = bytes.subarray(span[0], span[1]);
        const name = item.at('metadata', 'name').string();
        const namespace = item.at('metadata', 'namespace').string() ?? '';
        // What has no name is kept as well: whoever reads the List says what is wrong with it.
        return [{ key: name === undefined ? own.toString('latin1') : `${namespace}/${name}`, bytes: own }];
      });
    },
  };
}

/** A List of these items, byte for byte as they came. */
export function joinItems(
  page: Pick<ListPage, 'kind' | 'apiVersion' | 'resourceVersion'>,
  items: readonly Buffer[],
): Buffer {
  const metadata = page.resourceVersion === '' ? {} : { resourceVersion: page.resourceVersion };
  const head = JSON.stringify({ kind: page.kind, apiVersion: page.apiVersion, metadata }).slice(0, -1);
  const comma = Buffer.from(',');
  const parts = items.flatMap((item, index) => (index === 0 ? [item] : [comma, item]));
  return Buffer.concat([Buffer.from(`${head},"items":[`), ...parts, Buffer.from(']}\n')]);
}

/** Where each element of the document's member `items` begins and ends. The document is known to be JSON. */
function itemSpans(bytes: Buffer): readonly (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = [];
  let depth = 0;
  let inItems = false;
  let start = -1;
  const close = (end: number): void => {
    if (start >= 0) spans.push([start, end]);
    start = -1;
  };
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    // An element begins with the first byte that is no space, and ends before a comma or the list's own bracket.
    const isElement = depth === (byte === OPEN_BRACE || byte === OPEN_BRACKET ? 3 : 2) && inItems;
    if (isElement && start < 0 && !SPACES.has(byte) && byte !== COMMA && byte !== CLOSE_BRACKET) start = at;
    if (byte === QUOTE) {
      const from = at;
      at = endOfString(bytes, at);
      // A member of the document itself. A value of that text does no harm: a comma follows it, and no bracket.
      if (depth === 1 && bytes.toString('latin1', from, at + 1) === '"items"') inItems = true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 2 && inItems) close(endBefore(bytes, at));
      depth -= 1;
    } else if (byte === COMMA && inItems) {
      if (depth === 2) close(endBefore(bytes, at));
      else if (depth === 1) inItems = false;
    }
  }
  return spans;
}

/** The end of what stands before a position, without spaces. */
function endBefore(bytes: Buffer, at: number): number {
  let end = at;
  while (SPACES.has(bytes[end - 1])) end -= 1;
  return end;
}

/** Position of the quote that ends the string which begins at `from`. */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0x22, from + 1); at >= 0; at = bytes.indexOf(0x22, at + 1)) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return bytes.length;
}
