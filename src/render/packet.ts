import type { OutcomeText, PacketText, RuleText } from '../explain/packet/packet-text.ts';
import { percentText } from '../model/wording.ts';
import { escapeControls } from './escape-controls.ts';
import { palette, type Palette } from './palette.ts';

/** What the layout depends on. */
export interface PacketLayout {
  readonly color: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
}

const NARROWEST = 30;
const PAINT = { accept: 'delivered', drop: 'dropped', reject: 'refused', undetermined: 'undetermined' } as const;

/** The outcomes of one packet for people: each with its share, what it supposes, and below the rules that matched. */
export function renderPacket(text: PacketText, { color, columns }: PacketLayout): string {
  const colors = palette(color);
  const width = Math.max(columns, NARROWEST);
  const several = text.outcomes.length > 1;
  const blocks = [
    wrapped(text.heading, width, '  ').map((line) => colors.strong(line)),
    ...(text.common.length === 0 ? [] : [['on every branch first', ...rulesText(text.common, width, colors)]]),
    ...text.outcomes.map((outcome) => outcomeText(outcome, several, width, colors)),
    ...(text.omitted === 0 ? [] : [[`outcomes not shown: ${text.omitted}; -o json has all of them`]]),
  ];
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

function outcomeText(outcome: OutcomeText, several: boolean, width: number, colors: Palette): string[] {
  const { action, sentence, condition, rules, mayMatch, probability } = outcome;
  const nothing = mayMatch.length === 0 ? '  no rule matched' : '  no rule is known to match';
  const share = several ? `${percentText(probability).padStart(6)}  ` : '';
  return [
    ...wrapped(`${share}${sentence}`, width, '  ').map((line) => colors.disposition(PAINT[action])(line)),
    ...(condition === null ? [] : wrapped(`  if ${condition}`, width, '     ')),
    ...(rules.length === 0 && !several ? [nothing] : rulesText(rules, width, colors)),
    ...(mayMatch.length === 0
      ? []
      : ['  not known to match, with the same outcome either way', ...rulesText(mayMatch, width, colors)]),
  ];
}

function rulesText(rules: readonly RuleText[], width: number, colors: Palette): string[] {
  const places = Math.max(...rules.map(({ place }) => place.length));
  return rules.flatMap(({ place, rule }) =>
    wrapped(`  ${place.padEnd(places)}  ${rule}`, width, '      ').map((line) => colors.dim(line)),
  );
}

/** Breaks a text at blanks where it is wider than the terminal; a word that is wider stays whole. */
function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let rest = escapeControls(text);
  while (rest.length > width) {
    const least = rest.length - rest.trimStart().length;
    const inside = rest.lastIndexOf(' ', width);
    const at = inside > least ? inside : rest.indexOf(' ', width);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
