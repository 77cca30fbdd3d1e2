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
  if (pod === undefined || pod.nodeName === null || ip === undefined) throw new Error(`no address of ${from}`);
  return { node: pod.nodeName, flow: make(ip, 'veth') };
}

/** `web-a:8080`; a slice written by hand names no pod, so the address tells. */
function backend({ destination }: IntendedOutcome): string {
  const pod = lab.objects.pods.find((one) => one.ips.includes(destination?.ip ?? ''));
  return `${pod?.name}:${destination?.port}`;
}

interface Asked {
  readonly outcomes: readonly IntendedOutcome[];
  readonly flow: ReturnType<typeof packet>;
  /** Whether the destination is an address of the node that was asked. */
  readonly local: boolean;
}

function ask(probe: Probe, mode: 'iptables' | 'nftables'): Asked {
  const { node, flow } = sent(probe);
  const input = lab.input(node, mode, mode === 'nftables' ? { nodePortAddresses: ['primary'] } : {});
  const local = flow.destination.startsWith('127.') || lab.addresses(node).includes(flow.destination);
  return { outcomes: evaluateKubeProxy(input, flow), flow, local };
}

const servers = ({ result }: Probe): string[] => Object.keys(result).filter((one) => one.includes(':'));

describe.each(['iptables', 'nftables'] as const)('every probe of the lab in %s mode', (mode) => {
  const all = probes(mode).map((probe) => ({ ...probe, label: `${probe.about} | ${probe.from} -> ${probe.to}` }));
  const answered = all.filter((probe) => servers(probe).length > 0);
  const failed = all.filter((probe) => servers(probe).length === 0);

  it('is there', () => {
    expect([answered.length + failed.length, failed.length]).toEqual([40, mode === 'iptables' ? 10 : 11]);
  });

  it.each(failed)('no answer: $label', (probe) => {
    const { outcomes, local } = ask(probe, mode);
    // nobody listens on the node itself, and an address that nobody has is lost on the default route; a refusal may look like a
    // timeout now and then, because ICMP is rate limited
    const refused = outcomes.map(({ action }) => action === 'reject' || (action === 'pass' && local));
    expect(refused).toEqual(['ECONNREFUSED' in probe.result]);
    expect(outcomes.filter(({ action }) => action === 'dnat')).toEqual([]);
  });

  it.each(answered)('answered: $label', (probe) => {
    const { outcomes, flow } = ask(probe, mode);
    expect([...new Set(outcomes.map((one) => one.action))]).toEqual(['dnat']);
    const intended = [...new Set(outcomes.map(backend))].toSorted();
    const seen = servers(probe).toSorted();
    const sticky = outcomes.some((one) => one.conditions.length > 0);
    // a few connections need not reach every endpoint, and those of a client with affinity reach one
    const whole = probe.n >= 20 && !sticky;
    expect(whole ? intended : seen.filter((one) => intended.includes(one))).toEqual(seen);
    expect(seen.length).toBeLessThanOrEqual(sticky ? 1 : intended.length);
    // a node that sends takes whatever address fits the way, so its own and a masqueraded one look alike
    const masqueraded = new Set(outcomes.filter((one) => one.masquerade === true).map(backend));
    const count = seen.filter((one) => masqueraded.has(one)).reduce((sum, one) => sum + (probe.result[one] ?? 0), 0);
    const replaced = probe.n - (probe.peer_seen[flow.source] ?? 0);
    expect(probe.from === 'node1' ? count : replaced, 'connections whose source the server did not see').toBe(count);
  });

  it('the API server through default/kubernetes', () => {
    const [outcome] = evaluateKubeProxy(
      lab.input('node1', mode),
      packet('tcp', '10.244.1.20', '10.96.0.1', 443, 'veth'),
    );
    expect(outcome).toMatchObject({ action: 'dnat', probability: 1, destination: { ip: '10.10.0.10', port: 6443 } });
  });
});
