/**
 * The answer for people: the verdict, the ways with their steps and proof, findings with remedies, and what is not known.
 * In: an Explanation and its tree. Out: text without trailing newline. It computes nothing.
 */
import type { AnswerHop, AnswerTree, NumberedStep } from '../model/answer-tree.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Branch, Explanation, Finding } from '../model/explanation.ts';
import { formatEndpoint } from '../model/address.ts';
import { percentText } from '../model/wording.ts';
import { escapeControls } from './escape-controls.ts';
import { palette, type Palette } from './palette.ts';
import { cut, wrap } from './wrap.ts';

export interface TreeOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Every evidence of every step, raw text uncut. */
  readonly verbose: boolean;
}

const NARROWEST = 40;
const INDENT = '  ';

interface Page {
  readonly width: number;
  readonly verbose: boolean;
  readonly paint: Palette;
}

/** Draws the whole answer. */
export function renderTree(explanation: Explanation, tree: AnswerTree, options: TreeOptions): string {
  const page: Page = {
    width: Math.max(NARROWEST, options.columns),
    verbose: options.verbose,
    paint: palette(options.color),
  };
  return [
    ...verdictLines(page, explanation),
    '',
    ...nodeLines(page, tree, ''),
    ...replicaLines(page, explanation),
    ...findingLines(page, explanation.findings),
    '',
    ...coverageLines(page, explanation),
  ].join('\n');
}

function verdictLines(page: Page, explanation: Explanation): string[] {
  const verdict = explanation.verdict.toUpperCase();
  const lines = wrap(escapeControls(explanation.summary), page.width, `${verdict}  `, INDENT);
  const [first = '', ...rest] = lines;
  const notes = explanation.request.notes.flatMap((note) => wrap(escapeControls(note), page.width, INDENT, INDENT));
  return [
    page.paint.verdict(explanation.verdict)(verdict) + first.slice(verdict.length),
    ...rest,
    ...notes.map((line) => page.paint.dim(line)),
  ];
}

function nodeLines(page: Page, node: AnswerTree, margin: string): string[] {
  const lines = node.hops.flatMap((hop) => hopLines(page, hop, margin));
  if (node.end !== null) lines.push(...endLines(page, node.end, margin));
  node.children.forEach((child, index) =>
    lines.push(...childLines(page, child, margin, index === node.children.length - 1)),
  );
  return lines;
}

function childLines(page: Page, child: AnswerTree, margin: string, last: boolean): string[] {
  const label = [
    child.share === null ? null : percentText(child.share),
    child.condition === null ? null : `if ${child.condition}`,
  ];
  const text = escapeControls(label.filter((part) => part !== null).join(', '));
  const lead = `${margin}${last ? '└─' : '├─'} `;
  const below = `${margin}${last ? '  ' : '│ '} `;
  const head = wrap(text, page.width, lead, below).map((line) => page.paint.strong(line));
  const alike = child.alike === null ? [] : alikeLines(page, child.alike, below);
  return [...head, ...nodeLines(page, child, below), ...alike];
}

function alikeLines(page: Page, alike: NonNullable<AnswerTree['alike']>, margin: string): string[] {
  const lines = alike.shown.flatMap((branch) => {
    const condition = branch.condition === null ? '' : `, if ${branch.condition}`;
    return wrap(
      escapeControls(`${percentText(branch.probability)}${condition} the same way: ${endText(branch)}`),
      page.width,
      `${margin}≈ `,
      `${margin}  `,
    );
  });
  if (alike.more > 0)
    lines.push(`${margin}≈ and ${alike.more} more the same way, together ${percentText(alike.moreShare)}`);
  return lines;
}

function hopLines(page: Page, hop: AnswerHop, margin: string): string[] {
  const role = hop.role === null ? '' : ` (${hop.role})`;
  const basis = hop.basis === 'programmed' ? '' : ` [${hop.basis}, not seen]`;
  const title = escapeControls(`${hop.kind} ${hop.name}${role}`);
  const head = hop.continued ? [] : [`${margin}${page.paint.strong(title)}${page.paint.dim(basis)}`];
  return [...head, ...hop.steps.flatMap((step) => stepLines(page, step, margin))];
}

function stepLines(page: Page, { number, step }: NumberedStep, margin: string): string[] {
  const label = String(number).padStart(3);
  const hang = `${margin}${' '.repeat(label.length)}  `;
  const text = wrap(escapeControls(step.text), page.width, `${margin}${label}  `, hang);
  return [...text, ...evidenceLines(page, step.evidence, hang)];
}

