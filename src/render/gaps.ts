import type { Gap } from '../model/artefact.ts';
import { escapeControls } from './escape-controls.ts';

const MOST_WARNINGS = 5;

/** What was not understood, for standard error; empty when all was. */
export function renderGaps(gaps: readonly Gap[]): string {
  const lines = gaps.slice(0, MOST_WARNINGS).map(({ artefact, line, problem, remedy }) => {
    const place = line === undefined ? artefact : `${artefact}:${line}`;
    return `warning: ${place}: ${problem}${remedy === undefined ? '' : ` (${remedy})`}\n`;
  });
  if (gaps.length > MOST_WARNINGS)
    lines.push(`warning: ${gaps.length - MOST_WARNINGS} more lines were not understood\n`);
  return escapeControls(lines.join(''));
}
