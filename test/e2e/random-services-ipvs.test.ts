/**
 * The random Services of random-services.test.ts, programmed by a real kube-proxy in ipvs mode, in the guest kernel.
 * KUBECTL_REACH_CASES: how many cases; KUBECTL_REACH_SEED: the first.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IpvsCluster } from '../lab/ipvs-guest/ipvs-cluster.ts';
import { defaultName } from '../lab/lab.ts';
import { GuestCases } from './random-services/guest-cases.ts';
import { holdCases } from './random-services/hold-cases.ts';
import { RANDOM_SERVICES } from './random-services/pods.ts';

let cases: GuestCases;
beforeAll(async () => {
  cases = await GuestCases.over(await IpvsCluster.start(defaultName(), RANDOM_SERVICES));
}, 900_000);
afterAll(() => cases.stop());

it('virtual servers, objects and kernel agree', { timeout: 7_200_000 }, async () => {
  // The scheduler goes round: few requests meet all.
  const failures = await holdCases('kube-proxy, ipvs', cases, { cases: 1, services: 8, requests: 3 });
  expect(failures.join('\n')).toBe('');
});
