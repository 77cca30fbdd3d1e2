import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateKubeProxy } from '../../../src/evaluate/kube-proxy/evaluate-kube-proxy.ts';
import type { KubeProxyInput } from '../../../src/evaluate/kube-proxy/kube-proxy-input.ts';
import { serviceAddresses } from '../../../src/evaluate/kube-proxy/service-addresses.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import { formatEndpoint } from '../../../src/model/address.ts';
import type { IntendedOutcome } from '../../../src/model/kube-proxy.ts';
import { readRules, walkRules } from './iptables-text.ts';
import { readTable, walkTable } from './nft-text.ts';
import type { TextOutcome, TextPacket } from './packet-text.ts';
import { openLab, packet, type Lab } from './lab.ts';

interface RawService {
  metadata: { name: string };
  spec: {
    clusterIPs?: string[];
    externalIPs?: string[];
    ports?: { port: number; protocol: string; nodePort?: number }[];
  };
  status?: { loadBalancer?: { ingress?: { ip?: string }[] } };
}

const LABS = ['kube-proxy-iptables', 'kube-proxy-legacy'] as const;
const NODES = ['node1', 'node2'] as const;

/** Every address and port that stands in a Service object, with ports that do not, read from the raw JSON. */
function destinations(sample: string): { name: string; address: string; port: number; protocol: string }[] {
  const file = new URL(`../../../samples/${sample}/clusters/lab/resources/core/v1/services.json`, import.meta.url);
  const { items } = JSON.parse(readFileSync(file, 'utf8')) as { items: RawService[] };
  const nodes = [
    '10.10.0.11',
    '10.10.0.12',
    'fd00:10::11',
    'fd00:10::12',
    '127.0.0.1',
    '127.0.0.9',
    '::1',
    '10.244.1.1',
  ];
  return items.flatMap(({ metadata: { name }, spec, status }) => {
    const own = [
      ...(spec.clusterIPs ?? []),
      ...(spec.externalIPs ?? []),
      ...(status?.loadBalancer?.ingress ?? []).flatMap((one) => one.ip ?? []),
    ].filter((address) => address !== 'None');
    return (spec.ports ?? []).flatMap((one) => {
      const at = (address: string, port: number) => ({ name, address, port, protocol: one.protocol.toLowerCase() });
      const nodePort = one.nodePort === undefined ? [] : nodes.map((address) => at(address, one.nodePort ?? 0));
      return [...own.flatMap((address) => [at(address, one.port), at(address, one.port + 1)]), ...nodePort];
    });
  });
}

/** Who sends: local pods (one of them an endpoint), a pod of the other node, the node, outside, the load balancer's own address. */
function clients(node: string, six: boolean): { source: string; inInterface: string | null }[] {
  const wire = (source: string) => ({ source, inInterface: 'eth0' });
  const number = node === 'node1' ? 1 : 2;
  if (six) {
    return [
      ...[
        `fd00:244:${number}::20`,
        `fd00:244:${number}::10`,
        `fd00:244:${3 - number}::20`,
        'fd00:10::50',
        '2001:db8::15',
      ].map(wire),
      wire('2001:db8:9::1'),
      { source: `fd00:10::1${number}`, inInterface: null },
      { source: '::1', inInterface: null },
    ];
  }
  return [
    ...[`10.244.${number}.20`, `10.244.${number}.10`, `10.244.${3 - number}.20`, '10.10.0.50', '192.0.2.77'].map(wire),
    ...['172.31.0.9', '203.0.113.10', '203.0.113.15', `10.10.0.1${3 - number}`, `10.10.0.1${number}`].map(wire),
    { source: `10.10.0.1${number}`, inInterface: null },
    { source: `10.244.${number}.1`, inInterface: null },
    { source: '127.0.0.1', inInterface: null },
  ];
}

/** One line for each branch of a client whom no affinity holds. */
function summary(outcomes: readonly (TextOutcome | IntendedOutcome)[]): string[] {
  return outcomes
    .flatMap((one) => {
      if ('to' in one) return [line(one.action, one.to, one.masquerade, one.probability)];
      if (one.conditions.some((condition) => condition.value !== 'none')) return [];
      const to = one.destination === null ? null : formatEndpoint(one.destination.ip, one.destination.port);
      return [line(one.action, to, one.masquerade, one.probability)];
    })
    .toSorted();
}

