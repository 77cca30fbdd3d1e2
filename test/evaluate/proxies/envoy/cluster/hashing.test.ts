import { describe, expect, it } from 'vitest';
import { maglevTable, ringTable } from '../../../../../src/evaluate/proxies/envoy/cluster/hash-table.ts';
import { xxHash64 } from '../../../../../src/evaluate/proxies/envoy/cluster/xxhash64.ts';

// Values of the reference implementation, as the tests of other implementations have them.
it.each([
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['abc', 0x44bc2cf5ad770999n],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
])('XXH64 of %j', (text, hash) => {
  expect(xxHash64(text)).toBe(hash);
});

const hosts = (...weights: readonly number[]): { key: string; weight: number }[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, index) => ({ key: `127.0.0.1:${90 + index}`, weight: weight / total }));
};

describe('a ring', () => {
  // The ring that Envoy's own test lists (test/extensions/load_balancing_policies/ring_hash/ring_hash_lb_test.cc, Basic).
  const sixHosts = ringTable(hosts(1, 1, 1, 1, 1, 1), 12, 8 * 1024 * 1024)!;
  it.each([
    [833_437_586_790_550_860n, 94],
    [928_266_305_478_181_108n, 92],
    [1_033_482_794_131_418_490n, 90],
    [3_551_244_743_356_806_947n, 95],
    [3_851_675_632_748_031_481n, 93],
    [5_583_722_120_771_150_861n, 91],
    [6_311_230_543_546_372_928n, 91],
    [7_700_377_290_971_790_572n, 93],
    [13_144_177_310_400_110_813n, 95],
    [13_444_792_449_719_432_967n, 92],
    [15_516_499_411_664_133_160n, 94],
    [16_117_243_373_044_804_889n, 90],
  ])('of six hosts has at %d the one of port %d', (hash, port) => {
    expect(sixHosts(hash)).toBe(port - 90);
    expect(sixHosts(hash - 1n)).toBe(port - 90);
  });

  it('leads past its end to its beginning', () => {
    const table = ringTable(hosts(1, 1), 8, 8)!;
    expect(table(0xffff_ffff_ffff_ffffn)).toBe(table(0n));
  });

  it.each([
    ['no host', [], 1024],
    ['too many entries', hosts(1, 1), 10_000_000],
  ])('is not built for %s', (_, list, minimum) => {
    expect(ringTable(list, minimum, Number.MAX_SAFE_INTEGER)).toBeNull();
  });
});

describe('a Maglev table', () => {
  it('gives hosts a part by their weights', () => {
    const table = maglevTable(hosts(1, 3), 101)!;
    const counts = [0, 0];
    for (let hash = 0n; hash < 101n; hash++) counts[table(hash)]!++;
    expect(counts).toEqual([26, 75]);
  });

  it.each([100, 1, 0, 2.5, 300_007])('is not built with the size %d', (size) => {
    expect(maglevTable(hosts(1, 1), size)).toBeNull();
  });
});
