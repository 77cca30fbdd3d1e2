/**
 * The same probes, asked when nothing but the API objects was captured: what the objects intend must be what happened, and is never
 * called reachable.
 */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { sampleSource } from '../sample-facts.ts';
import { backendName, endWithoutBackend, probes, question } from './kube-proxy-probes.ts';

const source = await sampleSource('kube-proxy-iptables');
const objects = createWorkspace({
  ...source,
  names: () => source.names().filter((name) => name.includes('/resources/')),
  artefact: (name) => (name.includes('/resources/') ? source.artefact(name) : undefined),
  gaps: () => [],
});
const cases = probes('iptables').map((probe) => [`${probe.about}: ${probe.from} → ${probe.to}`, probe] as const);

/** What the objects cannot tell: whether kube-proxy takes the client for a local pod, and so masquerades it. */
const UNDECIDED = new Set([
  'ClusterIP from outside the cluster (route via node1 needed)',
  'ClusterIP from the node itself',
]);

describe('from the objects alone', () => {
  it.each(cases)('%s', (_, probe) => {
    const { verdict, branches } = explain(objects, question(probe));
    const story = branches.map((branch) => `${branch.disposition} ${branch.probability} ${branch.reason}`).join('\n');
    expect(verdict, story).not.toBe('reachable');
    const ends = new Set(branches.map((branch) => branch.disposition));
    const wanted = endWithoutBackend(probe)?.slice(1) ?? [UNDECIDED.has(probe.about) ? 'undetermined' : 'delivered'];
    expect([...ends], story).toEqual(wanted);
    const met = new Set(branches.map(backendName));
    expect(ends.has('delivered') ? Object.keys(probe.result).filter((one) => !met.has(one)) : [], story).toEqual([]);
  });
});
