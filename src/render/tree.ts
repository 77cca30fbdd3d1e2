/**
 * The answer for people: the verdict, the ways with their steps and proof, findings with remedies, and what is not known.
 * In: an Explanation and its tree. Out: text without trailing newline. It computes nothing.
 */
import type { AnswerHop, AnswerTree, NumberedStep } from '../model/answer-tree.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Branch, Explanation, Finding } from '../model/explanation.ts';
import { formatEndpoint } from '../model/address.ts';
import { percentText } from '../model/wording.ts';
import { escapeLine } from './escape-controls.ts';
import { gapReasons, reasonText } from './gap-reasons.ts';
import { palette, type Palette } from './palette.ts';
import { cut, cutStart, wrap } from './wrap.ts';

export interface TreeOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Every evidence of every step, raw text uncut. */
  readonly verbose: boolean;
}

/** Narrower terminals get lines of this width. */
const NARROWEST = 40;
/** Columns of raw text that are worth a line beside its place; with fewer, the place goes to a line of its own. */
const SHORTEST_RAW = 32;
/** Counters in front of a rule, which differ with every capture. */
const COUNTERS = /^\[\d+:\d+\] /;
const INDENT = '  ';
/** So many reasons of what is not known are told without -v. */
const MOST_REASONS = 3;

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
  const lines = wrap(escapeLine(explanation.summary), page.width, `${verdict}  `, INDENT);
  const [first = '', ...rest] = lines;
  const notes = explanation.request.notes.flatMap((note) => wrap(escapeLine(note), page.width, INDENT, INDENT));
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
  const text = escapeLine(labelText(child));
  const open = last && child.alike === null;
  const lead = `${margin}${open ? '└─' : '├─'} `;
  const below = `${margin}${open ? '  ' : '│ '} `;
  const head = wrap(text, page.width, lead, below).map((line) => page.paint.strong(line));
  const alike = child.alike === null ? [] : alikeLines(page, child.alike, margin, last);
  return [...head, ...nodeLines(page, child, below), ...alike];
}

/** `33.3 %`, `if the request arrives at node node1`, or both. */
function labelText({ share, condition }: { readonly share: number | null; readonly condition: string | null }): string {
  const parts = [share === null ? null : percentText(share), condition === null ? null : `if ${condition}`];
  return parts.filter((part) => part !== null).join(', ');
}

function alikeLines(page: Page, alike: NonNullable<AnswerTree['alike']>, margin: string, last: boolean): string[] {
  const texts = alike.shown.map((one) => `${labelText(one)}, the same way: ${endText(one.branch)}`);
  if (alike.more > 0) texts.push(`${alike.more} more the same way, together ${percentText(alike.moreShare)}`);
  return texts.flatMap((text, index) => {
    const closes = last && index === texts.length - 1;
    const lead = `${margin}${closes ? '└─' : '├─'} `;
    return wrap(escapeLine(text), page.width, lead, `${margin}${closes ? '  ' : '│ '} `);
  });
}

function hopLines(page: Page, hop: AnswerHop, margin: string): string[] {
  const role = hop.role === null ? '' : ` (${hop.role})`;
  const basis = hop.basis === 'programmed' ? '' : ` [${hop.basis}, not seen]`;
  const title = escapeLine(`${hop.kind} ${hop.name}${role}`);
  const head = hop.continued ? [] : headLines(page, title, basis, margin);
  return [...head, ...hop.steps.flatMap((step) => stepLines(page, step, margin))];
}

/** The name of a hop strong, what it was evaluated from dim; on two lines where one is too short. */
function headLines(page: Page, title: string, basis: string, margin: string): string[] {
  const named = wrap(title, page.width, margin, margin + INDENT).map((line) => page.paint.strong(line));
  const last = named.length - 1;
  if (basis === '') return named;
  if (named.length === 1 && margin.length + title.length + basis.length <= page.width)
    return [named[last] + page.paint.dim(basis)];
  return [...named, margin + INDENT + page.paint.dim(basis.trimStart())];
}

function stepLines(page: Page, { number, step }: NumberedStep, margin: string): string[] {
  const label = String(number).padStart(3);
  const hang = `${margin}${' '.repeat(label.length)}  `;
  const text = wrap(escapeLine(step.text), page.width, `${margin}${label}  `, hang);
  return [...text, ...evidenceLines(page, step.evidence, hang)];
}

