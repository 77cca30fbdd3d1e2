/**
 * What the commands, and anybody who uses this as a library, may call. In: paths and questions. Out: answers and their text.
 * It knows neither flags nor the process.
 */
import { answerTree } from './explain/answer-tree.ts';
import { explain } from './explain/explain.ts';
import type { QuestionInput } from './explain/question/question-input.ts';
import type { Gap } from './model/artefact.ts';
import type { Explanation, Severity } from './model/explanation.ts';
import { escapeControls } from './render/escape-controls.ts';
import type { EnvoyRequestAnswer, EnvoyRequestFailure } from './explain/envoy-request/envoy-request.ts';
import type { PacketAnswer, PacketFailure } from './explain/packet/packet.ts';
import { renderEnvoyRequest } from './render/envoy-request.ts';
import { renderJson, renderJsonLine } from './render/json.ts';
import { renderMermaid } from './render/mermaid.ts';
import { renderPacket } from './render/packet.ts';
import { findStep, renderStep } from './render/step.ts';
import { renderTree } from './render/tree.ts';
import { renderWide } from './render/wide.ts';
import { renderYaml } from './render/yaml.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { createWorkspace } from './workspace.ts';

export type { Severity } from './model/explanation.ts';
export { openEnvoyProxy, type EnvoyProxy } from './envoy-proxy.ts';
export { readHeaders } from './explain/envoy-request/request-line.ts';
export { readJsonLines } from './json-lines.ts';
export { openPacketMachine, type PacketMachine } from './packet-machine.ts';

/** Formats of an answer. `tree` is the one for people. */
export type AnswerFormat = 'tree' | 'wide' | 'json' | 'yaml' | 'mermaid';

export interface AnswerLayout {
  readonly color: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
  /** Show every evidence of every step. */
  readonly verbose: boolean;
  /** Show only the step of this number. */
  readonly step: number | null;
}

/**
 * Answers a question from snapshots.
 * @param paths folders or archives; several for several clusters
 * @throws QuestionError when the question cannot be asked, InputError when a path is no snapshot
 */
export async function explainQuestion(paths: readonly string[], input: QuestionInput): Promise<Explanation> {
  return explain(createWorkspace(await collectSnapshots(paths)), input);
}

/** Text of an answer; undefined when it has no step of the number that was asked for. */
export function renderAnswer(explanation: Explanation, format: AnswerFormat, layout: AnswerLayout): string | undefined {
  switch (format) {
    case 'json':
      return renderJson(explanation);
    case 'yaml':
      return renderYaml(explanation);
    case 'mermaid':
      return renderMermaid(explanation, answerTree(explanation.branches));
    case 'wide':
      return renderWide(explanation);
    case 'tree': {
      const tree = answerTree(explanation.branches);
      if (layout.step === null) return renderTree(explanation, tree, layout);
      const step = findStep(tree, layout.step);
      return step === undefined ? undefined : renderStep(step);
    }
  }
}

const WORSE: Readonly<Record<Severity, readonly Severity[]>> = {
  error: ['error'],
  warning: ['error', 'warning'],
  info: ['error', 'warning', 'info'],
};

/** What an answer means to a caller: see docs/dispositions.md, "Exit status". */
export function answerStatus(explanation: Explanation, failOn: Severity | null): 'ok' | 'unreachable' | 'undetermined' {
  const counting = failOn === null ? [] : WORSE[failOn];
  if (explanation.findings.some((finding) => counting.includes(finding.severity))) return 'unreachable';
  if (explanation.verdict === 'reachable') return 'ok';
  return explanation.verdict === 'undetermined' ? 'undetermined' : 'unreachable';
}

/** Text of the answer for one packet. */
export function renderPacketAnswer(answer: PacketAnswer, format: 'text' | 'json' | 'yaml', color: boolean): string {
  if (format === 'json') return renderJson(answer);
  return format === 'yaml' ? renderYaml(answer) : renderPacket(answer, color);
}

/** The answer for one packet of many, on a line. */
export function renderPacketLine(answer: PacketAnswer | PacketFailure): string {
  return renderJsonLine(answer);
}

/** What the answer for one packet means to a caller. */
export function packetStatus({ outcomes }: PacketAnswer): 'ok' | 'unreachable' | 'undetermined' {
  if (outcomes.some(({ action }) => action === 'drop' || action === 'reject')) return 'unreachable';
  return outcomes.every(({ action }) => action === 'accept') ? 'ok' : 'undetermined';
}

/** Text of what an Envoy does with one request. */
export function renderEnvoyRequestAnswer(
  answer: EnvoyRequestAnswer,
  format: 'text' | 'json' | 'yaml',
  color: boolean,
): string {
  if (format === 'json') return renderJson(answer);
  return format === 'yaml' ? renderYaml(answer) : renderEnvoyRequest(answer, color);
}

/** What an Envoy does with one request of many, on a line. */
export function renderEnvoyRequestLine(answer: EnvoyRequestAnswer | EnvoyRequestFailure): string {
  return renderJsonLine(answer);
}

/**
 * What the answer for one request means to a caller: undetermined where some branch is; reachable where every one goes to an
 * upstream or is answered by the proxy with a status below 400.
 */
export function envoyRequestStatus({ outcomes }: EnvoyRequestAnswer): 'ok' | 'unreachable' | 'undetermined' {
  if (outcomes.some(({ undetermined }) => undetermined !== null)) return 'undetermined';
  const passes = outcomes.every(({ status, endpoints }) =>
    status === null ? endpoints.length > 0 : status < HTTP_ERRORS,
  );
  return passes ? 'ok' : 'unreachable';
}

const HTTP_ERRORS = 400;
const MOST_WARNINGS = 5;

/** What was not understood, for standard error; empty when all was. */
export function renderGaps(gaps: readonly Gap[]): string {
  const lines = gaps.slice(0, MOST_WARNINGS).map(({ artefact, line, problem }) => {
    const place = line === undefined ? artefact : `${artefact}:${line}`;
    return `warning: ${place}: ${problem}\n`;
  });
  if (gaps.length > MOST_WARNINGS)
    lines.push(`warning: ${gaps.length - MOST_WARNINGS} more lines were not understood\n`);
  return escapeControls(lines.join(''));
}
