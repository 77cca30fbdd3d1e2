import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import type { Flow } from '../../../src/model/flow.ts';
import { environmentOf, flowOf, rulesetOf, type Namespace } from './environment.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TRACES = join(ROOT, 'test/fixtures/iptables/kernel-traces');
const RULES = join(ROOT, 'samples/kube-proxy-iptables/clusters/lab/nodes/node1/iptables-save.txt');

/** node1 of the lab: two pods' devices, and eth0 to everything else. */
const NODE1: Namespace = {
  local: ['10.10.0.11', '10.244.1.1'],
  routes: [
    { to: '0.0.0.0/0', device: 'eth0' },
    { to: '10.244.1.0/24', device: 'pod' },
  ],
  addresses: { eth0: '10.10.0.11', pod: '10.244.1.1' },
};

interface Trace {
  readonly flow: Flow;
  readonly from: 'wire' | 'process';
  /** The rules that the kernel says the first packet traversed, in order, as iptables-save prints them. */
  readonly rules: readonly string[];
}

/** Reads what `xtables-monitor --trace` printed; the rule that switched tracing on is left out. */
function readTrace(name: string): Trace {
  const lines = readFileSync(join(TRACES, `${name}.xt.txt`), 'utf8').split('\n');
  const field = (line: string, key: string): string => new RegExp(` ${key}=(\\S*)`).exec(line)?.[1] ?? '';
  const first = lines[0] ?? '';
  const id = field(first, 'ID');
  const rules: string[] = [];
  let current = '';
  for (const line of lines) {
    if (line.startsWith('PACKET')) current = field(line, 'ID');
    const rule = /-4 -t \S+ (-A .*)$/.exec(line)?.[1]?.trimEnd();
    if (current === id && rule !== undefined && !rule.endsWith('-j TRACE')) rules.push(rule);
  }
  const input = field(first, 'IN');
  const flow = flowOf(
    `${field(first, 'SRC')}:${field(first, 'SPORT')} > ${field(first, 'DST')}:${field(first, 'DPORT')}`,
    { protocol: first.includes(' SYN ') ? 'tcp' : 'udp', inInterface: input === '' ? null : input, uid: 0 },
  );
  return { flow, from: input === '' ? 'process' : 'wire', rules };
}

const bare = (raw: string): string => raw.replace(/^\[\d+:\d+\] /, '');

describe('rules of a real kube-proxy, held against the kernel', () => {
  it.each([
    'affinity',
    'clusterip',
    'from-node',
    'hairpin',
    'itp-local-none',
    'lb-allowed',
    'lb-local',
    'nodeport',
    'noendpoints',
    'udp',
  ])('%s: one branch met the rules that the kernel traced', (name) => {
    const trace = readTrace(name);
    const ruleset = rulesetOf(readFileSync(RULES, 'utf8'));
    const outcomes = evaluateTraversal([ruleset], trace.flow, trace.from, environmentOf(NODE1));
    const branches = outcomes.map((outcome) => outcome.rules.map((matched) => bare(matched.rule.raw)));
    expect(trace.rules.length).toBeGreaterThan(0);
    expect(branches).toContainEqual(trace.rules);
    expect(outcomes.every((outcome) => outcome.verdict !== 'undetermined')).toBe(true);
  });
});
