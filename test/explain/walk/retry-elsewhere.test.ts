/** The shares of ends behind a proxy that tries again at another host, worked out by hand. */
import { describe, expect, it } from 'vitest';
import { retriedShares, type RetriedEnd } from '../../../src/explain/walk/retry-elsewhere.ts';
import type { Condition } from '../../../src/model/branching.ts';
import type { ProxyFrame } from '../../../src/explain/walk/state.ts';
import { PLAIN_FRAME } from './proxy-frame.ts';
import { retriesOf } from './retries.ts';

const VISIT = {};
const OTHER_VISIT = {};
const AWAKE: Condition = { key: 'awake', value: true, subject: { kind: 'client-speaks' } };

interface FrameOptions {
  readonly visit?: object;
  readonly way?: string;
  readonly retries?: number;
  readonly again?: 'drawn' | 'same';
}

function frame(
  host: string,
  { visit = VISIT, way = 'route', retries = 1, again = 'drawn' }: FrameOptions = {},
): ProxyFrame {
  const choice = { visit, way: () => way, host, again };
  return { ...PLAIN_FRAME, retries: retriesOf(retries), choice };
}

const answered = (probability: number, ...proxies: readonly ProxyFrame[]): RetriedEnd => ({
  probability,
  conditions: [],
  proxies,
  retried: new Set(),
});

/** The last of the proxies has used up its retries. */
const lost = (probability: number, ...proxies: readonly ProxyFrame[]): RetriedEnd => ({
  ...answered(probability, ...proxies),
  retried: new Set(proxies.slice(-1)),
});

const rounded = (ends: readonly RetriedEnd[]): number[] => retriedShares(ends).map((share) => Number(share.toFixed(6)));

describe('the shares of ends', () => {
  it('go over to hosts that answer', () => {
    expect(rounded([answered(0.5, frame('a')), lost(0.5, frame('b'))])).toEqual([0.75, 0.25]);
  });

  it('keep their proportion at one host', () => {
    const ends = [answered(0.1, frame('a')), answered(0.4, frame('a')), lost(0.5, frame('b'))];
    expect(rounded(ends)).toEqual([0.15, 0.6, 0.25]);
  });

  it('stay at a host that is asked again, as far as it fails each time', () => {
    const [a, b] = [frame('a', { again: 'same' }), frame('b', { again: 'same' })];
    expect(rounded([answered(0.25, a), lost(0.25, a), lost(0.5, b)])).toEqual([0.375, 0.125, 0.5]);
  });

  it('stay as they are where every host fails, or none', () => {
    expect(rounded([lost(0.5, frame('a')), lost(0.5, frame('b'))])).toEqual([0.5, 0.5]);
    expect(rounded([answered(0.5, frame('a')), answered(0.5, frame('b'))])).toEqual([0.5, 0.5]);
  });

  it('stay with the part of the requests that came this way', () => {
    const away = frame('c', { way: 'another route' });
    const ends = [answered(0.2, away), answered(0.4, frame('a')), lost(0.4, frame('b'))];
    expect(rounded(ends)).toEqual([0.2, 0.6, 0.2]);
  });

  it('stay with the proxy that decides', () => {
    const ends = [answered(0.5, frame('a', { visit: OTHER_VISIT })), lost(0.5, frame('b'))];
    expect(rounded(ends)).toEqual([0.5, 0.5]);
  });

  it('stay as they are where ends suppose different things', () => {
    const ends = [{ ...answered(0.5, frame('a')), conditions: [AWAKE] }, lost(0.5, frame('b'))];
    expect(rounded(ends)).toEqual([0.5, 0.5]);
  });

  it('go over at each proxy of several, the last one first', () => {
    const first = frame('next');
    const inner = (host: string): ProxyFrame => frame(host, { visit: OTHER_VISIT });
    const failing = inner('b');
    // Half of the requests go to `next`, whose proxy loses a quarter of them after its own retry.
    const ends = [
      answered(0.25, first, inner('a')),
      { ...lost(0.25, first, failing), retried: new Set([first, failing]) },
      answered(0.5, frame('far')),
    ];
    // 0.125 of all fail at first; the retry goes to `far` by half, and by an eighth fails again.
    expect(rounded(ends)).toEqual([0.421875, 0.015625, 0.5625]);
  });
});
