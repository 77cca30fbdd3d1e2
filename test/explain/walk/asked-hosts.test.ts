/** Where retries lead among hosts: sums of probability, worked out by hand, and the same as when draws are made one by one. */
import { describe, expect, it } from 'vitest';
import { askedHosts, type DrawnHost } from '../../../src/explain/walk/asked-hosts.ts';
import { Random } from '../../conformance/envoy/random.ts';

const host = (share: number, fails: number): DrawnHost => ({ share, fails });

describe('hosts that are asked for a request', () => {
  it('is one when none fails', () => {
    expect(askedHosts([host(0.25, 0), host(0.75, 0)], 3, 5)).toEqual([
      { ever: 0.25, last: 0 },
      { ever: 0.75, last: 0 },
    ]);
  });

  it('is the same one again where a retry takes any', () => {
    const [works, fails] = askedHosts([host(0.25, 0), host(0.75, 1)], 3, 0);
    expect(works?.ever).toBeCloseTo(0.25 + 0.75 * 0.25 + 0.75 ** 2 * 0.25);
    expect(fails?.last).toBeCloseTo(0.75 ** 3);
  });

  it('is hardly the same one where a retry draws again', () => {
    const [works, fails] = askedHosts([host(0.25, 0), host(0.75, 1)], 2, 5);
    // The first draw, and all six of the retry.
    expect(fails?.last).toBeCloseTo(0.75 ** 7);
    expect(works?.ever).toBeCloseTo(1 - 0.75 ** 7);
  });

  it('counts attempts of hosts that fail each time', () => {
    const asked = askedHosts([host(0.5, 1), host(0.5, 1)], 3, 0);
    expect(asked.reduce((sum, { ever }) => sum + ever, 0)).toBeCloseTo(3);
    expect(asked.reduce((sum, { last }) => sum + last, 0)).toBeCloseTo(1);
  });

  it('draws again among more kinds of hosts than it keeps account of as if it took any', () => {
    const shares = [1, 2, 3, 4, 5, 6, 7].map((weight) => host(weight / 28, weight === 7 ? 0 : 1));
    expect(askedHosts(shares, 2, 5).at(-1)?.ever).toBeCloseTo(0.25 + 0.75 * 0.25);
  });
});

/** Draws as Envoy does. @returns of which part of so many requests each host gives the answer, or fails when no attempt is left */
function drawn(random: Random, hosts: readonly DrawnHost[], attempts: number, redraws: number, times: number) {
  const ends = hosts.map(() => ({ answered: 0, lost: 0 }));
  const draw = (): number => {
    let left = random.next();
    return hosts.findIndex(({ share }) => (left -= share) < 0);
  };
  for (let request = 0; request < times; request++) {
    const tried = new Set<number>();
    for (let attempt = 1; attempt <= attempts; attempt++) {
      let at = draw();
      for (let again = 0; tried.has(at) && again < redraws; again++) at = draw();
      tried.add(at);
      const end = ends[at];
      if (end === undefined) throw new Error('no host');
      const fails = random.chance(hosts[at]?.fails ?? 0);
      if (!fails) end.answered += 1 / times;
      else if (attempt === attempts) end.lost += 1 / times;
      if (!fails) break;
    }
  }
  return ends;
}

describe('draws one by one', () => {
  it.each([1, 2, 3, 4, 5, 6])('come to the same, seed %i', (seed) => {
    const random = new Random(seed);
    const weights = Array.from({ length: 2 + random.below(4) }, () => 1 + random.below(2));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    const hosts = weights.map((weight) => host(weight / whole, random.pick([0, 1, 0.5])));
    const [attempts, redraws] = [1 + random.below(4), random.below(4)];
    const asked = askedHosts(hosts, attempts, redraws);
    const seen = drawn(random, hosts, attempts, redraws, 40_000);
    for (const [at, { answered, lost }] of seen.entries()) {
      const fails = hosts[at]?.fails ?? 0;
      expect((asked[at]?.ever ?? 0) * (1 - fails)).toBeCloseTo(answered, 1.7);
      expect((asked[at]?.last ?? 0) * fails).toBeCloseTo(lost, 1.7);
    }
  });
});
