/**
 * The bundled mesh, as its objects have it (test/lab/topology/sample.ts): where its requests end is decided by the VirtualService's
 * weights, header, fault and subset, and by the AuthorizationPolicy.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { ask, sampleFacts, sampleFolder } from '../sample-facts.ts';

const facts = await sampleFacts('istio-bookinfo');

it('is what kubectl reach snapshot wrote, without secrets', () => {
  const index: unknown = JSON.parse(readFileSync(join(sampleFolder('istio-bookinfo'), 'snapshot.json'), 'utf8'));
  expect(index).toMatchObject({ tool: { name: 'kubectl-reach' }, redacted: 'secrets', scope: [] });
});

const REVIEWS = 'http://reviews:9080/reviews/1';
it.each<
  [string, string, string, Partial<QuestionInput>, [chance: number, disposition: string, status: number | null][]]
>([
  [
    'by weight',
    'productpage-v1',
    REVIEWS,
    {},
    [
      [0.5, 'delivered', null],
      [0.3, 'delivered', null],
      [0.2, 'delivered', null],
    ],
  ],
  ['by a header', 'cli-a', REVIEWS, { headers: ['end-user: jason'] }, [[1, 'delivered', null]]],
  ['a fault on demand', 'cli-b', REVIEWS, { headers: ['x-fault: abort'] }, [[1, 'failed', 555]]],
  ['a subset without endpoints', 'cli-a', 'http://reviews:9080/dangling', {}, [[1, 'failed', 503]]],
  [
    'a policy',
    'cli-a',
    'http://reviews:9080/reviews/1',
    { method: 'DELETE', headers: ['end-user: jason'] },
    [[1, 'denied', 403]],
  ],
  ['without a sidecar', 'opted-out', 'http://details:9080/details/0', {}, [[1, 'delivered', null]]],
])('%s: %s asks %s', (_about, from, to, more, expected) => {
  const { branches } = explain(facts, ask(from, to, { namespace: 'bookinfo', ...more }));
  expect(branches.map(({ probability, disposition, status }) => [probability, disposition, status])).toEqual(expected);
});
