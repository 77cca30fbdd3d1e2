/**
 * Requests in a mesh on two real nodes: `explain` is asked live, of the sidecars' own configuration, and then the request is sent for real.
 * Verdict, backends, statuses and observed sources must agree; what cannot be known is undetermined and says why.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explanation.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { MESH } from '../lab/topology/mesh.ts';
import { differences } from './agreement.ts';
import { liveAnswers } from './live-answers.ts';
import { MESH_QUESTIONS } from './mesh-questions.ts';
import { questionOf, type RequestQuestion, send, withAddresses } from './request-question.ts';

const NAMESPACE = 'bookinfo';

let lab: Lab;
let questions: readonly RequestQuestion[];
/** In the order of the questions. */
let answers: readonly Explanation[];

beforeAll(async () => {
  lab = await startLab(MESH);
  questions = await withAddresses(lab, MESH_QUESTIONS);
  answers = await liveAnswers(
    lab,
    questions.map((question) => questionOf(question, NAMESPACE)),
  );
});
afterAll(() => lab.stop());

it.each(MESH_QUESTIONS.map(({ about, to }, at) => [about, to, at] as const))('%s: %s', async (_about, _to, at) => {
  const question = questions[at] as RequestQuestion;
  const explanation = answers[at] as Explanation;
  const results = await send(lab, question, NAMESPACE);
  const told = `${explanation.summary}\nsent: ${JSON.stringify(results[0])}`;
  expect(differences(question, explanation, results), told).toEqual([]);
});
