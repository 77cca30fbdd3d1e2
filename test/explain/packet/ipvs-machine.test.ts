import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packetReport, type PacketReport } from '../../../src/explain/packet/packet-report.ts';
import { openPacketMachine } from '../../../src/packet-machine.ts';

const NODE = fileURLToPath(new URL('../../fixtures/ipvs/rr/clusters/lab/nodes/lab-node/', import.meta.url));

async function machine(files: readonly string[]) {
  return openPacketMachine({
    rulesets: files.map((file) => `${NODE}${file}`),
    rulesets6: [],
    nodeAddresses: ['10.60.0.1', '10.244.0.1'],
  });
}

async function answer(files: readonly string[], description: object): Promise<PacketReport['outcomes']> {
  const opened = await machine(files);
  const report = packetReport(opened.answer(description));
  if ('error' in report) throw new Error(report.error);
  return report.outcomes;
}

const RULES = ['iptables-save.txt', 'ipset-save.txt', 'sysctl.txt'];
const WEB = { src: '10.244.0.50', dst: '10.96.0.10', dport: 80 };

describe('packet on a node in ipvs mode', () => {
  it('goes through rules, virtual servers and rules again', async () => {
    const outcomes = await answer([...RULES, 'ipvsadm-save.txt'], { ...WEB, src: '10.99.0.1' });
    expect(outcomes.map((one) => [one.action, one.destination.ip, one.destination.port, one.snat])).toEqual([
      ['accept', '10.244.0.11', 8080, 'masquerade'],
      ['accept', '10.244.0.12', 8080, 'masquerade'],
      ['accept', '10.244.1.13', 8080, 'masquerade'],
    ]);
    const rules = outcomes[0]?.rules.join('\n') ?? '';
    expect(rules).toContain('-A -t 10.96.0.10:80 -s rr');
    expect(rules).toContain('-a -t 10.96.0.10:80 -r 10.244.0.11:8080 -m -w 1');
    expect(rules.indexOf('KUBE-MARK-MASQ')).toBeLessThan(rules.indexOf('-A -t 10.96.0.10:80'));
    expect(rules.indexOf('MASQUERADE')).toBeGreaterThan(rules.indexOf('-a -t'));
  });

  it('is refused where a virtual server has no real one', async () => {
    const outcomes = await answer([...RULES, 'ipvsadm-save.txt'], { ...WEB, dst: '10.96.0.70' });
    expect(outcomes.map((one) => one.action)).toEqual(['reject']);
  });

  it('says which addresses it took for the machine own ones', async () => {
    const without = await machine([...RULES, 'ipvsadm-save.txt']);
    const listed = await machine([...RULES, 'ipvsadm-save.txt', 'ip-address.json']);
    expect(without.gaps().some((gap) => gap.problem.includes('virtual servers'))).toBe(true);
    expect(listed.gaps().some((gap) => gap.problem.includes('virtual servers'))).toBe(false);
  });

  it('is open where sets or settings that decide are not given', async () => {
    const outcomes = await answer(['iptables-save.txt', 'ipvsadm-save.txt'], WEB);
    expect(outcomes.map((one) => one.action)).toContain('undetermined');
  });

  // Seen of a real IPVS: test/conformance/ipvs/output-rules.test.ts.
  it.each([
    ['-m', '-d 10.98.2.11/32', 'drop'],
    ['-m', '-d 10.98.10.1/32', 'accept'],
    ['-g', '-d 10.98.10.1/32', 'drop'],
    ['-i', '-p ipencap', 'undetermined'],
  ])('sends on by %s what rules of OUTPUT see, here %s', async (method, match, action) => {
    const folder = mkdtempSync(join(tmpdir(), 'kubectl-reach-output-'));
    const texts = {
      'save.txt': `*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT ${match} -j DROP\nCOMMIT\n`,
      'ipvs.txt': `-A -t 10.98.10.1:80 -s rr\n-a -t 10.98.10.1:80 -r 10.98.2.11:80 ${method} -w 1\n`,
      'sysctl.txt': 'net.ipv4.vs.conntrack = 1\nnet.ipv4.ip_forward = 1\n',
    };
    const rulesets = Object.entries(texts).map(([name, text]) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    });
    const opened = await openPacketMachine({ rulesets, rulesets6: [], nodeAddresses: ['10.98.2.2', '10.98.10.1'] });
    rmSync(folder, { recursive: true });
    const report = packetReport(opened.answer({ src: '10.98.1.2', dst: '10.98.10.1', dport: 80 }));
    expect('error' in report ? report.error : report.outcomes.map((one) => one.action)).toEqual([action]);
  });
});
