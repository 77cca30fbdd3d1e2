/** Every kind of answer, held against the published schema; and the schema against its own claims. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import { renderAnswer } from '../../src/index.ts';
import type { Facts } from '../../src/model/facts.ts';
import { deployment } from '../explain/question/workload-sample.ts';
import { built, run } from '../launch/run-program.ts';
import { QUESTIONS } from '../laws/questions.ts';
import { ask, sampleFacts, type Changes, type SampleName } from '../sample-facts.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { EXPLAIN_SCHEMA, schemaErrors } from './explain-schema.ts';

const LAYOUT = { color: false, columns: 100, verbose: false, step: null };

/** What `-o json` prints, read back. */
function printed(facts: Facts, question: QuestionInput): unknown {
  return JSON.parse(renderAnswer(explain(facts, question), 'json', LAYOUT) ?? '');
}

/** Every schema inside the schema, with its place. */
function* schemas(value: unknown, place = '#'): Generator<readonly [place: string, schema: Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  const schema = value as Record<string, unknown>;
  yield [place, schema];
  for (const [name, one] of Object.entries(schema['properties'] ?? {})) yield* schemas(one, `${place}/${name}`);
  for (const [name, one] of Object.entries(schema['$defs'] ?? {})) yield* schemas(one, `${place}/$defs/${name}`);
  yield* schemas(schema['items'], `${place}/items`);
}

describe('the schema', () => {
  const all = [...schemas(EXPLAIN_SCHEMA)];

  it('closes every object and tells which members are always there', () => {
    const objects = all.filter(([, schema]) => schema['type'] === 'object');
    expect(objects.length).toBeGreaterThan(12);
    for (const [place, schema] of objects) {
      expect(schema['additionalProperties'], place).toBe(false);
      expect(schema['required'], place).toBeInstanceOf(Array);
    }
  });

  it('describes every member and definition', () => {
    const named = all.filter(([place]) => !place.endsWith('/items'));
    expect(named.filter(([, schema]) => typeof schema['description'] !== 'string').map(([place]) => place)).toEqual([]);
  });
});

describe('every question of the laws', async () => {
  const facts = new Map<SampleName, Facts>();
  for (const [sample] of QUESTIONS) facts.set(sample, facts.get(sample) ?? (await sampleFacts(sample)));
  it.each(QUESTIONS.map(([sample, question]) => [sample, question.from, question.to, question] as const))(
    '%s: %s → %s',
    (sample, _from, _to, question) => {
      expect(schemaErrors(printed(facts.get(sample) as Facts, question))).toEqual([]);
    },
  );
});

describe('answers of other shapes', () => {
  const mesh = { namespace: 'bookinfo' };
  it.each<readonly [what: string, SampleName, QuestionInput, Changes]>([
    [
      'replicas',
      'kube-proxy-iptables',
      ask('deploy/front', 'svc/web', { namespace: 'shop' }),
      deployment('front', ['cli-a', 'cli-b']),
    ],
    [
      'a name that does not resolve',
      'one-node-bookinfo',
      ask('productpage-v1-abc', 'http://nowhere.example/', mesh),
      {},
    ],
    ['an environment variable', 'one-node-bookinfo', ask('productpage-v1-abc', '$REVIEWS_SERVICE_HOST:9080', mesh), {}],
    ['an outside client', 'kube-proxy-iptables', ask('192.0.2.9', 'web-lb', { namespace: 'shop' }), {}],
    [
      'nothing captured of a node',
      'kube-proxy-iptables',
      ask('cli-a', 'web', { namespace: 'shop' }),
      { 'nodes/node1/iptables-save.txt': () => null, 'nodes/node1/nft-ruleset.json': () => null },
    ],
    [
      'a broken config_dump',
      'one-node-bookinfo',
      ask('productpage-v1-abc', 'http://reviews:9080/', mesh),
      { 'pods/bookinfo/productpage-v1-abc/envoy/config_dump.json': (text) => text.slice(0, 5000) },
    ],
  ])('%s', async (_, sample, question, changes) => {
    expect(schemaErrors(printed(await sampleFacts(sample, changes), question))).toEqual([]);
  });
});

it('holds for what the command prints', () => {
  const asked = 'explain productpage-v1-abc http://reviews:9080/reviews/1 -X DELETE -n bookinfo';
  const args = `${asked} --snapshot test/fixtures/one-node-bookinfo -o json`.split(' ');
  const { stdout, status } = run(built('kubectl-reach'), args);
  expect(status).toBe(3);
  expect(schemaErrors(JSON.parse(stdout))).toEqual([]);
});

it('refuses what is no answer', async () => {
  const answer = explain(await sampleFacts('kube-proxy-iptables'), ask('cli-a', 'web', { namespace: 'shop' }));
  expect(schemaErrors(answer)).toEqual([]);
  expect(schemaErrors({ ...answer, verdict: 'yes' })).toHaveLength(1);
  expect(schemaErrors({ ...answer, more: 1 })).toHaveLength(1);
  const { summary: _, ...less } = answer;
  expect(schemaErrors(less)).toHaveLength(1);
});
