import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EnvoyFacts, EnvoyOutcome } from '../../../../src/model/envoy.ts';
import { evaluateEnvoy } from '../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { parseEnvoyClusters } from '../../../../src/parse/envoy/admin.ts';
import { parseEnvoyConfigDump } from '../../../../src/parse/envoy/config-dump.ts';
import { expectComplete, http, redirected } from './snapshot.ts';

const FOLDER = 'test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo';
const PODS = ['productpage-v1-abc', 'reviews-v1-abc'] as const;

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

function document(pod: string, file: string): Json {
  return JSON.parse(readFileSync(`${FOLDER}/${pod}/envoy/${file}.json`, 'utf8')) as Json;
}

function factsOf(config: Json | Buffer, clusters: Json | null): EnvoyFacts {
  const artefact = (name: string, content: Json | Buffer): Parameters<typeof parseEnvoyConfigDump>[0] => ({
    name,
    capturedAt: null,
    bytes: Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content)),
  });
  return {
    config: parseEnvoyConfigDump(artefact('config_dump.json', config)).value,
    clusters: clusters === null ? null : parseEnvoyClusters(artefact('clusters.json', clusters)).value,
    listeners: null,
    serverInfo: null,
  };
}

const AUTHORITIES = ['reviews:9080', 'reviews', 'ratings.bookinfo', 'details', 'nosuch.example', '10.96.1.12'];
const PATHS = ['/reviews/1', '/dangling', '/', '/ratings/1'];

/** Requests into and out of a Bookinfo pod. */
const questions = fc.record({
  outbound: fc.boolean(),
  port: fc.constantFrom(9080, 80, 443, 12_345, 15_001, 15_006),
  to: fc.constantFrom('10.96.1.12', '10.96.1.13', '10.96.0.1', '10.244.1.22'),
  method: fc.constantFrom('GET', 'DELETE'),
  authority: fc.constantFrom(...AUTHORITIES),
  path: fc.constantFrom(...PATHS),
  headers: fc.constantFrom({}, { 'end-user': 'jason' }, { 'x-fault': 'abort' }),
});
type Question = typeof questions extends fc.Arbitrary<infer T> ? T : never;

function ask(facts: EnvoyFacts, question: Question): EnvoyOutcome[] {
  const { outbound, port, to, method, authority, path, headers } = question;
  const request = http(method, authority, path, headers);
  return evaluateEnvoy(
    facts,
    redirected(outbound ? 15_001 : 15_006, '10.244.1.5', outbound ? to : '10.244.1.11', port, request),
  );
}

const SUBJECTS = PODS.map((pod) => ({
  pod,
  config: document(pod, 'config_dump'),
  clusters: document(pod, 'clusters'),
}));

describe.each(SUBJECTS)('the proxy of $pod', ({ config, clusters }) => {
  const facts = factsOf(config, clusters);

  it('adds up to 1, and cites what stands in the artefacts (laws 1 and 3)', () => {
    const documents: Readonly<Record<string, Json>> = { 'config_dump.json': config, 'clusters.json': clusters };
    fc.assert(
      fc.property(questions, (question) => {
        const outcomes = ask(facts, question);
        expectComplete(outcomes);
        for (const { steps } of outcomes) {
          expect(steps.length).toBeGreaterThan(0);
          for (const { artefact, pointer, raw } of steps.flatMap(({ evidence }) => evidence)) {
            const value = pointer!
              .split('/')
              .slice(1)
              .reduce<Json>(
                (parent, key) => (parent as Record<string, Json>)[key.replaceAll('~1', '/').replaceAll('~0', '~')]!,
                documents[artefact]!,
              );
            expect(raw).toBe(JSON.stringify(value));
            // The decisive part, not the listener that it stands in.
            expect(raw.length).toBeLessThan(2500);
          }
        }
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  it('says the same whatever order resources and domains have (law 4)', () => {
    const reversed = factsOf(reverseUnordered(config), reverseUnordered(clusters));
    fc.assert(
      fc.property(questions, (question) => {
        const ends = (outcomes: EnvoyOutcome[]): string[] =>
          outcomes.map((outcome) => JSON.stringify([outcome.probability.toFixed(9), outcome.end])).toSorted();
        expect(ends(ask(reversed, question)).map(withoutPlaces)).toEqual(ends(ask(facts, question)).map(withoutPlaces));
      }),
      { numRuns: 100, seed: 6 },
    );
  });

  it('changes nothing that it was given, and repeats itself (law 5)', () => {
    const frozen = factsOf(config, clusters);
    const before = JSON.stringify([
      frozen.config!.bootstrap.value,
      frozen.config!.listeners().map(({ config: one }) => one.value),
    ]);
    for (const listener of frozen.config!.listeners()) deepFreeze(listener.config.value);
    for (const cluster of frozen.config!.clusters()) deepFreeze(cluster.config.value);
    fc.assert(
      fc.property(questions, (question) => {
        expect(JSON.stringify(ask(frozen, question))).toBe(JSON.stringify(ask(frozen, question)));
      }),
      { numRuns: 50, seed: 7 },
    );
    expect(
      JSON.stringify([frozen.config!.bootstrap.value, frozen.config!.listeners().map(({ config: one }) => one.value)]),
    ).toBe(before);
  });

  it('survives any damage to the dump, and is never sure of an upstream that the whole dump does not show', () => {
    const bytes = Buffer.from(JSON.stringify(config));
    const known = new Set([...JSON.stringify(config).matchAll(/"address":"([^"]+)"/g)].map(([, address]) => address));
    const damage = fc.record({
      at: fc.nat(bytes.length - 1),
      byte: fc.nat(255),
      cut: fc.option(fc.nat(bytes.length), { freq: 4 }),
    });
    fc.assert(
      fc.property(damage, questions, ({ at, byte, cut }, question) => {
        const mutated = Buffer.from(cut === null ? bytes : bytes.subarray(0, cut));
        if (at < mutated.length) mutated[at] = byte;
        const outcomes = ask(factsOf(mutated, clusters), question);
        expectComplete(outcomes);
        const reached = outcomes.flatMap(({ end }) => (end.kind === 'upstream' ? [end.address] : []));
        const shown = new Set([question.to, '10.244.1.11', ...known]);
        expect(reached.filter((address) => !shown.has(address) && !mutated.includes(address))).toEqual([]);
      }),
      { numRuns: 150, seed: 8 },
    );
  });
});

/** Reverses lists whose order means nothing: resources of a kind, virtual hosts and their domains. */
function reverseUnordered(value: Json): Json {
  const unordered = /^(static_|dynamic_).*|^virtual_hosts$|^domains$|^cluster_statuses$|^configs$/;
  if (Array.isArray(value)) return value.map(reverseUnordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      unordered.test(key) && Array.isArray(member)
        ? member.map(reverseUnordered).toReversed()
        : reverseUnordered(member),
    ]),
  );
}

/** Leaves out pointers, which name places. */
function withoutPlaces(text: string): string {
  return text.replaceAll(/"pointer":"[^"]*"/g, '');
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) deepFreeze(member);
  Object.freeze(value);
}
