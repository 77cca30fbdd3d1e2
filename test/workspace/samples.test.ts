import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../src/model/evidence.ts';
import type { Facts, NetnsFacts, Reading } from '../../src/model/facts.ts';
import { sampleFacts } from '../sample-facts.ts';

/** Every reading of a namespace by name. */
function readings(netns: NetnsFacts): Record<string, Reading<unknown>> {
  return {
    addresses: netns.addresses(),
    links: netns.links(),
    neighbours: netns.neighbours(),
    sockets: netns.sockets(),
    sysctl: netns.sysctl(),
    conntrack: netns.conntrack(),
    ipsets: netns.ipsets(),
    foreignChains: netns.foreignChains(),
    routes: netns.routes(4),
    routes6: netns.routes(6),
    rules: netns.routingRules(4),
    rules6: netns.routingRules(6),
    iptables: netns.iptables(4),
    ip6tables: netns.iptables(6),
  };
}

/** Names of the facts that are known. */
function known(all: Record<string, Reading<unknown>>): string[] {
  return Object.keys(all).filter((name) => all[name]?.value !== undefined);
}

/** Everything of a sample, read. */
function readAll(facts: Facts): { node: Record<string, string[]>; pod: Record<string, string[]> } {
  const [cluster] = facts.clusters;
  const objects = cluster!.objects().value!;
  for (const key of Object.keys(objects) as (keyof typeof objects)[]) void objects[key];
  const node = Object.fromEntries(
    cluster!.dumpedNodes.map((name) => [name, known(readings(cluster!.node(name).netns))]),
  );
  const pod = Object.fromEntries(
    objects.pods
      .map(({ namespace, name }) => cluster!.pod(namespace, name))
      .filter(({ netns }) => netns.seen)
      .map((one) => [one.name, [...known(readings(one.netns)), ...(one.envoy().value === undefined ? [] : ['envoy'])]]),
  );
  for (const name of cluster!.dumpedNodes) cluster!.node(name).kubeProxy();
  return { node, pod };
}

const LINK_FACTS = ['addresses', 'links', 'neighbours', 'sockets', 'sysctl'];
const RULE_FACTS = ['iptables', 'ip6tables'];

describe('one-node-bookinfo', () => {
  it('is read without a gap but for what was not captured', async () => {
    const facts = await sampleFacts('one-node-bookinfo');
    const { node, pod } = readAll(facts);
    expect(node).toEqual({ node1: [...LINK_FACTS, 'conntrack', 'foreignChains', 'routes', 'rules', ...RULE_FACTS] });
    const plain = [...LINK_FACTS, 'foreignChains', 'routes', 'rules', ...RULE_FACTS];
    const meshed = [...LINK_FACTS, 'conntrack', 'foreignChains', 'routes', 'rules', ...RULE_FACTS, 'envoy'];
    expect(pod).toEqual({
      'details-v1-abc': plain,
      'ratings-v1-abc': plain,
      'productpage-v1-abc': meshed,
      'reviews-v1-abc': meshed,
      'reviews-v2-abc': meshed,
      'reviews-v3-abc': meshed,
      'istio-ingressgateway-abc': [...plain, 'envoy'],
    });
    const unexpected = facts.gaps().filter(({ kind }) => kind !== 'missing');
    expect(unexpected).toEqual([]);
    expect([...new Set(facts.gaps().map(({ artefact }) => path.posix.basename(artefact)))].toSorted()).toEqual([
      'clusters.json',
      'config_dump.json',
      'conntrack.txt',
      'ip-route6.json',
      'ip-rule6.json',
      'ipset-save.txt',
    ]);
  });

  it('knows the rules of each namespace, also that some have none', async () => {
    const cluster = (await sampleFacts('one-node-bookinfo')).clusters[0]!;
    const tables = (netns: NetnsFacts) => netns.iptables(4).value?.map(({ backend, tables: all }) => [backend, ...all]);
    expect(tables(cluster.node('node1').netns)).toEqual([['nf_tables', 'mangle', 'filter', 'nat']]);
    expect(tables(cluster.pod('bookinfo', 'reviews-v2-abc').netns)).toEqual([['nf_tables', 'nat']]);
    expect(tables(cluster.pod('bookinfo', 'details-v1-abc').netns)).toEqual([]);
    expect(cluster.pod('bookinfo', 'details-v1-abc').netns.iptables(4).artefact).toBe(
      'clusters/lab/pods/bookinfo/details-v1-abc/netns/nft-ruleset.json',
    );
  });

  it('reads the proxies', async () => {
    const cluster = (await sampleFacts('one-node-bookinfo')).clusters[0]!;
    const envoy = cluster.pod('bookinfo', 'productpage-v1-abc').envoy().value!;
    expect(envoy.config?.cluster('outbound|9080||reviews.bookinfo.svc.cluster.local')).toBeDefined();
    expect(envoy.clusters).not.toBeNull();
    expect(envoy.serverInfo?.at('version').string()).toContain('1.40.0');
  });
});

