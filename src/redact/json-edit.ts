import { skipSpace } from '../parse/json-index/byte-scan.ts';
import { NotJson, readLevel, readTree, type Child, type Node } from './json-tree.ts';

/** What becomes of a value: nothing (undefined), another text for a string, or another JSON text for anything. */
export type Change = { readonly text: string } | { readonly json: string } | undefined;

/**
 * What a room says of the values of a document, from the outermost inwards. `P` is what it knows of a place.
 * A value that `container` or `string` changes is not walked into.
 */
export interface Editor<P> {
  readonly root: P;
  /** The place of a child. @param parent the container, whose other members can be looked at */
  below(place: P, parent: Node, child: Child, index: number): P;
  /** @returns a change for the whole container */
  container(place: P, node: Node): Change;
  string(place: P, text: string): Change;
  /** @returns another text for the key; `place` is that of the container */
  key(place: P, key: string): string | undefined;
}

/** Up to this size a value is read whole; a larger one level by level. */
const TREE_BYTES = 2 * 1024 * 1024;
/** Levels that are read one by one; documents of clusters have up to eight of that size. */
const LARGE_LEVELS = 24;
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Changes single values of a JSON document and leaves every other byte as it stands: unknown fields, the text of numbers, white
 * space. Cost: one look at each byte for every level above TREE_BYTES and one below, the memory of the changed document.
 * @throws NotJson when the bytes are not one whole document
 */
export function editJson<P>(bytes: Buffer, editor: Editor<P>): Buffer {
  const start = skipSpace(bytes, bytes.subarray(0, 3).equals(UTF8_MARK) ? 3 : 0);
  const output = new Output(bytes.length);
  let copied = 0;
  const replace = (from: number, to: number, text: string): void => {
    output.add(bytes, copied, from);
    const inserted = Buffer.from(text);
    output.add(inserted, 0, inserted.length);
    copied = to;
  };

  const walk = (node: Node, place: P): void => {
    if (node.kind === 'scalar') return;
    const change = node.kind === 'string' ? editor.string(place, node.text) : editor.container(place, node);
    if (change !== undefined) {
      replace(node.start, node.end, 'json' in change ? change.json : JSON.stringify(change.text));
    } else if (node.kind === 'string') {
      // Bytes that are no UTF-8 could hide something from whoever looked at the text.
      if (node.text.includes('\ufffd')) replace(node.start, node.end, JSON.stringify(node.text));
    } else {
      for (const [index, child] of node.children.entries()) descend(node, child, index, place, walk);
    }
  };

  const descend = (
    parent: Node,
    child: Child,
    index: number,
    place: P,
    visit: (node: Node, place: P) => void,
  ): void => {
    if (parent.kind === 'object') {
      const key = editor.key(place, child.key);
      if (key !== undefined) replace(child.keyStart, child.keyEnd, JSON.stringify(key));
    }
    visit(child.node, editor.below(place, parent, child, index));
  };

  const walkLarge = (from: number, to: number, place: P, level: number): number => {
    if (to - from <= TREE_BYTES) {
      const node = readTree(bytes, from);
      walk(node, place);
      return node.end;
    }
    if (level > LARGE_LEVELS) throw new NotJson();
    const node = readLevel(bytes, from);
    const change = editor.container(place, node);
    if (change !== undefined)
      replace(node.start, node.end, 'json' in change ? change.json : JSON.stringify(change.text));
    else {
      for (const [index, child] of node.children.entries()) {
        descend(node, child, index, place, (inner, at) => {
          if (inner.kind === 'string' || inner.kind === 'scalar') walk(inner, at);
          else walkLarge(inner.start, inner.end, at, level + 1);
        });
      }
    }
    return node.end;
  };

  const first = bytes[start];
  if (first !== 0x7b && first !== 0x5b) throw new NotJson();
  const end = walkLarge(start, bytes.length, editor.root, 0);
  if (skipSpace(bytes, end) < bytes.length) throw new NotJson();
  if (copied === 0) return bytes;
  output.add(bytes, copied, bytes.length);
  return output.bytes();
}

/** Bytes that are put together from many small pieces. */
class Output {
  private buffer: Buffer;
  private length = 0;

  constructor(expected: number) {
    this.buffer = Buffer.allocUnsafe(expected + (expected >> 3) + 64);
  }

  add(from: Buffer, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(needed + (needed >> 1));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    from.copy(this.buffer, this.length, start, end);
    this.length = needed;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}
