/** A proxy speaks TLS of its own, no proxy ends it, and nobody knows what the application does with it. */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts, type Changes } from '../../sample-facts.ts';

const DETAILS = 'pods/bookinfo/details-v1/netns/iptables-save.txt';
const CLIENT = 'pods/bookinfo/cli-a/envoy/config_dump.json';
/** Connections reach the application as they come. */
const BARE: Changes = {
  [DETAILS]: (save) => save.replace(/^.*-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT\n/m, ''),
};

async function told(changes: Changes): Promise<readonly unknown[]> {
  const facts = await sampleFacts('istio-bookinfo', { ...BARE, ...changes });
  const { verdict, summary, branches } = explain(
    facts,
    ask('cli-a', 'http://details:9080/', { namespace: 'bookinfo' }),
  );
  return [verdict, branches[0]?.disposition, branches[0]?.status, branches[0]?.flag, summary.replace(/^.*?\. /, '')];
}

it('the application may end it', async () => {
  const simple = (dump: string): string =>
    dump.replaceAll('"istio"', '"http/1.1"').replaceAll('"istio-peer-exchange"', '"h2"');
  expect(await told({ [CLIENT]: simple })).toEqual([
    'undetermined',
    'undetermined',
    null,
    null,
    expect.stringContaining(
      'is asked with TLS, which the proxy of pod bookinfo/cli-a speaks; whether the application does, and with a certificate that is accepted, is not known',
    ),
  ]);
});

it('the proxy would accept no certificate', async () => {
  const unready = (dump: string): string =>
    dump.replaceAll('"istio"', '"http/1.1"').replace(/"name": "ROOTCA"(?=,\s+"version_info")/, '"name": "absent"');
  expect(await told({ [CLIENT]: unready })).toEqual([
    'unreachable',
    'failed',
    503,
    'URX,UF',
    expect.stringContaining('no certificate would be accepted'),
  ]);
});