/** Briefly the last evidence, which is the one that decided; at length all of them. */
function evidenceLines(page: Page, evidence: readonly Evidence[], margin: string): string[] {
  const shown = page.verbose ? evidence : evidence.slice(-1);
  return shown.flatMap((one) => evidenceText(page, one, margin).map((line) => page.paint.dim(line)));
}

function evidenceText(page: Page, evidence: Evidence, margin: string): string[] {
  const raw = escapeLine(evidence.raw);
  if (page.verbose) return [`${margin}${escapeLine(evidence.artefact)}${escapeLine(fullPlace(evidence))}  ${raw}`];
  const place = escapeLine(briefPlace(evidence));
  const bare = raw.replace(COUNTERS, '');
  const room = page.width - margin.length;
  const beside = room - place.length - 2;
  if (beside >= Math.min(SHORTEST_RAW, bare.length)) return [`${margin}${cut(bare, beside)}  ${place}`];
  return [margin + cut(bare, room), `${margin}${INDENT}${cutStart(place, room - INDENT.length)}`];
}

function fullPlace({ line, pointer }: Evidence): string {
  if (line !== undefined) return `:${line}`;
  return pointer === undefined ? '' : `#${pointer}`;
}

/** File and line, or file and the last parts of the pointer. */
function briefPlace({ artefact, line, pointer }: Evidence): string {
  const file = artefact.slice(artefact.lastIndexOf('/') + 1);
  if (line !== undefined) return `${file}:${line}`;
  if (pointer === undefined) return file;
  const parts = pointer.split('/');
  return parts.length <= 4 ? `${file}#${pointer}` : `${file}#…/${parts.slice(-3).join('/')}`;
}

function endLines(page: Page, branch: Branch, margin: string): string[] {
  const [first = '', ...rest] = wrap(escapeLine(endText(branch)), page.width, `${margin}● `, `${margin}  `);
  const paint = page.paint.disposition(branch.disposition);
  const reason =
    branch.disposition === 'delivered' ? [] : wrap(escapeLine(branch.reason), page.width, `${margin}  `, `${margin}  `);
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
  const lines = explanation.replicas.flatMap((one) =>
    wrap(escapeLine(`${one.pod} ${one.verdict}`), page.width, `${INDENT}${one.differs ? '≠' : '='} `, `${INDENT}  `),
  );
  return ['', page.paint.strong('replicas'), ...lines];
}

function findingLines(page: Page, findings: readonly Finding[]): string[] {
  return findings.flatMap((finding) => {
    const code = `${finding.code} ${finding.severity}`;
    const [first = '', ...rest] = wrap(
      escapeLine(`${finding.subject}: ${finding.cause}`),
      page.width,
      `${code}  `,
      INDENT,
    );
    const remedy = wrap(escapeLine(finding.remedy), page.width, `${INDENT}→ `, `${INDENT}  `);
    const head = page.paint.severity(finding.severity)(code) + first.slice(code.length);
    return ['', head, ...rest, ...evidenceLines(page, finding.evidence, INDENT), ...remedy];
  });
}

function coverageLines(page: Page, { coverage }: Explanation): string[] {
  const { proven, intended, assumed, gaps } = coverage;
  const counts = [
    `${counted(proven, 'step')} proven`,
    intended > 0 ? `${intended} only intended` : null,
    assumed.length > 0 ? `${assumed.length} assumed` : null,
  ];
  const head = `coverage: ${counts.filter((part) => part !== null).join(', ')}; ${counted(gaps.length, 'gap')}`;
  const lines = assumed.flatMap((text) => wrap(escapeLine(`assumed: ${text}`), page.width, INDENT, INDENT + INDENT));
  const reasons = gapReasons(gaps, page.verbose);
  const shown = page.verbose ? reasons : reasons.slice(0, MOST_REASONS);
  const gapLines = shown.flatMap((group) =>
    wrap(escapeLine(`not known: ${reasonText(group, page.verbose)}`), page.width, INDENT, INDENT + INDENT),
  );
  const left = gaps.length - shown.reduce((sum, group) => sum + group.length, 0);
  const more =
    left > 0 ? wrap(`and ${counted(left, 'more gap')} (-v shows them)`, page.width, INDENT, INDENT + INDENT) : [];
  return [...wrap(head, page.width, '', INDENT), ...lines, ...gapLines, ...more].map((line) => page.paint.dim(line));
}

/** `1 step`, `2 steps`. */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
