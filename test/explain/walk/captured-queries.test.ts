/** A name that the cluster's DNS server does not have, where Istio's agent answers queries (ISTIO_META_DNS_CAPTURE). */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts, type Changes } from '../../sample-facts.ts';

const RULES = 'pods/bookinfo/cli-a/netns/iptables-save.txt';
/** As istio-iptables writes it: the agent's own queries are left alone. */
const CAPTURED = [
  '-A ISTIO_OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1337 -j RETURN',
  '-A ISTIO_OUTPUT -p udp -m udp --dport 53 -j REDIRECT --to-ports 15053',
];
const capturing: Changes = {
  [RULES]: (save) => save.replace(/^.*-A ISTIO_OUTPUT /m, (first) => `${CAPTURED.join('\n')}\n${first}`),
};

async function told(to: string, changes: Changes, uid: number | null = null): Promise<readonly unknown[]> {
  const facts = await sampleFacts('istio-bookinfo', changes);
  const { verdict, branches, summary } = explain(facts, ask('cli-a', to, { namespace: 'bookinfo', uid }));
  return [verdict, branches[0]?.disposition, summary.includes('redirected to local port 15053')];
}

it.each([
  ['nobody else answers', 'http://ghost.bookinfo.svc.cluster.local/', {}, null, ['unreachable', 'unresolved', false]],
  [
    'the agent may know it',
    'http://ghost.bookinfo.svc.cluster.local/',
    capturing,
    null,
    ['undetermined', 'undetermined', true],
  ],
  ['the agent may know a bare name', 'http://ghost/', capturing, null, ['undetermined', 'undetermined', true]],
  [
    'the agent itself asks the server',
    'http://ghost.bookinfo.svc.cluster.local/',
    capturing,
    1337,
    ['unreachable', 'unresolved', false],
  ],
])('%s', async (_, to, changes, uid, expected) => {
  expect(await told(to, changes, uid)).toEqual(expected);
});

it('a Service that the server knows is found', async () => {
  expect(await told('http://details:9080/', capturing)).toEqual(await told('http://details:9080/', {}));
});