/** Briefly the last evidence, which is the one that decided; at length all of them. */
function evidenceLines(page: Page, evidence: readonly Evidence[], margin: string): string[] {
  const shown = page.verbose ? evidence : evidence.slice(-1);
  return shown.map((one) => page.paint.dim(evidenceLine(page, one, margin)));
}

function evidenceLine(page: Page, evidence: Evidence, margin: string): string {
  const place =
    evidence.line === undefined ? (evidence.pointer === undefined ? '' : `#${evidence.pointer}`) : `:${evidence.line}`;
  const name = evidence.artefact.replace(/^clusters\/[^/]+\//, '');
  const text = `${margin}${escapeControls(name + place)}  ${escapeControls(evidence.raw)}`;
  return page.verbose ? text : cut(text, page.width);
}

function endLines(page: Page, branch: Branch, margin: string): string[] {
  const [first = '', ...rest] = wrap(escapeControls(endText(branch)), page.width, `${margin}● `, `${margin}  `);
  const paint = page.paint.disposition(branch.disposition);
  const reason =
    branch.disposition === 'delivered'
      ? []
      : wrap(escapeControls(branch.reason), page.width, `${margin}  `, `${margin}  `);
  return [margin + paint(first.slice(margin.length)), ...rest.map((line) => paint(line)), ...reason];
}

function endText(branch: Branch): string {
  const { disposition, status, flag, backend, observedSource } = branch;
  const at = backend === null ? '' : ` ${disposition === 'delivered' ? 'to' : 'at'} ${backendText(backend)}`;
  const answer = [status === null ? null : `HTTP ${status}`, flag].filter((part) => part !== null).join(' ');
  const seen = observedSource === null ? '' : `, which sees the source ${observedSource}`;
  return `${disposition}${at}${answer === '' ? '' : ` (${answer})`}${seen}`;
}

function backendText(backend: NonNullable<Branch['backend']>): string {
  const at = formatEndpoint(backend.ip, backend.port);
  const node = backend.node === null ? '' : ` on ${backend.node}`;
  return backend.pod === null ? at : `${backend.pod} (${at})${node}`;
}

function replicaLines(page: Page, explanation: Explanation): string[] {
  if (explanation.replicas.length === 0) return [];
  const lines = explanation.replicas.map(
    (one) => `${INDENT}${one.differs ? '≠' : '='} ${escapeControls(`${one.pod} ${one.verdict}`)}`,
  );
  return ['', page.paint.strong('replicas'), ...lines];
}

function findingLines(page: Page, findings: readonly Finding[]): string[] {
  return findings.flatMap((finding) => {
    const code = `${finding.code} ${finding.severity}`;
    const [first = '', ...rest] = wrap(
      escapeControls(`${finding.subject}: ${finding.cause}`),
      page.width,
      `${code}  `,
      INDENT,
    );
    const remedy = wrap(escapeControls(finding.remedy), page.width, `${INDENT}→ `, `${INDENT}  `);
    const head = page.paint.severity(finding.severity)(code) + first.slice(code.length);
    return ['', head, ...rest, ...evidenceLines(page, finding.evidence, INDENT), ...remedy];
  });
}

function coverageLines(page: Page, { coverage }: Explanation): string[] {
  const { proven, intended, assumed, gaps } = coverage;
  const counts = [
    `${proven} steps proven`,
    intended > 0 ? `${intended} only intended` : null,
    assumed.length > 0 ? `${assumed.length} assumed` : null,
  ];
  const head = `coverage: ${counts.filter((part) => part !== null).join(', ')}; ${gaps.length} gaps`;
  const lines = assumed.flatMap((text) =>
    wrap(escapeControls(`assumed: ${text}`), page.width, INDENT, INDENT + INDENT),
  );
  const shown = page.verbose ? gaps : gaps.slice(0, 3);
  const gapLines = shown.flatMap((gap) => {
    const place = gap.line === undefined ? (gap.pointer ?? '') : `:${gap.line}`;
    const remedy = gap.remedy === null ? '' : ` (${gap.remedy})`;
    return wrap(
      escapeControls(`not known: ${gap.artefact}${place}: ${gap.problem}${remedy}`),
      page.width,
      INDENT,
      INDENT + INDENT,
    );
  });
  const more =
    gaps.length > shown.length ? [`${INDENT}and ${gaps.length - shown.length} more gaps (-v shows them)`] : [];
  return [head, ...lines, ...gapLines, ...more].map((line) => page.paint.dim(line));
}
