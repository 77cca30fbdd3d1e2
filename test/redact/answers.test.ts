/**
 * What is told by a redacted snapshot is what the snapshot itself tells: for every question that was asked in the labs, and those of the
 * laws. A name in a question is given as the snapshot has it.
 */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import type { Facts } from '../../src/model/facts.ts';
import { createRedaction, type RedactionLevel } from '../../src/redact/redact.ts';
import { Renaming } from '../../src/redact/names/renaming.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { QUESTIONS } from '../laws/questions.ts';
import { sampleFacts, sampleSource, type SampleName } from '../sample-facts.ts';
import { probes, question } from '../truth/kube-proxy-probes.ts';

const hash = (text: string): string => createHmac('sha256', 'a key of this test').update(text).digest('hex');
const names = new Renaming(hash);
/** The interfaces of the labs, which keep their names. */
for (const name of ['br0', 'eth0', 'lo']) names.keepInterface(name);

function redacted(source: ArtefactSource, level: Exclude<RedactionLevel, 'none'>): ArtefactSource {
  const redaction = createRedaction(level, hash);
  const own = source.names().filter((name) => name !== 'snapshot.json');
  for (const name of own) redaction.learn(name, source.artefact(name)?.bytes ?? Buffer.alloc(0));
  const made = new Map(
    own.flatMap((name) => {
      const one = redaction.redact(name, source.artefact(name)?.bytes ?? Buffer.alloc(0));
      if ('leftOut' in one) throw new Error(`${name}: ${one.leftOut}`);
      return [[one.name, { name: one.name, capturedAt: null, bytes: one.bytes }] as const];
    }),
  );
  return { names: () => [...made.keys()].toSorted(), artefact: (name) => made.get(name), gaps: () => [] };
}

const ASKED: readonly (readonly [SampleName, QuestionInput])[] = [
  ...QUESTIONS,
  ...(['iptables', 'legacy', 'nftables'] as const).flatMap((mode) =>
    probes(mode).map((probe) => [`kube-proxy-${mode}`, question(probe)] as const),
  ),
  ...['end-user: jason', 'x-fault: abort'].map(
    (header) =>
      [
        'one-node-bookinfo',
        {
          ...(QUESTIONS[0]?.[1] as QuestionInput),
          from: 'productpage-v1-abc',
          to: 'http://reviews:9080/reviews/1',
          headers: [header],
        },
      ] as const,
  ),
];
const SAMPLES = [...new Set(ASKED.map(([sample]) => sample))];

/** What does not depend on names: how each branch ends, how likely, on which way, and what was found. */
function outline({ verdict, branches, findings }: Explanation): unknown {
  return {
    verdict,
    branches: branches
      .map(({ disposition, probability, status, flag, condition, hops, backend }) =>
        [
          disposition,
          probability.toFixed(9),
          status,
          flag,
          condition === null,
          backend?.port,
          ...hops.map((hop) => `${hop.kind} ${hop.steps.length}`),
        ].join(' '),
      )
      .toSorted(),
    findings: findings.map(({ code }) => code).toSorted(),
  };
}

function renamedQuestion(input: QuestionInput): QuestionInput {
  const target = /^((?:[a-z]+:\/\/)?)([^/]*)(.*)$/.exec(input.to);
  return {
    ...input,
    from: names.text(input.from),
    to: `${target?.[1] ?? ''}${names.text(target?.[2] ?? '')}${target?.[3] ?? ''}`,
    namespace: input.namespace === null ? null : names.text(input.namespace),
    node: input.node === null ? null : names.text(input.node),
    headers: input.headers.map((header) => (/^host:/i.test(header) ? `Host: ${names.text(header.slice(6))}` : header)),
    resolve: input.resolve.map((one) => names.text(one)),
  };
}

describe.each(SAMPLES)('%s', async (sample) => {
  const source = await sampleSource(sample);
  const plain = await sampleFacts(sample);
  const secrets = createWorkspace(redacted(source, 'secrets'));
  const hidden = createWorkspace(redacted(source, 'names'));
  const asked = ASKED.filter(([of]) => of === sample).map(([, input]) => input);
  const answer = (facts: Facts, input: QuestionInput): unknown => outline(explain(facts, input));
  const cases = asked.map(
    (input) => [`${input.from} → ${input.to} ${input.method ?? ''} ${input.headers.join()}`, input] as const,
  );

  it.each(cases)('secrets: %s', (_, input) => {
    expect(answer(secrets, input)).toEqual(answer(plain, input));
  });

  it.each(cases)('names: %s', (_, input) => {
    expect(answer(hidden, renamedQuestion(input))).toEqual(answer(plain, input));
  });
});
