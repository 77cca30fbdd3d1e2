/**
 * The first answer has to find its way back: through the rules of its own namespace, and translated back wherever the request was
 * translated. Rules are put into the samples; what the kernel does with them is documented in iptables-extensions(8) (CT, NOTRACK).
 */
import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts } from '../../sample-facts.ts';

const NODE = 'nodes/node1/iptables-save.txt';
const table = (name: string, chain: string, rule: string) =>
  `*${name}\n:${chain} ACCEPT [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`;
const before = (text: string) => (save: string) => `${text}${save}`;
const behind = (line: RegExp, rule: string) => (save: string) => save.replace(line, (found) => `${found}\n${rule}`);

const viaNode = (change: (save: string) => string) =>
  explainWith('kube-proxy-iptables', { [NODE]: change }, ['cli-a', 'tcp://web:80', 'shop']);

async function explainWith(
  sample: 'kube-proxy-iptables' | 'one-node-bookinfo',
  changes: Record<string, (text: string) => string>,
  [from, to, namespace]: readonly [string, string, string],
) {
  const { verdict, branches } = explain(await sampleFacts(sample, changes), ask(from, to, { namespace }));
  return {
    verdict,
    ends: [...new Set(branches.map((one) => one.disposition))],
    reasons: branches.map((one) => one.reason),
  };
}

