import { describe, expect, it } from 'vitest';
import { createWorkspace } from '../../src/workspace.ts';
import { memorySource } from './memory-source.ts';

const NODE = 'clusters/lab/nodes/node1/';
const LISTINGS = ['ipvsadm-save.txt', 'ip_vs.txt', 'ipvsadm-connections.txt'].map((file) => NODE + file);

/** What a running cluster would be asked for, whose node has this in its sysctl.txt and nothing else collected yet. */
function asked(sysctl: string): ReadonlySet<string> {
  const names = new Set<string>();
  const source = memorySource({ [`${NODE}sysctl.txt`]: sysctl });
  const facts = createWorkspace({
    ...source,
    artefact: (name) => {
      names.add(name);
      return source.artefact(name);
    },
  });
  const netns = facts.clusters[0]?.node('node1').netns;
  netns?.virtualServers();
  netns?.virtualConnections();
  return names;
}

describe('a running node is asked for its virtual servers', () => {
  it('where its kernel has IPVS', () => {
    expect([...asked('net.ipv4.ip_forward = 1\nnet.ipv4.vs.conntrack = 1\n')]).toEqual(
      expect.arrayContaining(LISTINGS),
    );
  });

  it('and nowhere else', () => {
    const names = asked('net.ipv4.ip_forward = 1\nnet.ipv4.tcp_ecn = 2\n');
    expect(LISTINGS.filter((name) => names.has(name))).toEqual([]);
  });
});