function line(action: string, to: string | null, masquerade: boolean | null, probability: number): string {
  return `${action} ${to ?? '-'} ${masquerade ? 'masqueraded' : 'as it is'} ${probability.toFixed(6)}`;
}

function impossible({ source, destination, inInterface }: TextPacket): boolean {
  const loops = (address: string): boolean => address.startsWith('127.') || address === '::1';
  return inInterface !== null && loops(destination) ? true : loops(source) && inInterface !== null;
}

/** Differences between what rules do and what the objects ask, one text each; and how many packets were asked about. */
function compare(
  input: KubeProxyInput,
  node: string,
  sample: string,
  walk: (sent: TextPacket) => TextOutcome[],
): { compared: number; wrong: string[] } {
  const wrong: string[] = [];
  let compared = 0;
  for (const { name, address, port, protocol } of destinations(sample)) {
    for (const client of clients(node, address.includes(':'))) {
      const sent: TextPacket = { ...client, destination: address, port, protocol };
      if (impossible(sent)) continue;
      const programmed = summary(walk(sent));
      const intended = evaluateKubeProxy(
        input,
        packet(protocol as 'tcp', client.source, address, port, client.inInterface),
      );
      compared += 1;
      for (const sum of probabilitySums(intended)) expect(sum).toBeCloseTo(1, 12);
      if (programmed.join('\n') !== summary(intended).join('\n')) {
        const who = `${client.source}${client.inInterface === null ? ' (the node)' : ''}`;
        wrong.push(
          `${name}: ${who} to ${address}:${port}/${protocol}\n  rules   ${programmed.join(' | ')}\n  objects ${summary(intended).join(' | ')}`,
        );
      }
    }
  }
  return { compared, wrong };
}

describe('what the rules of nftables mode do is what the objects ask', () => {
  it.each(NODES)('%s: every address of every Service, for every kind of client', (node) => {
    const lab = openLab('kube-proxy-iptables');
    const file = new URL(`../../fixtures/kube-proxy/nft-ruleset-${node}.txt`, import.meta.url);
    const text = readFileSync(file, 'utf8');
    const tables = { 4: readTable(text, 4), 6: readTable(text, 6) };
    const locals = lab.addresses(node);
    const { compared, wrong } = compare(
      lab.input(node, 'nftables', { nodePortAddresses: ['primary'] }),
      node,
      lab.folder,
      (sent) => walkTable(tables[sent.destination.includes(':') ? 6 : 4], locals, sent),
    );
    expect(compared).toBeGreaterThan(800);
    expect(wrong.join('\n')).toBe('');
  });
});

describe.each(LABS)('what the rules of %s do is what the objects ask', (sample) => {
  const lab: Lab = openLab(sample);

  it.each(NODES)('%s: every address of every Service, for every kind of client', (node) => {
    const rules = { 4: readRules(lab.rules(node, 4)), 6: readRules(lab.rules(node, 6)) };
    const locals = lab.addresses(node);
    const { compared, wrong } = compare(lab.input(node), node, sample, (sent) =>
      walkRules(rules[sent.destination.includes(':') ? 6 : 4], locals, sent),
    );
    expect(compared).toBeGreaterThan(800);
    expect(wrong.join('\n')).toBe('');
  });

  it.each(NODES)('%s: the addresses that a Service answers at are the ones with a rule', (node) => {
    const save = lab.rules(node, 4) + lab.rules(node, 6);
    const input = lab.input(node);
    const listed = new Set<string>();
    for (const service of lab.objects.services) {
      for (const one of serviceAddresses(input, service)) {
        if (one.kind !== 'nodePort') listed.add(`${one.address} ${one.protocol} ${one.port}`);
      }
    }
    const ruled = new Set<string>();
    for (const match of save.matchAll(
      /-A KUBE-(?:EXTERNAL-)?SERVICES -d (\S+)\/(?:32|128) -p (\w+) .* --dport (\d+) -j/g,
    )) {
      ruled.add(`${match[1]} ${match[2]} ${match[3]}`);
    }
    expect([...listed].toSorted()).toEqual([...ruled].toSorted());
  });
});
