import { formatEndpoint } from '../model/address.ts';
import { percentText } from '../model/wording.ts';
import type { PacketAnswer, PacketOutcome } from '../explain/packet/packet.ts';
import { escapeControls } from './escape-controls.ts';
import { palette, type Palette } from './palette.ts';

/** The outcomes of one packet for people: each on a line, with what it supposes and the rules that matched below. */
export function renderPacket(answer: PacketAnswer, color: boolean): string {
  const colors = palette(color);
  return answer.outcomes.map((outcome) => outcomeText(outcome, answer.outcomes.length > 1, colors)).join('\n\n');
}

function outcomeText(outcome: PacketOutcome, several: boolean, colors: Palette): string {
  const { action, destination, snat, condition, undetermined } = outcome;
  const paint = { accept: 'delivered', drop: 'dropped', reject: 'refused', undetermined: 'undetermined' } as const;
  const source = snat === null ? '' : snat === 'masquerade' ? ', source masqueraded' : `, source ${snat}`;
  const share = several ? `  ${percentText(outcome.probability)}` : '';
  const head = `${colors.disposition(paint[action])(action)} ${formatEndpoint(destination.ip, destination.port)}${escapeControls(source)}${share}`;
  const rules = outcome.rules.map((rule) => colors.dim(`    ${escapeControls(rule)}`));
  return [
    head,
    ...(condition === null ? [] : [escapeControls(`  if ${condition}`)]),
    ...(undetermined === null ? [] : [escapeControls(`  because ${undetermined}`)]),
    ...(rules.length === 0 ? ['    no rule matched'] : rules),
  ].join('\n');
}
