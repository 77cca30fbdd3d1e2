import { describe, expect, it } from 'vitest';
import { probabilitySums } from '../../../src/model/branching.ts';
import type { VirtualServer } from '../../../src/model/ipvs.ts';
import { schedule } from '../../../src/evaluate/ipvs/schedule.ts';
import { parseVirtualServers } from '../../../src/parse/ipvs/virtual-servers.ts';
import { flowOf } from '../netfilter/environment.ts';

/** A virtual server with real servers `.1`, `.2` … of these weights; in the kernel's order when `ordered`. */
function service(scheduler: string, weights: readonly number[], more: Partial<VirtualServer> = {}): VirtualServer {
  const [rule = '', ...flags] = scheduler.split(' ');
  const lines = weights.map((weight, index) => `-a -t 10.0.0.100:80 -r 10.1.0.${index + 1}:8080 -m -w ${weight}`);
  const option = flags.length === 0 ? '' : ` -b ${flags.join(',')}`;
  const text = [`-A -t 10.0.0.100:80 -s ${rule}${option}`, ...lines].join('\n');
  const [made] = parseVirtualServers({ name: 'save', capturedAt: null, bytes: Buffer.from(text) }).value.all;
  if (made === undefined) throw new Error(text);
  return { ...made, ...more };
}

function choices(of: VirtualServer, from = '10.2.0.1:4000') {
  const chosen = schedule(of, flowOf(`${from} > 10.0.0.100:80`));
  if (typeof chosen === 'string') throw new Error(chosen);
  for (const sum of probabilitySums(chosen)) expect(sum).toBeCloseTo(1, 12);
  return chosen.map(
    (one) => [one.server?.address.slice(-1) ?? 'none', one.probability, one.conditions.length] as const,
  );
}

describe('schedulers', () => {
  it.each<[string, readonly number[], ReturnType<typeof choices>]>([
    [
      'rr',
      [1, 1],
      [
        ['1', 0.5, 0],
        ['2', 0.5, 0],
      ],
    ],
    [
      'rr',
      [5, 0, 1],
      [
        ['1', 0.5, 0],
        ['3', 0.5, 0],
      ],
    ],
    ['rr', [], [['none', 1, 0]]],
    ['rr', [0, 0], [['none', 1, 0]]],
    [
      'wrr',
      [3, 1, 0],
      [
        ['1', 0.75, 0],
        ['2', 0.25, 0],
      ],
    ],
    [
      'lc',
      [1, 1, 0],
      [
        ['1', 1, 1],
        ['2', 1, 1],
      ],
    ],
    ['wlc', [1], [['1', 1, 0]]],
    ['sed', [0], [['none', 1, 0]]],
    [
      'nq',
      [1, 2],
      [
        ['1', 1, 1],
        ['2', 1, 1],
      ],
    ],
    [
      'lblc',
      [1, 1],
      [
        ['1', 1, 1],
        ['2', 1, 1],
      ],
    ],
    [
      'lblcr',
      [1, 1],
      [
        ['1', 1, 1],
        ['2', 1, 1],
      ],
    ],
    [
      'ovf',
      [1, 2],
      [
        ['1', 1, 1],
        ['2', 1, 1],
        ['none', 1, 1],
      ],
    ],
    ['fo', [1, 3, 2], [['2', 1, 0]]],
    [
      'fo',
      [3, 3, 2],
      [
        ['1', 1, 1],
        ['2', 1, 1],
      ],
    ],
    [
      'sh',
      [1, 1, 0],
      [
        ['1', 1, 1],
        ['2', 1, 1],
        ['none', 1, 1],
      ],
    ],
    [
      'sh sh-fallback',
      [1, 1, 0],
      [
        ['1', 1, 1],
        ['2', 1, 1],
      ],
    ],
    ['sh', [1], [['1', 1, 0]]],
  ])('%s over weights %j', (scheduler, weights, expected) => {
    expect(choices(service(scheduler, weights))).toEqual(expected);
  });

  it('that nobody knows, and thresholds, are not guessed', () => {
    expect(schedule(service('mystery', [1]), flowOf('10.2.0.1:4000 > 10.0.0.100:80'))).toMatch(/mystery/);
    const limited = service('rr', [1, 1]);
    const servers = limited.servers.map((one) => ({ ...one, upperThreshold: 10 }));
    expect(schedule({ ...limited, servers }, flowOf('10.2.0.1:4000 > 10.0.0.100:80'))).toMatch(/threshold/);
  });
});

describe('hashes of the source', () => {
  const clients = Array.from({ length: 200 }, (_, index) => `10.2.${index}.7:4000`);
  const picked = (of: VirtualServer) => clients.map((client) => choices(of, client)[0]?.[0]);

  it.each(['sh', 'mh'])('%s: each client has its one server, and all servers have clients', (scheduler) => {
    const of = service(scheduler, [1, 1, 1], { ordered: true });
    for (const client of clients) expect(choices(of, client)).toHaveLength(1);
    expect(new Set(picked(of))).toEqual(new Set(['1', '2', '3']));
  });

  it('sh refuses in the buckets of a server without weight, and its fallback takes another', () => {
    expect(picked(service('sh', [1, 0, 1], { ordered: true }))).toContain('none');
    expect(picked(service('sh sh-fallback', [1, 0, 1], { ordered: true }))).not.toContain('none');
  });

  it('sh-port counts the port, which must be known', () => {
    const of = service('sh sh-port', [1, 1, 1], { ordered: true });
    const ports = [4000, 4001, 4002, 4003, 4004].map((port) => choices(of, `10.2.0.1:${port}`)[0]?.[0]);
    expect(new Set(ports).size).toBeGreaterThan(1);
    expect(choices(of, '10.2.0.1')).toHaveLength(3);
  });

  it('mh moves few clients when a server goes', () => {
    const before = picked(service('mh', [1, 1, 1, 1], { ordered: true }));
    const after = picked(service('mh', [1, 1, 1], { ordered: true }));
    const moved = before.filter((one, index) => one !== '4' && one !== after[index]).length;
    expect(moved).toBeLessThan(clients.length / 8);
  });
});
