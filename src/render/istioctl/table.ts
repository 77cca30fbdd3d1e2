import type { Table } from '../../explain/proxy-config/table.ts';
import { escapeControls } from '../escape-controls.ts';

/**
 * Columns as Go's text/tabwriter aligns them for istioctl: left, filled with blanks to the widest cell and the padding; the last
 * column is not filled, so that an empty last cell leaves blanks at the end of the line. Ends with a line feed.
 */
export function renderTable(table: Table): string {
  return [...tablePieces(table)].join('');
}

/** The same piece by piece, many lines each: a table may be longer than a string can be. */
export function* tablePieces({ columns, rows, padding }: Table): Generator<string> {
  const lines: Line[] = [];
  let above: readonly string[] = [];
  for (const cells of columns === null ? rows : [columns, ...rows]) {
    const isPrintable = arePrintable(cells, above);
    above = isPrintable ? cells : [];
    lines.push(isPrintable ? { cells, lengths: null } : escapedLine(cells));
  }
  const last = (lines[0]?.cells.length ?? 1) - 1;
  const widths: number[] = Array.from({ length: last }, () => 0);
  for (const { cells, lengths } of lines) {
    for (let column = 0; column < last; column++) {
      const length = lengths?.[column] ?? cells[column]?.length ?? 0;
      if (length + padding > (widths[column] ?? 0)) widths[column] = length + padding;
    }
  }
  for (let from = 0; from < lines.length; from += PIECE_LINES) {
    yield lines
      .slice(from, from + PIECE_LINES)
      .map((line) => lineText(line, widths))
      .join('');
  }
}

/** As many lines are joined at once: V8 holds a text that was put together as its parts until it is joined. */
const PIECE_LINES = 1000;

/** Cells as they are printed; their lengths where these are not those of the strings. */
interface Line {
  readonly cells: readonly string[];
  readonly lengths: readonly number[] | null;
}

/** The usual case, which needs no second look. */
const PRINTABLE = /^[ -~]*$/;

/** A cell is often that of the row above, which was looked at. */
function arePrintable(cells: readonly string[], above: readonly string[]): boolean {
  for (let column = 0; column < cells.length; column++) {
    const cell = cells[column] ?? '';
    if (cell !== above[column] && !PRINTABLE.test(cell)) return false;
  }
  return true;
}

/** What would break the line is shown escaped; lengths are code points, as tabwriter counts. */
function escapedLine(cells: readonly string[]): Line {
  const escaped = cells.map((cell) => escapeControls(cell).replaceAll('\n', String.raw`\n`));
  return { cells: escaped, lengths: escaped.map((cell) => Array.from(cell).length) };
}

function lineText({ cells, lengths }: Line, widths: readonly number[]): string {
  let text = '';
  for (let column = 0; column < widths.length; column++) {
    const cell = cells[column] ?? '';
    text += cell.padEnd((widths[column] ?? 0) + cell.length - (lengths?.[column] ?? cell.length));
  }
  return `${text}${cells[widths.length] ?? ''}\n`;
}
