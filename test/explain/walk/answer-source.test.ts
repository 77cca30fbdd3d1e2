/**
 * A datagram to a socket of all addresses. What is expected was seen of a kernel (6.18, two namespaces, a machine with an address on each
 * of two devices): asked at the address of the other device, the socket answers from that of the device towards the client; a connected
 * client, and one whose request was translated on the way, never gets the answer. A socket of that address alone answers from it.
 */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts } from '../../sample-facts.ts';

const NODE = '10.10.0.11';
/** Of the device that the node's route to its pods names. */
const TOWARDS_PODS = '10.244.1.1';

async function answered(from: string, to: string, bound: string) {
  const facts = await sampleFacts('kube-proxy-iptables', {
    'nodes/node1/sockets.txt': (text) =>
      `${text.trimEnd()}\nudp   UNCONN 0      0      ${bound}:9999      *:*    users:(("logd",pid=4711,fd=3))\n`,
  });
  const explanation = explain(facts, ask(from, to, { namespace: 'shop' }));
  return {
    ...explanation,
    said: `${explanation.verdict} ${explanation.branches.map((one) => one.disposition).join()}`,
  };
}

it.each([
  ['at another address than the one towards the client', 'cli-a', NODE, '*', 'undetermined undetermined'],
  ['at the address towards the client', 'cli-a', TOWARDS_PODS, '*', 'reachable delivered'],
  ['at the address towards a client of another node', 'cli-b', NODE, '*', 'reachable delivered'],
  ['at a socket of that address alone', 'cli-a', NODE, NODE, 'reachable delivered'],
])('asked %s', async (_what, from, address, bound, expected) => {
  const { said, summary } = await answered(from, `udp://${address}:9999`, bound);
  expect(said, summary).toBe(expected);
});

it('says from where it is answered, and what would make it come from elsewhere', async () => {
  const { summary } = await answered('cli-a', `udp://${NODE}:9999`, '*');
  expect(summary).toContain(`answers from ${TOWARDS_PODS}`);
  expect(summary).toContain('IP_PKTINFO');
});
