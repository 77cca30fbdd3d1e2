import { describe, expect, it } from 'vitest';
import type { Host } from '../../../../../src/evaluate/proxies/envoy/cluster/host-set.ts';
import { sharePriorities } from '../../../../../src/evaluate/proxies/envoy/cluster/priority.ts';

const OPTIONS = { overprovisioningFactor: 140, panicThreshold: 0, weightedPriorityHealth: false };

/** A hundred hosts of a priority, so many of them healthy and so many degraded. */
function hosts(priority: number, healthy: number, degraded = 0, count = 100): Host[] {
  return Array.from({ length: count }, (_, index) => ({
    address: '10.0.0.1',
    port: index,
    name: `${index}`,
    hostname: '',
    weight: 1,
    priority,
    locality: 0,
    metadata: null,
    cites: () => [],
    health: index < healthy ? 'healthy' : index < healthy + degraded ? 'degraded' : 'unhealthy',
    excluded: false,
    reasons: [],
  }));
}

function loads(percents: readonly number[]): number[] {
  const shares = sharePriorities(
    percents.flatMap((percent, priority) => hosts(priority, percent)),
    OPTIONS,
  );
  return percents.map((_, priority) =>
    shares.filter((share) => share.priority === priority).reduce((sum, { percent }) => sum + percent, 0),
  );
}

// The tables of Envoy's documentation, "Priority levels" and "Degraded endpoints".
describe('sharePriorities', () => {
  it.each([
    [
      [100, 100],
      [100, 0],
    ],
    [
      [72, 100],
      [100, 0],
    ],
    [
      [71, 100],
      [99, 1],
    ],
    [
      [50, 100],
      [70, 30],
    ],
    [
      [25, 100],
      [35, 65],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [
      [72, 72],
      [100, 0],
    ],
    [
      [71, 71],
      [99, 1],
    ],
    [
      [50, 50],
      [70, 30],
    ],
    [
      [25, 25],
      [50, 50],
    ],
    [
      [100, 100, 100],
      [100, 0, 0],
    ],
    [
      [71, 71, 100],
      [99, 1, 0],
    ],
    [
      [25, 100, 100],
      [35, 65, 0],
    ],
    [
      [25, 25, 100],
      [35, 35, 30],
    ],
  ])('%j healthy take %j', (percents, expected) => {
    expect(loads(percents)).toEqual(expected);
  });

  it.each([
    [100, 0, 0, { healthy: 100, degraded: 0, next: 0 }],
    [71, 0, 100, { healthy: 99, degraded: 0, next: 1 }],
    [25, 75, 100, { healthy: 35, degraded: 0, next: 65 }],
    [25, 65, 10, { healthy: 35, degraded: 51, next: 14 }],
    [5, 0, 95, { healthy: 7, degraded: 0, next: 93 }],
  ])('%d healthy and %d degraded before %d healthy share %j', (healthy, degraded, next, expected) => {
    const shares = sharePriorities([...hosts(0, healthy, degraded), ...hosts(1, next)], OPTIONS);
    const of = (priority: number, availability: string): number =>
      shares.find((share) => share.priority === priority && share.availability === availability)?.percent ?? 0;
    expect({ healthy: of(0, 'healthy'), degraded: of(0, 'degraded'), next: of(1, 'healthy') }).toEqual(expected);
  });

  it('panics below the threshold when all priorities together cannot take the load', () => {
    expect(sharePriorities(hosts(0, 30), { ...OPTIONS, panicThreshold: 50 })).toEqual([
      { priority: 0, availability: 'all', meant: 'healthy', percent: 100 },
    ]);
    expect(sharePriorities(hosts(0, 30), OPTIONS)).toEqual([
      { priority: 0, availability: 'healthy', meant: 'healthy', percent: 100 },
    ]);
    expect(sharePriorities([...hosts(0, 30), ...hosts(1, 100)], { ...OPTIONS, panicThreshold: 50 })).toEqual([
      { priority: 0, availability: 'healthy', meant: 'healthy', percent: 42 },
      { priority: 1, availability: 'healthy', meant: 'healthy', percent: 58 },
    ]);
  });

  it('follows the number of hosts when every priority panics', () => {
    expect(sharePriorities([...hosts(0, 5, 0, 30), ...hosts(1, 5)], { ...OPTIONS, panicThreshold: 50 })).toEqual([
      { priority: 0, availability: 'all', meant: 'healthy', percent: 24 },
      { priority: 1, availability: 'all', meant: 'healthy', percent: 76 },
    ]);
  });

  it('leaves the load with priority 0 when there is no host at all', () => {
    expect(sharePriorities([], OPTIONS)).toEqual([
      { priority: 0, availability: 'healthy', meant: 'healthy', percent: 100 },
    ]);
  });
});
