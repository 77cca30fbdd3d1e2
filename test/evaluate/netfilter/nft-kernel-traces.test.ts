import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import type { Flow } from '../../../src/model/flow.ts';
import type { TraversalOutcome } from '../../../src/model/netfilter.ts';
import { parseNftJson } from '../../../src/parse/nftables/json-ruleset.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import { environmentOf, flowOf, type Namespace } from './environment.ts';
import { TRACE_NAMES } from './kernel-trace.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TRACES = join(ROOT, 'test/fixtures/nftables/kernel-traces');
const artefact = (path: string) => ({ name: path, capturedAt: null, bytes: readFileSync(join(ROOT, path)) });
const TEXT = parseNftText(artefact('test/fixtures/kube-proxy/nft-ruleset-node1.txt')).value;
const JSON_FORM = parseNftJson(artefact('samples/kube-proxy-nftables/clusters/lab/nodes/node1/nft-ruleset.json')).value;

/** node1 of the lab: pods behind devices of their own, and eth0 to everything else. */
const NODE1: Namespace = {
  local: ['10.10.0.11', '10.244.1.1', 'fd00:10::11', 'fd00:244:1::1'],
  routes: [
    { to: '0.0.0.0/0', device: 'eth0' },
    { to: '10.244.1.0/24', device: 'pod' },
    { to: '::/0', device: 'eth0' },
    { to: 'fd00:244:1::/64', device: 'pod' },
  ],
  addresses: { eth0: '10.10.0.11', pod: '10.244.1.1' },
};

interface Trace {
  readonly flow: Flow;
  readonly from: 'wire' | 'process';
  /** `table chain: text` of the rules that the kernel says the first packet traversed. */
  readonly rules: readonly string[];
}

/** Reads what `nft -nn monitor trace` printed of the first packet; identities of packets are used again. */
function readTrace(name: string): Trace {
  const lines = readFileSync(join(TRACES, `${name}.nft.txt`), 'utf8').split('\n');
  const first = lines[0] ?? '';
  const field = (key: string): string => new RegExp(` ${key} "?([^\\s"]+)`).exec(first)?.[1] ?? '';
  const next = lines.findIndex((line, index) => index > 0 && / labtrace \w+ packet: /.test(line));
  const rules = lines.slice(0, next < 0 ? undefined : next).flatMap((line) => {
    const [, table = '', chain = '', text] = /^trace id \S+ (\S+ \S+) (\S+) rule (.*) \(verdict .*\)$/.exec(line) ?? [];
    return text === undefined || table.endsWith(' labtrace') ? [] : [`${table} ${chain}: ${spelled(text)}`];
  });
  const incoming = field('iif');
  const flow = flowOf(`${field('ip6? saddr')} > ${field('ip6? daddr')}`, {
    protocol: / tcp sport /.test(first) ? 'tcp' : 'udp',
    sourcePort: Number(field('sport')),
    destinationPort: Number(field('dport')),
    inInterface: incoming === '' ? null : incoming,
    uid: 0,
  });
  return { flow, from: incoming === '' ? 'process' : 'wire', rules };
}

/** The trace prints numbers where the listing has names. */
function spelled(text: string): string {
  return text
    .replace('ct state 0x8', 'ct state new')
    .replace('ct status 0x20', 'ct status dnat')
    .replace('meta l4proto 6 ', 'meta l4proto tcp ')
    .replace('meta l4proto 17 ', 'meta l4proto udp ');
}

const NAMES = [...TRACE_NAMES, 'v6'];

describe('nftables rules of a real kube-proxy, held against the kernel', () => {
  it('holds every trace', () => {
    expect(readdirSync(TRACES).toSorted()).toEqual(NAMES.map((name) => `${name}.nft.txt`).toSorted());
  });

  it.each(NAMES)('%s: one branch met the rules that the kernel traced', (name) => {
    const trace = readTrace(name);
    const walk = (ruleset: typeof TEXT): readonly TraversalOutcome[] =>
      evaluateTraversal([ruleset], trace.flow, trace.from, environmentOf(NODE1));
    const branches = walk(TEXT).map((outcome) =>
      outcome.rules.map(({ rule }) => `${rule.table} ${rule.chain}: ${rule.raw.trim()}`),
    );
    expect(trace.rules.length).toBeGreaterThan(0);
    expect(branches).toContainEqual(trace.rules);
    const places = walk(JSON_FORM).map((outcome) => outcome.rules.map(({ rule }) => `${rule.table} ${rule.chain}`));
    expect(places).toContainEqual(trace.rules.map((rule) => rule.slice(0, rule.indexOf(':'))));
    expect([...walk(TEXT), ...walk(JSON_FORM)].filter((outcome) => outcome.verdict === 'undetermined')).toEqual([]);
  });
});
