import type { Table } from '../../explain/proxy-config/table.ts';
import { escapeControls } from '../escape-controls.ts';

/**
 * Columns as Go's text/tabwriter aligns them for istioctl: left, filled with blanks to the widest cell and the padding; the last
 * column is not filled, so that an empty last cell leaves blanks at the end of the line. Ends with a line feed.
 */
export function renderTable({ columns, rows, padding }: Table): string {
  const lines = [...(columns === null ? [] : [columns]), ...rows].map((cells) =>
    PRINTABLE.test(cells.join('')) ? { cells, lengths: null } : escapedLine(cells),
  );
  const last = (lines[0]?.cells.length ?? 1) - 1;
  const widths: number[] = Array.from({ length: last }, () => 0);
  for (const { cells, lengths } of lines) {
    for (let column = 0; column < last; column++) {
      const length = lengths?.[column] ?? cells[column]?.length ?? 0;
      if (length + padding > (widths[column] ?? 0)) widths[column] = length + padding;
    }
  }
  return lines.map((line) => lineText(line, widths)).join('');
}

/** Cells as they are printed; their lengths where these are not those of the strings. */
interface Line {
  readonly cells: readonly string[];
  readonly lengths: readonly number[] | null;
}

/** The usual case, which needs no second look. */
const PRINTABLE = /^[ -~]*$/;

/** What would break the line is shown escaped; lengths are code points, as tabwriter counts. */
function escapedLine(cells: readonly string[]): Line {
  const escaped = cells.map((cell) => escapeControls(cell).replaceAll('\n', String.raw`\n`));
  return { cells: escaped, lengths: escaped.map((cell) => Array.from(cell).length) };
}

function lineText({ cells, lengths }: Line, widths: readonly number[]): string {
  let text = '';
  for (const [column, width] of widths.entries()) {
    const cell = cells[column] ?? '';
    text += cell.padEnd(width + cell.length - (lengths?.[column] ?? cell.length));
  }
  return `${text}${cells[widths.length] ?? ''}\n`;
}
