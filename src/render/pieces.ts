/** From here on text is kept as bytes, of which each character of ASCII is one. */
const PIECE_CHARACTERS = 256 * 1024;

/**
 * Many short texts as a few long pieces.
 * @returns the last piece, as text
 */
export function* piecesOf(texts: Iterable<string>): Generator<Buffer, string> {
  let text = '';
  for (const one of texts) {
    if (text.length > PIECE_CHARACTERS) {
      yield Buffer.from(text);
      text = '';
    }
    text += one;
  }
  return text;
}
