/** Intended against programmed, where kube-proxy programs nftables. */
import { expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import { ask, sampleFacts } from '../sample-facts.ts';

const RULES = 'nodes/node1/nft-ruleset.json';
const ASKED = ask('pod/cli-a', 'tcp://10.96.10.1:80', { namespace: 'shop' });

async function codes(change: (text: string) => string): Promise<readonly string[]> {
  const facts = await sampleFacts('kube-proxy-nftables', { [RULES]: change });
  return explain(facts, ASKED).findings.map((finding) => finding.code);
}

it('rules that are as they should be give no finding', async () => {
  const { findings, verdict } = explain(await sampleFacts('kube-proxy-nftables'), ASKED);
  expect([verdict, ...findings]).toEqual(['reachable']);
});

it('a backend that no EndpointSlice has is found, and the one that it replaces', async () => {
  const found = await codes((text) => text.replaceAll('["10.244.1.11", 8080]', '["10.244.1.99", 8080]'));
  expect(found).toEqual(expect.arrayContaining(['KR202', 'KR203']));
});

it('a Service address without an element is found', async () => {
  expect(await codes((text) => text.replaceAll('["10.96.10.1", "tcp", 80]', '["10.96.10.1", "tcp", 8081]'))).toContain(
    'KR204',
  );
});

it('a statement that is not understood leaves the answer open', async () => {
  const facts = await sampleFacts('kube-proxy-nftables', {
    [RULES]: (text) => text.replaceAll('{"jump": {"target": "services"}}', '{"warp": {"to": "services"}}'),
  });
  const { verdict } = explain(facts, ASKED);
  expect(verdict).toBe('undetermined');
  expect(facts.gaps().find((gap) => gap.artefact.endsWith('nft-ruleset.json'))?.problem).toContain('"warp"');
});
