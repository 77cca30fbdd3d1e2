import type { Table } from '../../explain/proxy-config/table.ts';
import { escapeControls } from '../escape-controls.ts';

/**
 * Columns as Go's text/tabwriter aligns them for istioctl: left, filled with blanks to the widest cell and the padding; the last
 * column is not filled, so that an empty last cell leaves blanks at the end of the line. Ends with a line feed.
 */
export function renderTable({ columns, rows, padding }: Table): string {
  const lines = [...(columns === null ? [] : [columns]), ...rows].map((cells) => cells.map(cellText));
  const widths: number[] = [];
  for (const cells of lines) {
    for (const [column, cell] of cells.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, characters(cell) + padding);
    }
  }
  return lines
    .map((cells) => {
      const filled = cells
        .slice(0, -1)
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - characters(cell)));
      return `${filled.join('')}${cells.at(-1) ?? ''}\n`;
    })
    .join('');
}

/** The usual case, which needs no second look. */
const PRINTABLE = /^[ -~]*$/;

/** What would break the line is shown escaped. */
function cellText(cell: string): string {
  if (PRINTABLE.test(cell)) return cell;
  return escapeControls(cell).replaceAll('\n', String.raw`\n`);
}

/** Code points, as tabwriter counts. */
function characters(text: string): number {
  return PRINTABLE.test(text) ? text.length : Array.from(text).length;
}
