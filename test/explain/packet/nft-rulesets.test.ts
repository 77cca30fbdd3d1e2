import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packetReport } from '../../../src/explain/packet/packet-report.ts';
import { openPacketMachine } from '../../../src/packet-machine.ts';
import { temporaryFolder } from '../../collect/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NODE1 = join(ROOT, 'samples/kube-proxy-nftables/clusters/lab/nodes/node1');
const IPTABLES = join(ROOT, 'samples/kube-proxy-iptables/clusters/lab/nodes/node1');
const ADDRESSES = ['10.10.0.11', '10.244.1.1', 'fd00:10::11', 'fd00:244:1::1'];

async function outcomes(rulesets: readonly string[], description: Readonly<Record<string, unknown>>) {
  const machine = await openPacketMachine({ rulesets, rulesets6: [], nodeAddresses: ADDRESSES });
  const report = packetReport(machine.answer(description));
  if ('error' in report) throw new Error(report.error);
  return report.outcomes.map(({ action, destination, snat, probability }) => {
    const share = Number(probability.toFixed(3));
    return `${action} ${destination.ip}:${destination.port} ${snat ?? 'kept'} ${share}`;
  });
}

describe('packet reads listings of nft', () => {
  const web = { src: '10.244.1.20', dst: '10.96.10.1', dport: 80 };
  const backends = [
    'accept 10.244.1.10:8080 kept 0.333',
    'accept 10.244.1.11:8080 kept 0.333',
    'accept 10.244.2.10:8080 kept 0.333',
  ];

  it.each([
    ['as JSON', join(NODE1, 'nft-ruleset.json')],
    ['as text', join(ROOT, 'test/fixtures/kube-proxy/nft-ruleset-node1.txt')],
  ])('%s', async (_, file) => {
    expect(await outcomes([file], web)).toEqual(backends);
    expect(await outcomes([file], { ...web, src: '10.10.0.50' })).toEqual(
      backends.map((one) => one.replace('kept', 'masquerade')),
    );
    expect(await outcomes([file], { ...web, dport: 81 })).toEqual(['reject 10.96.10.1:81 kept 1']);
    expect(await outcomes([file], { ...web, dst: '10.96.99.99' })).toEqual(['drop 10.96.99.99:80 kept 1']);
    const six = await outcomes([file], { src: 'fd00:244:1::20', dst: 'fd00:96::109', dport: 80 });
    expect(six.length).toBe(3);
  });

  it('with an iptables-save of the same rules: each counts once', async () => {
    const files = [join(IPTABLES, 'iptables-save.txt'), join(IPTABLES, 'nft-ruleset.json')];
    const alone = await outcomes(files.slice(0, 1), web);
    expect(alone).toEqual(backends);
    expect(await outcomes(files, web)).toEqual(alone);
    expect((await outcomes(files.slice(1), web))[0]).toMatch(/^undetermined/);
  });

  it('with chains of a device, which may decide over any packet', async () => {
    const text =
      'table netdev x {\n\tchain y {\n\t\ttype filter hook ingress device "eth0" priority 0; policy accept;\n\t\tdrop\n\t}\n}\n';
    const file = join(temporaryFolder({ 'nft.txt': text }), 'nft.txt');
    expect(await outcomes([file], web)).toEqual(['undetermined 10.96.10.1:80 kept 1']);
  });
});
