/**
 * Every probe that was sent in the lab with a real kube-proxy: `explain`, asked the same question on the snapshot, must say what
 * happened: the same backends with the distribution of the rules, the same refusals and timeouts, the same source addresses.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { Branch } from '../../src/model/explanation.ts';
import { fits } from './chi-squared.ts';
import { ask, sampleFacts } from '../sample-facts.ts';

interface Probe {
  readonly about: string;
  readonly from: string;
  readonly to: string;
  readonly n: number;
  /** Who answered (`web-a:8080`), or TIMEOUT or ECONNREFUSED, and how often. */
  readonly result: Readonly<Record<string, number>>;
  /** Source addresses that the backends saw, and how often. */
  readonly peer_seen: Readonly<Record<string, number>>;
}

/** Where the machine outside sends packets for Service addresses; its routes are not in the snapshot. */
const ENTRY = 'node1';
const OUTSIDE = '10.10.0.50';

/** Probes whose end lies outside the snapshot, with what is expected instead of the end. */
const OUT_OF_SIGHT = new Map([
  [
    'ipMode Proxy VIP (not programmed by kube-proxy)',
    'the load balancer itself, which no snapshot holds, should answer there',
  ],
]);

function probes(mode: string): readonly Probe[] {
  let about = '';
  const file = new URL(`../fixtures/kube-proxy/truth-${mode}.txt`, import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('#')) about = line.slice(2);
      return line.startsWith('{"from"') ? [{ about, ...(JSON.parse(line) as Omit<Probe, 'about'>) }] : [];
    });
}

function question({ from, to }: Probe) {
  const [protocol = '', at = ''] = to.split(' ');
  const colon = at.lastIndexOf(':');
  const host = at.slice(0, colon);
  const target = `${protocol}://${host.includes(':') ? `[${host}]` : host}:${at.slice(colon + 1)}`;
  if (from === 'lab-client') {
    const node = host === '10.10.0.12' ? 'node2' : ENTRY;
    return ask(OUTSIDE, target, { node });
  }
  return from.startsWith('p-')
    ? ask(`pod/${from.slice(2)}`, target, { namespace: 'shop' })
    : ask(`node/${from}`, target);
}

function name({ backend }: Branch): string {
  return backend === null ? '' : `${backend.pod?.replace('shop/', '') ?? backend.ip}:${backend.port}`;
}

/** Shares of the backends under one condition; all of them when nothing is conditional. */
function sharesByCondition(branches: readonly Branch[]): readonly ReadonlyMap<string, number>[] {
  const conditions = new Set(branches.map((branch) => branch.condition));
  return [...conditions].map((condition) => {
    const shares = new Map<string, number>();
    for (const branch of branches.filter((one) => one.condition === condition)) {
      shares.set(name(branch), (shares.get(name(branch)) ?? 0) + branch.probability);
    }
    return shares;
  });
}

/** Verdict and disposition where no backend answered. A refusal may time out now and then: the kernel limits the rate of ICMP errors. */
function endWithoutBackend({ about, result }: Probe): readonly string[] | undefined {
  if (OUT_OF_SIGHT.has(about)) return ['undetermined', 'leaves-snapshot'];
  if (Object.hasOwn(result, 'ECONNREFUSED')) return ['unreachable', 'refused'];
  return Object.hasOwn(result, 'TIMEOUT') ? ['unreachable', 'dropped'] : undefined;
}

function story(branches: readonly Branch[]): string {
  return branches.map((branch) => `${branch.disposition} ${branch.probability} ${branch.reason}`).join('\n');
}

describe.each([
  ['iptables', 'kube-proxy-iptables'],
  ['legacy', 'kube-proxy-legacy'],
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
    const { branches, verdict } = explain(facts, question(probe));
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