describe('an answer that a node', () => {
  it('takes out of connection tracking keeps its own source, so that the client drops it', async () => {
    const rule = '-p tcp -m tcp --sport 8080 -j NOTRACK';
    const { verdict, ends, reasons } = await viaNode(before(table('raw', 'PREROUTING', rule)));
    expect([verdict, ...ends]).toEqual(['unreachable', 'dropped']);
    expect(reasons[0]).toContain('node node1 takes the answer out of connection tracking');
  });

  it('drops is lost', async () => {
    const rule = '-A FORWARD -p tcp -m tcp --sport 8080 -j DROP';
    const { verdict, ends, reasons } = await viaNode(behind(/^:KUBE-SERVICES - .*(?=\n\[218)/m, rule));
    expect([verdict, ...ends]).toEqual(['unreachable', 'dropped']);
    expect(reasons[0]).toContain('node node1 does not let the answer pass');
  });

  it('lets pass counts, whatever it does to others', async () => {
    const rule = '-p tcp -m tcp --sport 8081 -j NOTRACK';
    const { verdict } = await viaNode(before(table('raw', 'PREROUTING', rule)));
    expect(verdict).toBe('reachable');
  });
});

/**
 * The random rulesets of test/conformance/iptables send whole connections: packets after the first two are seen to be dropped there, and to be
 * INVALID where only requests are tracked (nf_conntrack_proto_tcp.c).
 */
describe('a connection whose first packet and answer pass', () => {
  const inForward = (...rules: readonly string[]) =>
    behind(/^:KUBE-SERVICES - .*(?=\n\[218)/m, rules.map((rule) => `-A FORWARD ${rule}`).join('\n'));
  const direct = (change: (save: string) => string, to: string) =>
    explainWith('kube-proxy-iptables', { [NODE]: change }, ['cli-a', to, 'shop']);
  const webPod = 'tcp://10.244.1.10:8080';

  it('is cut off by a rule about established ones', async () => {
    const { verdict, ends, reasons } = await viaNode(
      inForward('-m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL -j DROP'),
    );
    expect([verdict, ...ends]).toEqual(['unreachable', 'dropped']);
    expect(reasons[0]).toBe(
      'The connection opens, but node node1 does not let later packets of the connection pass (drop).',
    );
  });

  it('is cut off by the mark that its answer leaves', async () => {
    const rules = ['-p tcp -m tcp --sport 8080 -j CONNMARK --set-mark 7', '-p tcp -m connmark --mark 7 -j DROP'];
    const { verdict, reasons } = await viaNode(inForward(...rules.toReversed()));
    expect(verdict).toBe('unreachable');
    expect(reasons[0]).toContain('does not let later packets of the connection pass');
    expect((await viaNode(inForward(rules[0] ?? ''))).verdict).toBe('reachable');
  });

  it('is cut off where its answers alone are hidden from the tracker, and INVALID packets dropped', async () => {
    const hide = (port: string) => before(table('raw', 'PREROUTING', `-p tcp -m tcp ${port} -j NOTRACK`));
    const { verdict, reasons } = await direct(hide('--sport 8080'), webPod);
    expect(verdict).toBe('unreachable');
    expect(reasons[0]).toMatch(/later packets .* takes answers out of connection tracking, .* INVALID/);
    const sometimes = '--sport 8080 -m statistic --mode random --probability 0.01';
    expect((await direct(hide(sometimes), webPod)).verdict).toBe('undetermined');
    // kube-proxy drops INVALID packets itself; a request that is hidden makes its answer one.
    expect((await direct(hide('--dport 8080'), webPod)).verdict).toBe('unreachable');
    const accepted = (save: string): string =>
      inForward('-p tcp -m tcp --sport 8080 -j ACCEPT')(hide('--dport 8080')(save));
    expect((await direct(accepted, webPod)).reasons[0]).toContain('what it makes of later ones is not evaluated');
    const both = `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m multiport --ports 8080 -j NOTRACK\nCOMMIT\n`;
    expect((await direct(before(both), webPod)).verdict).toBe('reachable');
  });

  it('is open where rules let its later packets pass by chance', async () => {
    const { verdict, reasons } = await viaNode(
      inForward(
        '-m conntrack --ctdir ORIGINAL --ctstate ESTABLISHED -m statistic --mode random --probability 0.5 -j DROP',
      ),
    );
    expect(verdict).toBe('undetermined');
    expect(reasons[0]).toContain('by chance');
  });

  it('supposes of its later packets and of its answers what it supposed of the first', async () => {
    const rule = '-p tcp -m tcp --sport 40000:50000 -j DROP';
    const facts = await sampleFacts('kube-proxy-iptables', { [NODE]: inForward(rule) });
    const { verdict, branches } = explain(facts, ask('cli-a', webPod, { namespace: 'shop' }));
    expect(verdict).toBe('partial');
    const where = (ports: string): string => `the source port of 10.244.1.20 is ${ports}`;
    expect(branches.map(({ disposition, condition }) => [disposition, condition])).toEqual([
      ['dropped', where('40000 to 50000')],
      ['delivered', where('32768 to 39999')],
      ['delivered', where('50001 to 60999')],
    ]);
  });

  const PODS = 'resources/core/v1/pods.json';
  const SETTINGS = 'pods/shop/cli-a/netns/sysctl.txt';
  const asking = (text: string): string => {
    const pods = JSON.parse(text) as { items: { metadata: { name: string }; spec: Record<string, unknown> }[] };
    const sysctls = [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65535' }];
    for (const { metadata, spec } of pods.items) if (metadata.name === 'cli-a') spec['securityContext'] = { sysctls };
    return JSON.stringify(pods);
  };

  it.each([
    [
      'its network namespace is set to',
      { [SETTINGS]: (text: string) => `${text}net.ipv4.ip_local_port_range = 1024\t65535\n` },
    ],
    ['its pod asks for', { [PODS]: asking }],
  ])('has a source port from the range that %s', async (_, changes) => {
    const rule = inForward('-p tcp -m tcp --sport 1024:1999 -j DROP');
    const ends = async (more: Readonly<Record<string, (text: string) => string>>) => {
      const facts = await sampleFacts('kube-proxy-iptables', { [NODE]: rule, ...more });
      const { branches } = explain(facts, ask('cli-a', webPod, { namespace: 'shop' }));
      return branches.map(({ disposition, condition }) => [disposition, condition]);
    };
    expect(await ends({})).toEqual([['delivered', null]]);
    expect(await ends(changes)).toEqual([
      ['dropped', 'the source port of 10.244.1.20 is 1024 to 1999'],
      ['delivered', 'the source port of 10.244.1.20 is 2000 to 65535'],
    ]);
  });

  it('has any port but a privileged one where its client is outside the cluster', async () => {
    const facts = await sampleFacts('kube-proxy-iptables', {
      [NODE]: inForward('-p tcp -m tcp --sport 1024:1999 -j DROP'),
    });
    const question = ask('192.0.2.7', webPod, { namespace: 'shop', node: 'node1' });
    const { branches } = explain(facts, question);
    expect(branches.map(({ disposition, condition }) => [disposition, condition])).toEqual([
      ['dropped', 'the source port of 192.0.2.7 is 1024 to 1999'],
      ['delivered', 'the source port of 192.0.2.7 is 2000 to 65535'],
    ]);
  });

  it('is none over UDP, where a datagram and its answer are all', async () => {
    const rule = '-p udp -m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL -j DROP';
    const { verdict } = await direct(inForward(rule), 'udp://dns:53');
    expect(verdict).toBe('reachable');
  });
});

describe('an answer that a pod', () => {
  const viaMesh = (pod: string, chain: string, rule: string) =>
    explainWith(
      'one-node-bookinfo',
      { [`pods/bookinfo/${pod}/netns/iptables-save.txt`]: before(table('filter', chain, rule)) },
      ['productpage-v1-abc', 'http://reviews:9080/reviews/1', 'bookinfo'],
    );

  it('does not let out is lost, and the proxy that waits for it answers 503', async () => {
    const { verdict, ends, reasons } = await viaMesh('reviews-v1-abc', 'OUTPUT', '-p tcp -m tcp --sport 15006 -j DROP');
    expect([verdict, ...ends]).toEqual(['partial', 'failed', 'delivered']);
    expect(reasons[0]).toContain('pod bookinfo/reviews-v1-abc does not let the answer pass');
  });

  it('does not let in is lost as well', async () => {
    const { verdict, ends, reasons } = await viaMesh(
      'productpage-v1-abc',
      'INPUT',
      '-s 10.244.1.11/32 -p tcp -m tcp --sport 9080 -j DROP',
    );
    expect([verdict, ...ends]).toEqual(['partial', 'failed', 'delivered']);
    expect(reasons[0]).toContain('pod bookinfo/productpage-v1-abc does not let the answer pass');
  });
});

/**
 * Seen of a real kube-proxy, over TCP and UDP: a pod asks the node port of another node, whose policy is Local, and is sent to an endpoint
 * without masquerading. What nobody listens for there is refused, but straight to the pod, which waits for an answer of the node port.
 */
describe('a refusal', () => {
  const sockets = 'pods/shop/web-a/netns/sockets.txt';
  const closed = { [sockets]: (text: string) => text.replaceAll(':8080 ', ':8089 ') };

  it('is not heard where nobody translates it back', async () => {
    const { reasons, ends } = await explainWith('kube-proxy-iptables', closed, ['cli-a', '10.10.0.12:30082', 'shop']);
    expect(ends).not.toContain('refused');
    expect(reasons.join('\n')).toMatch(
      /listens on 10\.244\.1\.10:8080.*The request is refused, but node node2 translated the destination but not/,
    );
  });

  it('is heard where the same node translates it back', async () => {
    const { ends } = await explainWith('kube-proxy-iptables', closed, ['cli-a', 'tcp://web:80', 'shop']);
    expect(ends.toSorted()).toEqual(['delivered', 'refused']);
  });
});

/** Seen of a real kube-proxy whose EndpointSlice names another node for the endpoint, so that it makes no exception for the pod itself. */
it('a pod that reaches itself over IPv6 without masquerading hears nothing', async () => {
  const unmasked = (save: string) =>
    save.replaceAll(/^\[\d+:\d+\] -A KUBE-SEP-\S+ -s fd00\S+ .*-j KUBE-MARK-MASQ\n/gm, '');
  const changes = { 'nodes/node1/ip6tables-save.txt': unmasked };
  const question = ['web-a', 'tcp://[fd00:96::109]:80', 'shop'] as const;
  const { ends, reasons } = await explainWith('kube-proxy-iptables', changes, question);
  expect(ends).toContain('dropped');
  expect(reasons.join('\n')).toContain('was sent its own connection');
  expect((await explainWith('kube-proxy-iptables', {}, question)).verdict).toBe('reachable');
});
