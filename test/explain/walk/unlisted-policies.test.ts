/** NetworkPolicies that nobody listed may forbid the connection: only a List that is there and empty says that there are none. */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts, type Changes } from '../../sample-facts.ts';

const FILE = 'resources/networking.k8s.io/v1/networkpolicies.json';

it.each<readonly [string, Changes, string, string]>([
  ['listed, and none', {}, 'http://web', 'reachable'],
  ['not captured', { [FILE]: () => null }, 'http://web', 'undetermined'],
  ['not readable', { [FILE]: () => '{"kind":"NetworkPolicyList","items":[' }, 'http://web', 'undetermined'],
  ['refused with a Status', { [FILE]: () => '{"kind":"Status","status":"Failure"}' }, 'http://web', 'undetermined'],
])('%s', async (_, changes, to, verdict) => {
  const facts = await sampleFacts('kube-proxy-iptables', changes);
  const { verdict: given, branches } = explain(facts, ask('cli-a', to, { namespace: 'shop' }));
  expect(given).toBe(verdict);
  const told = branches.every(({ reason }) => reason.includes('the NetworkPolicies of namespace shop were not listed'));
  expect(told).toBe(verdict === 'undetermined');
});
