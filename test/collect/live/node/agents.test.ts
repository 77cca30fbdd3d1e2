import { describe, expect, it } from 'vitest';
import { AGENT_SELECTORS, findAgents } from '../../../../src/collect/live/node/agents.ts';
import { Cursor } from '../../../../src/model/json.ts';
import { agentPod } from './agent-pod.ts';

const found = (...pods: object[]) =>
  findAgents(new Cursor('', '', { items: pods })).map(({ pod, container }) => `${pod}/${container}`);

describe('agents of a node', () => {
  it('kube-proxy comes before an agent of the network plugin, whatever the order of the list', () => {
    const calico = agentPod({ name: 'calico-node-z', labels: { 'k8s-app': 'calico-node' }, container: 'calico-node' });
    expect(found(calico, agentPod({}))).toEqual(['kube-proxy-x1/kube-proxy', 'calico-node-z/calico-node']);
    expect(found(agentPod({}), calico)).toEqual(['kube-proxy-x1/kube-proxy', 'calico-node-z/calico-node']);
  });

  it('takes NET_ADMIN for privileged', () => {
    expect(found(agentPod({ securityContext: { capabilities: { add: ['NET_ADMIN'] } } }))).toHaveLength(1);
  });

  it('takes the container with the right when the usual one is not there', () => {
    expect(found(agentPod({ container: 'proxy' }))).toEqual(['kube-proxy-x1/proxy']);
  });

  it.each([
    ['its own network namespace', { hostNetwork: false }],
    ['no right to read rules', { securityContext: { runAsUser: 0 } }],
    ['a container that does not run', { running: false }],
    ['a pod that is being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }],
    ['a privileged pod that is no agent', { labels: { app: 'backup' } }],
  ])('is none: %s', (_why, overrides) => {
    expect(found(agentPod(overrides))).toEqual([]);
  });

  it('asks with label selectors that name each kind once', () => {
    expect(AGENT_SELECTORS[0]).toBe(
      'k8s-app in (kube-proxy,calico-node,canal,cilium,kindnet,flannel,kube-router,aws-node)',
    );
  });

  it('is not confused by lists that are no lists', () => {
    for (const items of [undefined, null, 'x', [null, 1, {}]])
      expect(findAgents(new Cursor('', '', { items }))).toEqual([]);
  });
});
