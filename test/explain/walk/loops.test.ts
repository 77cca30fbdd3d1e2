/** A request that runs in a circle ends as a loop, at once: through a proxy that is sent its own connections, by a new connection each time. */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts } from '../../sample-facts.ts';

const RULES = 'pods/bookinfo/productpage-v1-abc/netns/iptables-save.txt';

it('is found where a sidecar is redirected to itself', async () => {
  const facts = await sampleFacts('one-node-bookinfo', {
    // The rule that lets the proxy's own user pass is gone.
    [RULES]: (save) => save.replaceAll(/^.*-A ISTIO_OUTPUT -m owner --[ug]id-owner 1337 -j RETURN\n/gm, ''),
  });
  const question = ask('productpage-v1-abc', 'http://details:9080/', { namespace: 'bookinfo' });
  const { verdict, branches } = explain(facts, question);
  expect([verdict, ...branches.map((one) => one.disposition)]).toEqual(['unreachable', 'loop']);
  expect(branches[0]?.reason).toContain('by a new connection each time');
  expect(branches[0]?.hops.filter((hop) => hop.kind === 'proxy').length).toBeLessThan(5);
});
