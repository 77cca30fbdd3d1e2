/**
 * What the commands, and anybody who uses this as a library, may call. In: paths and questions. Out: answers and their text.
 * It knows neither flags nor the process.
 */
import { answerTree } from './explain/answer-tree.ts';
import { explain } from './explain/explain.ts';
import type { QuestionInput } from './explain/question/question-input.ts';
import type { Explanation, Severity } from './model/explanation.ts';
import { renderJson } from './render/json.ts';
import { renderMermaid } from './render/mermaid.ts';
import { findStep, renderStep } from './render/step.ts';
import { renderTree } from './render/tree.ts';
import { renderWide } from './render/wide.ts';
import { renderYaml } from './render/yaml.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { createWorkspace } from './workspace.ts';

export { explainLive, type LiveAnswer } from './explain-live.ts';
export type { Severity } from './model/explanation.ts';

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
