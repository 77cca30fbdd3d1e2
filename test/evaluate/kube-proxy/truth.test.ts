import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateKubeProxy } from '../../../src/evaluate/kube-proxy/evaluate-kube-proxy.ts';
import type { IntendedOutcome } from '../../../src/model/kube-proxy.ts';
import { openLab, packet } from './lab.ts';

interface Probe {
  readonly about: string;
  readonly from: string;
  readonly to: string;
  readonly n: number;
  /** Who answered, or TIMEOUT or ECONNREFUSED, and how often. */
  readonly result: Readonly<Record<string, number>>;
  readonly peer_seen: Readonly<Record<string, number>>;
}

const lab = openLab('kube-proxy-iptables');

function probes(mode: string): Probe[] {
  const file = new URL(`../../fixtures/kube-proxy/truth-${mode}.txt`, import.meta.url);
  let about = '';
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('#')) about = line.slice(2);
      if (!line.startsWith('{"from"')) return [];
      return [{ about, ...(JSON.parse(line) as Omit<Probe, 'about'>) }];
    });
}

/** The packet of a probe and the node that sees it first: the client outside reaches Service addresses through node1. */
function sent({ from, to }: Probe): { node: string; flow: ReturnType<typeof packet> } {
  const [protocol = '', at = ''] = to.split(' ');
  const address = at.slice(0, at.lastIndexOf(':'));
  const port = Number(at.slice(at.lastIndexOf(':') + 1));
  const make = (source: string, inInterface: string | null) =>
    packet(protocol as 'tcp', source, address, port, inInterface);
  if (from === 'lab-client')
    return { node: address === '10.10.0.12' ? 'node2' : 'node1', flow: make('10.10.0.50', 'eth0') };
  if (from === 'node1')
    return { node: 'node1', flow: make(address.startsWith('127.') ? '127.0.0.1' : '10.10.0.11', null) };
  const pod = lab.objects.pods.find((one) => one.name === from.slice('p-'.length));
  const ip = pod?.ips.find((one) => one.includes(':') === address.includes(':'));
  if (pod?.nodeName == null || ip === undefined) throw new Error(`no address of ${from}`);
  return { node: pod.nodeName, flow: make(ip, 'veth') };
}

/** `web-a:8080`; a slice written by hand names no pod, so the address tells. */
function backend({ destination }: IntendedOutcome): string {
  const pod = lab.objects.pods.find((one) => one.ips.includes(destination?.ip ?? ''));
  return `${pod?.name}:${destination?.port}`;
}

describe.each(['iptables', 'nftables'] as const)('every probe of the lab in %s mode', (mode) => {
  const all = probes(mode);

  it('is there', () => {
    expect(all.length).toBe(40);
  });

  it.each(all.map((probe) => ({ ...probe, label: `${probe.about} | ${probe.from} -> ${probe.to}` })))(
    '$label',
    (probe) => {
      const { node, flow } = sent(probe);
      const input = lab.input(node, mode, mode === 'nftables' ? { nodePortAddresses: ['primary'] } : {});
      const outcomes = evaluateKubeProxy(input, flow);
      const actions = new Set(outcomes.map((one) => one.action));
      const answered = Object.keys(probe.result).filter((one) => one.includes(':'));
      if (answered.length === 0) {
        // nobody listens on the node itself; an address that nobody has is lost on the default route
        const local = [...lab.addresses(node), flow.destination.startsWith('127.') ? flow.destination : ''].includes(
          flow.destination,
        );
        const refused = actions.has('reject') || (actions.has('pass') && local);
        const lost = actions.has('drop') || (actions.has('pass') && !local);
        // ICMP is rate limited: a refusal may look like a timeout now and then, never the other way round
        expect({ refused, lost }).toEqual({
          refused: 'ECONNREFUSED' in probe.result,
          lost: !('ECONNREFUSED' in probe.result),
        });
        return;
      }
      expect([...actions]).toEqual(['dnat']);
      const intended = new Set(outcomes.map(backend));
      const sticky = outcomes.some((one) => one.conditions.length > 0);
      if (probe.n >= 20 && !sticky) expect([...intended].sort()).toEqual([...answered].sort());
      else expect(answered.filter((one) => !intended.has(one))).toEqual([]);
      if (sticky && probe.n >= 10) expect(answered).toHaveLength(1);
      if (probe.from === 'node1') return;
      const masqueraded = new Set(outcomes.filter((one) => one.masquerade === true).map(backend));
      const count = answered
        .filter((one) => masqueraded.has(one))
        .reduce((sum, one) => sum + (probe.result[one] ?? 0), 0);
      const replaced = probe.n - (probe.peer_seen[flow.source] ?? 0);
      expect(replaced, 'connections whose source address the server did not see').toBe(count);
    },
  );

  it('the API server through default/kubernetes', () => {
    const [outcome] = evaluateKubeProxy(
      lab.input('node1', mode),
      packet('tcp', '10.244.1.20', '10.96.0.1', 443, 'veth'),
    );
    expect(outcome).toMatchObject({ action: 'dnat', probability: 1, destination: { ip: '10.10.0.10', port: 6443 } });
  });
});
