import type { AnswerTree } from '../model/answer-tree.ts';
import { percentText } from '../model/wording.ts';
import type { Explanation } from '../model/explanation.ts';
import { formatEndpoint } from '../model/address.ts';
import { escapeLine } from './escape-controls.ts';

/** Longest text of a node or an edge. */
const LABEL_LIMIT = 160;

/** The ways as a Mermaid flowchart: a node for each hop, an edge for each share. */
export function renderMermaid(explanation: Explanation, tree: AnswerTree): string {
  const lines = ['flowchart TD'];
  let count = 0;
  const node = (texts: readonly string[], open: string, close: string): string => {
    const id = `n${count++}`;
    lines.push(`  ${id}${open}"${label(...texts)}"${close}`);
    return id;
  };
  const edge = (from: string | null, to: string, text: string): void => {
    if (from === null) return;
    lines.push(text === '' ? `  ${from} --> ${to}` : `  ${from} -->|"${label(text)}"| ${to}`);
  };
  const draw = (one: AnswerTree, from: string | null, text: string): void => {
    let last = from;
    let pending = text;
    for (const hop of one.hops) {
      const role = hop.role === null ? '' : ` (${hop.role})`;
      const decisive = hop.steps.at(-1)?.step.text ?? '';
      const id = node([`${hop.kind} ${hop.name}${role}`, decisive], '[', ']');
      edge(last, id, pending);
      last = id;
      pending = '';
    }
    if (one.end !== null) {
      const { backend, disposition, status, flag } = one.end;
      const at =
        backend === null ? [] : [`${backend.pod ?? ''} ${formatEndpoint(backend.ip, backend.port)}`.trimStart()];
      const answer = [status, flag].filter((part) => part !== null).join(' ');
      edge(last, node([`${disposition} ${answer}`.trimEnd(), ...at], '([', '])'), pending);
    }
    for (const child of one.children) {
      const share = child.share === null ? '' : percentText(child.share);
      const condition = child.condition === null ? '' : `${share === '' ? '' : ' '}if ${child.condition}`;
      const alike = child.alike === null ? 0 : child.alike.shown.length + child.alike.more;
      draw(child, last, `${share}${condition}${alike === 0 ? '' : ` and ${alike} more alike`}`);
    }
  };
  const title = node([explanation.summary], '[/', '/]');
  draw(tree, title, '');
  return lines.join('\n');
}

/** Text inside quotes of Mermaid: its own markup and HTML made harmless (entity codes are Mermaid's escape). */
function label(...lines: readonly string[]): string {
  return lines.map(harmless).join('<br/>');
}

function harmless(text: string): string {
  const short = text.length > LABEL_LIMIT ? `${text.slice(0, LABEL_LIMIT - 1)}…` : text;
  return escapeLine(short).replace(/[&<>"#`]/g, (character) => `#${character.charCodeAt(0)};`);
}
