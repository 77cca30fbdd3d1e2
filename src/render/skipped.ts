import type { Gap } from '../model/artefact.ts';
import { gapReasons, reasonText } from './gap-reasons.ts';

/**
 * Lines that tell what is not in a snapshot: one for each reason, with an example. The index of the snapshot names them all.
 * @param gaps in the order in which they are told
 */
export function skippedLines(gaps: readonly Gap[]): readonly string[] {
  const lines = gapReasons(gaps).map((group) => `not in it: ${reasonText(group)}`);
  return lines.length < gaps.length ? [...lines, 'snapshot.json names each of them'] : lines;
}
