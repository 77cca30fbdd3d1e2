import { fileURLToPath } from 'node:url';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { Facts } from '../../src/model/facts.ts';
import { createWorkspace } from '../../src/workspace.ts';

/** Facts of one of the bundled samples. */
export async function openSample(name: string): Promise<Facts> {
  const path = fileURLToPath(new URL(`../../samples/${name}`, import.meta.url));
  return createWorkspace(await collectSnapshots([path]));
}

/** A question with nothing but its two ends, and what a test adds. */
export function ask(from: string, to: string, more: Partial<QuestionInput> = {}): QuestionInput {
  return {
    from,
    to,
    namespace: null,
    fromNamespace: null,
    method: null,
    headers: [],
    protocol: null,
    uid: null,
    sourcePort: null,
    node: null,
    resolve: [],
    ...more,
  };
}
