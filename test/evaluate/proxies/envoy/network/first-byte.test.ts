/** What a filter closes at the first byte, beside what filters behind it gave up before. Seen as a sum of probabilities over 1 in a random configuration. */
import { expect, it } from 'vitest';
import { closeAtFirstByte } from '../../../../../src/evaluate/proxies/envoy/network/first-byte.ts';
import { branch, end, START } from '../../../../../src/evaluate/proxies/envoy/walk.ts';
import type { ConnectionContext } from '../../../../../src/evaluate/proxies/envoy/context.ts';
import type { Condition } from '../../../../../src/model/branching.ts';
import type { EnvoyEnd, EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import { direct, expectComplete, http } from '../snapshot.ts';

const gaveUp: EnvoyEnd = { kind: 'close', flag: 'UH', detail: null, denied: false };
const passed: EnvoyEnd = { kind: 'close', flag: null, detail: 'behind', denied: false };
const denied: EnvoyEnd = { kind: 'close', flag: null, detail: 'denied', denied: true };

function condition(key: string, value: boolean): Condition {
  return { key, value, subject: { kind: 'client-speaks' } };
}

function outcome(share: number, conditions: readonly Condition[], close: EnvoyEnd): EnvoyOutcome[] {
  return end(
    conditions.reduce((walk, one) => branch(walk, 1, one), branch(START, share)),
    close,
  );
}

function closed(behind: readonly EnvoyOutcome[]): string[] {
  const connection = direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/'));
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of the context is looked at
  const context = { connection, tls: null } as ConnectionContext;
  const outcomes = closeAtFirstByte(
    context,
    START,
    (walk) => walk,
    () => [...behind],
    denied,
  );
  expectComplete(outcomes);
  return outcomes.map(({ probability, conditions, end: { kind, ...rest } }) => {
    const supposed = conditions.map(({ key, value }) => `${key}=${value} `).join('');
    return `${supposed}${probability} ${kind === 'close' && 'flag' in rest ? (rest.flag ?? 'denied') : kind}`;
  });
}

const [a, notA, b, notB] = [condition('a', true), condition('a', false), condition('b', true), condition('b', false)];

it('counts a branch that turns on nothing under each condition of another', () => {
  expect(
    closed([...outcome(0.25, [a], gaveUp), ...outcome(0.25, [notA], passed), ...outcome(0.75, [], passed)]),
  ).toEqual(['a=true 0.25 UH', 'a=true 0.75 denied', 'a=false 1 denied']);
});

it('counts branches that turn on conditions of their own under each pair', () => {
  expect(
    closed([
      ...outcome(0.5, [a], gaveUp),
      ...outcome(0.5, [notA], passed),
      ...outcome(0.5, [b], gaveUp),
      ...outcome(0.5, [notB], passed),
    ]),
  ).toEqual([
    'a=true 0.5 UH',
    'b=true 0.5 UH',
    'a=true b=false 0.5 denied',
    'a=false b=true 0.5 denied',
    'a=false b=false 1 denied',
  ]);
});

it('supposes no more than what decides', () => {
  expect(
    closed([...outcome(1, [a, b], gaveUp), ...outcome(1, [a, notB], passed), ...outcome(1, [notA], passed)]),
  ).toEqual(['a=true b=true 1 UH', 'a=true b=false 1 denied', 'a=false 1 denied']);
});
