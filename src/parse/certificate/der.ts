/** One element of a DER encoding (ITU-T X.690). */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
}

const LONG_FORM = 0x80;
const HIGH_TAG = 0x1f;
/** No certificate has an element whose length needs more bytes. */
const LENGTH_BYTES = 4;

/**
 * The elements that stand one after the other in the bytes.
 * @returns undefined when the bytes are no DER
 */
export function readDer(bytes: Buffer): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const length = bytes[at + 1];
    if (length === undefined || (tag & HIGH_TAG) === HIGH_TAG) return undefined;
    const more = length < LONG_FORM ? 0 : length - LONG_FORM;
    const start = at + 2 + more;
    if (more > LENGTH_BYTES || start > bytes.length || length === LONG_FORM) return undefined;
    const size = more === 0 ? length : bytes.readUIntBE(at + 2, more);
    if (start + size > bytes.length) return undefined;
    elements.push({ tag, content: bytes.subarray(start, start + size) });
    at = start + size;
  }
  return elements;
}
