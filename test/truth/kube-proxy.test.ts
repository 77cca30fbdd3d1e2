/**
 * Every probe that was sent in the lab with a real kube-proxy: `explain`, asked the same question on the snapshot, must say what
 * happened: the same backends with the distribution of the rules, the same refusals and timeouts, the same source addresses.
 */
import { describe, expect, it } from 'vitest';
import { schemaErrors } from '../schema/explain-schema.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Branch } from '../../src/model/explanation.ts';
import { fits } from './chi-squared.ts';
import { sampleFacts } from '../sample-facts.ts';
import { backendName, endWithoutBackend, probes, question, type Probe } from './kube-proxy-probes.ts';

/** Shares of the backends under one condition; all of them when nothing is conditional. */
function sharesByCondition(branches: readonly Branch[]): readonly ReadonlyMap<string, number>[] {
  const conditions = new Set(branches.map((branch) => branch.condition));
  return [...conditions].map((condition) => {
    const shares = new Map<string, number>();
    for (const branch of branches.filter((one) => one.condition === condition)) {
      shares.set(backendName(branch), (shares.get(backendName(branch)) ?? 0) + branch.probability);
    }
    return shares;
  });
}

function story(branches: readonly Branch[]): string {
  return branches.map((branch) => `${branch.disposition} ${branch.probability} ${branch.reason}`).join('\n');
}

describe.each([
  ['iptables', 'kube-proxy-iptables'],
  ['legacy', 'kube-proxy-legacy'],
  ['nftables', 'kube-proxy-nftables'],
] as const)('%s', async (mode, sample) => {
  const facts = await sampleFacts(sample);
  const all = probes(mode);

  it('holds every probe', () => {
    expect(all.length).toBe(40);
  });

  const cases = (from: readonly Probe[]) =>
    from.map((probe) => [`${probe.about}: ${probe.from} → ${probe.to}`, probe] as const);
  const answered = all.filter((probe) => endWithoutBackend(probe) === undefined);

  it.each(cases(all))('ends as it did: %s', (_, probe) => {
    const explanation = explain(facts, question(probe));
    const { branches, verdict } = explanation;
    expect(schemaErrors(explanation)).toEqual([]);
    const ends = [verdict, ...new Set(branches.map((branch) => branch.disposition))];
    expect(ends, story(branches)).toEqual(endWithoutBackend(probe) ?? ['reachable', 'delivered']);
  });

  it.each(cases(answered))('reaches whom it reached, as often: %s', (_, probe) => {
    const { branches } = explain(facts, question(probe));
    const counts = new Map(Object.entries(probe.result));
    const possible = sharesByCondition(branches).filter((shares) => [...counts.keys()].every((one) => shares.has(one)));
    const fitting = possible.filter((shares) =>
      fits(
        [...shares.keys()].map((one) => counts.get(one) ?? 0),
        [...shares.values()],
      ),
    );
    expect(fitting.length, `no condition gives ${JSON.stringify(probe.result)}:\n${story(branches)}`).toBeGreaterThan(
      0,
    );
    expect(new Set(branches.map((branch) => branch.observedSource)), story(branches)).toEqual(
      new Set(Object.keys(probe.peer_seen)),
    );
  });
});
