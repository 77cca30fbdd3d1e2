/** Neither the Node objects nor the nodes could be read: what one known Service decides is told as intended, and nothing more. */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts, sampleSource, type Changes } from '../../sample-facts.ts';

const SAMPLE = 'kube-proxy-iptables';
const PREFIX = 'clusters/lab/';

/** The sample as a Role that reads one namespace leaves it. */
async function readByRole(): Promise<Changes> {
  const names = (await sampleSource(SAMPLE)).names().map((name) => name.slice(PREFIX.length));
  const unread = names.filter((name) => /^nodes\/|^pods\/|\/(?:nodes|namespaces|configmaps)\.json$/.test(name));
  return Object.fromEntries(unread.map((name) => [name, () => null]));
}

it.each<readonly [string, string, number, RegExp]>([
  [
    'a cluster IP is one Service’s alone',
    'http://web',
    3,
    /As the API objects intend it, .* delivered to .*shop\/web-a/,
  ],
  ['hints ask for the zone of the node', 'http://web-zonal', 1, /neither the rules of node node1 nor the objects/],
  ['an external address may be the node’s own', 'http://198.51.100.28', 1, /neither the rules of node node1 nor/],
])('%s', async (_, to, branches, says) => {
  const answer = explain(await sampleFacts(SAMPLE, await readByRole()), ask('cli-a', to, { namespace: 'shop' }));
  expect(answer.verdict).toBe('undetermined');
  expect(answer.branches.map(({ disposition }) => disposition)).toHaveLength(branches);
  expect(answer.summary).toMatch(says);
  expect(answer.coverage.assumed.some((clause) => clause.startsWith('Node node1 could not be read'))).toBe(
    branches > 1,
  );
});
