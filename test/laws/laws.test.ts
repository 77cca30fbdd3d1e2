/** The laws of the design, held over every kind of question that the samples can answer. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import { resolveQuestion } from '../../src/explain/question/resolve-question.ts';
import { walk } from '../../src/explain/walk/walk.ts';
import { createWorld } from '../../src/explain/world/world.ts';
import { probabilitySums } from '../../src/model/branching.ts';
import type { Evidence } from '../../src/model/evidence.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import type { Facts } from '../../src/model/facts.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { sampleFacts, sampleSource, type SampleName } from '../sample-facts.ts';
import { QUESTIONS } from './questions.ts';

const SAMPLES: readonly SampleName[] = ['one-node-bookinfo', 'kube-proxy-iptables', 'kube-proxy-legacy'];
const facts = new Map<SampleName, Facts>(
  await Promise.all(SAMPLES.map(async (name) => [name, await sampleFacts(name)] as const)),
);
const factsOf = (name: SampleName): Facts => facts.get(name) as Facts;

const cases = QUESTIONS.map(
  ([sample, question]) =>
    [
      `${sample}: ${question.from} → ${question.to} ${question.method ?? ''} ${question.headers.join()}`,
      sample,
      question,
    ] as const,
);

/** What stands at an evidence's place in its artefact. */
function standing(known: Facts, { artefact, line, pointer }: Evidence): string | undefined {
  const text = known.artefact(artefact)?.bytes.toString('utf8');
  if (text === undefined) return undefined;
  if (line !== undefined) return text.split('\n')[line - 1];
  const keys = (pointer ?? '')
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const value = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], JSON.parse(text));
  return JSON.stringify(value);
}

function evidences(explanation: Explanation): readonly Evidence[] {
  const steps = explanation.branches.flatMap((branch) => branch.hops.flatMap((hop) => hop.steps));
  return [...steps.flatMap((step) => step.evidence), ...explanation.findings.flatMap((finding) => finding.evidence)];
}

describe('law 1: every step and finding is proven by what stands at the cited place', () => {
  it.each(cases)('%s', (_, sample, question) => {
    const known = factsOf(sample);
    const explanation = explain(known, question);
    for (const evidence of evidences(explanation))
      expect(standing(known, evidence), JSON.stringify(evidence)).toBe(evidence.raw);
    for (const { hops } of explanation.branches) {
      for (const { basis, steps, name } of hops.filter((hop) => hop.basis === 'programmed')) {
        const bare = steps.filter((step) => step.evidence.length === 0 && step.action !== 'assumed');
        expect(bare.map((step) => `${basis} ${name}: ${step.text}`)).toEqual([]);
      }
    }
    for (const finding of explanation.findings) expect(finding.evidence.length, finding.cause).toBeGreaterThan(0);
  });
});

describe('law 3: the branches of every decision add up to 1', () => {
  it.each(cases)('%s', (_, sample, question) => {
    const world = createWorld(factsOf(sample));
    for (const one of resolveQuestion(world, question).questions) {
      const { branches } = walk(world, one);
      for (const sum of probabilitySums(branches)) expect(sum).toBeCloseTo(1, 9);
    }
  });
});

/** The answer without the places of its evidence, which move when things change their order. */
function withoutPlaces(explanation: Explanation): unknown {
  const { gaps, ...coverage } = explanation.coverage;
  const stripped: unknown = JSON.parse(
    JSON.stringify({ ...explanation, coverage: { ...coverage, gaps: gaps.length } }, (key, value: unknown) =>
      key === 'pointer' || key === 'line' ? undefined : value,
    ),
  );
  return stripped;
}

/** Turns round whatever has no order: the lists of objects and of dumps, and the listing of files. */
function turnedRound(source: ArtefactSource): ArtefactSource {
  return {
    names: () => source.names(),
    gaps: () => source.gaps(),
    artefact: (name) => {
      const artefact = source.artefact(name);
      const unordered = /\/resources\/.*\.json$|ip-(link|neigh)\.json$/.test(name);
      if (artefact === undefined || !unordered) return artefact;
      const value = JSON.parse(artefact.bytes.toString('utf8')) as unknown[] | { items?: unknown[] };
      if (Array.isArray(value)) value.reverse();
      else value.items?.reverse();
      return { ...artefact, bytes: Buffer.from(JSON.stringify(value)) };
    },
  };
}

describe('law 4: the order of what has no order changes nothing', async () => {
  const reversed = new Map(
    await Promise.all(
      SAMPLES.map(async (name) => [name, createWorkspace(turnedRound(await sampleSource(name)))] as const),
    ),
  );
  it.each(cases)('%s', (_, sample, question) => {
    const other = reversed.get(sample) as Facts;
    expect(withoutPlaces(explain(other, question))).toEqual(withoutPlaces(explain(factsOf(sample), question)));
  });
});

describe('law 5: evaluation changes nothing and asks nobody', () => {
  it('gives the same bytes again, whatever was asked in between', () => {
    const before = cases.map(([, sample, question]) => JSON.stringify(explain(factsOf(sample), question)));
    const after = cases.toReversed().map(([, sample, question]) => JSON.stringify(explain(factsOf(sample), question)));
    expect(after.toReversed()).toEqual(before);
  });

  it('reads no clock, no random number and no environment', () => {
    const originals = { now: Date.now, random: Math.random, env: process.env };
    const forbidden = (): never => {
      throw new Error('the evaluation asked for something that it must not know');
    };
    Date.now = forbidden;
    Math.random = forbidden;
    process.env = new Proxy({}, { get: forbidden, has: forbidden, ownKeys: forbidden });
    const ask = () => cases.map(([, sample, question]) => explain(factsOf(sample), question));
    try {
      expect(ask).not.toThrow();
    } finally {
      Date.now = originals.now;
      Math.random = originals.random;
      process.env = originals.env;
    }
  });
});
