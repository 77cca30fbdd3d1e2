import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import { environmentOf, flowOf, rulesetOf, type Namespace } from './environment.ts';
import { TRACE_NAMES, bareRule, readKernelTrace } from './kernel-trace.ts';

const ROOT = join(import.meta.dirname, '../../..');
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

describe('rules of a real kube-proxy, held against the kernel', () => {
  it.each(TRACE_NAMES)('%s: one branch met the rules that the kernel traced', (name) => {
    const trace = readKernelTrace(name);
    const { protocol, source, sourcePort, destination, destinationPort, inInterface } = trace;
    const asked = `${source}:${sourcePort} > ${destination}:${destinationPort}`;
    const flow = flowOf(asked, { protocol, inInterface, uid: 0 });
    const ruleset = rulesetOf(readFileSync(RULES, 'utf8'));
    const from = inInterface === null ? 'process' : 'wire';
    const outcomes = evaluateTraversal([ruleset], flow, from, environmentOf(NODE1));
    const branches = outcomes.map((outcome) => outcome.rules.map((matched) => bareRule(matched.rule.raw)));
    expect(trace.rules.length).toBeGreaterThan(0);
    expect(branches).toContainEqual(trace.rules);
    expect(outcomes.every((outcome) => outcome.verdict !== 'undetermined')).toBe(true);
  });
});
