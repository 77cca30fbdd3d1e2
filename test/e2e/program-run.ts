import { attempt, type Ended } from '../lab/execute.ts';
import type { Fault } from './faults.ts';

/** Three times nothing is heard for thirty seconds. */
export const DEADLINE_MS = 100_000;

/** Runs the built program as a person does; its status is null when it had to be killed at the deadline. */
export async function runProgram(argv: readonly string[]): Promise<Ended> {
  return attempt(process.execPath, ['dist/kubectl-reach.cjs', ...argv], { timeout: DEADLINE_MS });
}

/** On one line, so that it can be searched whatever the width. */
export const plain = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** What must hold of an `explain` however it ended. @returns in words, what does not hold; empty: all does */
export function problemsOf(
  { status, stdout, stderr }: Ended,
  fault: Pick<Fault, 'status' | 'says'>,
): readonly string[] {
  const answer = stdout.toString();
  const all = `${answer}\n${stderr}`;
  const problems: string[] = [];
  if (status !== fault.status) problems.push(`it ended with ${status} instead of ${fault.status}`);
  if (/^ +at .+:\d+:\d+\)?$/m.test(all)) problems.push('it shows a stack trace');
  if (fault.status === 0 && !answer.startsWith('REACHABLE')) problems.push('it does not say reachable');
  if (fault.status === 1 && !/^error: .+\n.+/.test(stderr)) problems.push('it gives no error with what would help');
  if (fault.status === 4) {
    if (!answer.startsWith('UNDETERMINED')) problems.push('it gives no partial answer');
    const gaps = plain(answer)
      .split(/ (?=not known: |assumed: )/)
      .filter((clause) => clause.startsWith('not known: '));
    if (gaps.length === 0) problems.push('it names no gap');
    problems.push(
      ...gaps.filter((gap) => !gap.trim().endsWith(')')).map((gap) => `without what would close it: ${gap}`),
    );
  }
  if (/kubectl get|> clusters\//.test(plain(all))) problems.push('it speaks of files of a snapshot');
  if (!fault.says.test(plain(all))) problems.push(`it does not say ${fault.says}`);
  return problems.length === 0 ? [] : [...problems, all];
}
