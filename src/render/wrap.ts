/**
 * Breaks text into lines of at most `width` columns at spaces; a word longer than a line stands alone on one. Every line begins
 * with `hang` but the first, which begins with `lead`.
 */
export function wrap(text: string, width: number, lead: string, hang: string): string[] {
  const lines: string[] = [];
  let line = lead;
  let empty = true;
  for (const word of text.split(' ')) {
    const joined = empty ? line + word : `${line} ${word}`;
    if (!empty && joined.length > width) {
      lines.push(line);
      line = hang + word;
    } else {
      line = joined;
    }
    empty = false;
  }
  return [...lines, line];
}

/** Cuts text to `width` columns, with an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Cuts the beginning off text that is longer than `width` columns: of a place in a file, the end tells most. */
export function cutStart(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - Math.max(0, width - 1))}`;
}