describe.each([
  ['kube-proxy-iptables', 'nf_tables', 'iptables-save.txt'],
  ['kube-proxy-legacy', 'legacy', 'iptables-legacy-save.txt'],
] as const)('%s', (sample, backend, file) => {
  it('is read without a gap but for what was not captured', async () => {
    const facts = await sampleFacts(sample);
    const { node, pod } = readAll(facts);
    const both = ['routes', 'routes6', 'rules', 'rules6', ...RULE_FACTS];
    const onNode = [...LINK_FACTS, 'conntrack', 'foreignChains', ...both];
    expect(node).toEqual({ node1: onNode, node2: onNode });
    expect(Object.keys(pod)).toHaveLength(12);
    // api-b has an empty neighbour table, which is known all the same
    for (const [name, facts_] of Object.entries(pod))
      expect(facts_, name).toEqual([...LINK_FACTS, 'foreignChains', ...both]);
    expect(facts.gaps().filter(({ kind }) => kind !== 'missing')).toEqual([]);
    expect([...new Set(facts.gaps().map(({ artefact }) => path.posix.basename(artefact)))].toSorted()).toEqual([
      'clusters.json',
      'config_dump.json',
      'conntrack.txt',
      'ipset-save.txt',
    ]);
  });

  it('has its rules in the one back end', async () => {
    const cluster = (await sampleFacts(sample)).clusters[0]!;
    for (const node of cluster.dumpedNodes) {
      const rulesets = cluster.node(node).netns.iptables(4).value!;
      expect(rulesets.map((one) => [one.backend, path.posix.basename(one.artefact)])).toEqual([[backend, file]]);
      expect(cluster.node(node).netns.foreignChains().value).toEqual([]);
      expect(cluster.node(node).kubeProxy().value).toMatchObject({
        mode: 'iptables',
        clusterCIDRs: ['10.244.0.0/16', 'fd00:244::/32'],
      });
    }
  });
});

/** Every evidence inside a value. */
function evidences(value: unknown, depth = 0): Evidence[] {
  if (typeof value !== 'object' || value === null || depth > 6) return [];
  if ('artefact' in value && 'raw' in value) return [value as Evidence];
  if (value instanceof Map) return [...value.values()].flatMap((one) => evidences(one, depth + 1));
  return Object.values(value).flatMap((one) => evidences(one, depth + 1));
}

/** RFC 6901. */
function at(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (value, key) => (value as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    );
}

it.each(['one-node-bookinfo', 'kube-proxy-iptables', 'kube-proxy-legacy'] as const)(
  'every evidence of %s is what stands at its line or pointer (law 1)',
  async (sample) => {
    const facts = await sampleFacts(sample);
    const cluster = facts.clusters[0]!;
    const pods = cluster.objects().value!.pods.map((pod) => cluster.pod(pod.namespace, pod.name).netns);
    const netns = [...cluster.dumpedNodes.map((name) => cluster.node(name).netns), ...pods].filter(({ seen }) => seen);
    const proxies = cluster.dumpedNodes.map((name) => cluster.node(name).kubeProxy());
    const found = [...netns.flatMap((one) => Object.values(readings(one))), ...proxies].flatMap((one) =>
      evidences(one.value),
    );
    const texts = new Map<string, string[]>();
    const documents = new Map<string, unknown>();
    const standing = ({ artefact, line, pointer }: Evidence): string | undefined => {
      const text = (): string => facts.artefact(artefact)!.bytes.toString();
      if (line === undefined) {
        if (!documents.has(artefact)) documents.set(artefact, JSON.parse(text()));
        return JSON.stringify(at(documents.get(artefact), pointer!));
      }
      if (!texts.has(artefact)) texts.set(artefact, text().split('\n'));
      return texts.get(artefact)![line - 1];
    };
    expect(found.filter((evidence) => standing(evidence) !== evidence.raw)).toEqual([]);
    expect(found.length).toBeGreaterThan(500);
  },
);
