import { Cursor } from '../../../model/json.ts';
import type { ExecTarget } from '../stream/exec.ts';

/** A container that runs on a node, in the node's own network namespace, with the right to read its rules. */
export interface NodeAgent extends ExecTarget {
  readonly node: string;
  /** Whether it sees the node's processes. */
  readonly hostPid: boolean;
}

/**
 * Who can be asked about a node, best first: kube-proxy has the tools of the rules that it writes; then agents of network plugins,
 * by the labels of their own manifests. The first container named is the one that works on the node's network.
 */
const AGENTS: readonly { readonly label: string; readonly value: string; readonly container: string }[] = [
  { label: 'k8s-app', value: 'kube-proxy', container: 'kube-proxy' },
  { label: 'k8s-app', value: 'calico-node', container: 'calico-node' },
  { label: 'k8s-app', value: 'canal', container: 'calico-node' },
  { label: 'k8s-app', value: 'cilium', container: 'cilium-agent' },
  { label: 'k8s-app', value: 'kindnet', container: 'kindnet-cni' },
  { label: 'k8s-app', value: 'flannel', container: 'kube-flannel' },
  { label: 'k8s-app', value: 'kube-router', container: 'kube-router' },
  { label: 'k8s-app', value: 'aws-node', container: 'aws-node' },
  { label: 'app', value: 'flannel', container: 'kube-flannel' },
  { label: 'app', value: 'antrea', container: 'antrea-agent' },
  { label: 'app', value: 'ovnkube-node', container: 'ovnkube-controller' },
];

/** The label selectors that find them, each with the field `spec.nodeName`. */
export const AGENT_SELECTORS: readonly string[] = [...new Set(AGENTS.map(({ label }) => label))].map((label) => {
  const values = AGENTS.filter((one) => one.label === label).map(({ value }) => value);
  return `${label} in (${values.join(',')})`;
});

/** The agents in a list of pods, best first. A pod that is not running, or may not see the rules, is none. */
export function findAgents(podList: Cursor): readonly NodeAgent[] {
  const found = podList
    .at('items')
    .items()
    .flatMap((pod) => agentOf(pod));
  return found.toSorted((a, b) => a.rank - b.rank || compare(a.agent.pod, b.agent.pod)).map(({ agent }) => agent);
}

function agentOf(pod: Cursor): { readonly rank: number; readonly agent: NodeAgent }[] {
  const labels = pod.at('metadata', 'labels').stringMap();
  const rank = AGENTS.findIndex(({ label, value }) => labels[label] === value);
  const known = AGENTS[rank];
  const namespace = pod.at('metadata', 'namespace').string();
  const name = pod.at('metadata', 'name').string();
  const node = pod.at('spec', 'nodeName').string();
  const sees = pod.at('spec', 'hostNetwork').boolean() === true && !pod.at('metadata', 'deletionTimestamp').exists;
  if (known === undefined || namespace === undefined || name === undefined || node === undefined || !sees) return [];
  const containers = pod.at('spec', 'containers').items().filter(mayReadRules);
  const running = new Set(
    pod
      .at('status', 'containerStatuses')
      .items()
      .filter((status) => status.at('state', 'running').exists)
      .map((status) => status.at('name').string()),
  );
  const names = containers.map((one) => one.at('name').string() ?? '').filter((one) => running.has(one));
  const container = names.includes(known.container) ? known.container : names[0];
  if (container === undefined) return [];
  const hostPid = pod.at('spec', 'hostPID').boolean() === true;
  return [{ rank, agent: { namespace, pod: name, container, node, hostPid } }];
}

/** Reading rules takes CAP_NET_ADMIN. */
function mayReadRules(container: Cursor): boolean {
  const context = container.at('securityContext');
  const added = context.at('capabilities', 'add').strings();
  const powers = new Set(['ALL', 'NET_ADMIN', 'CAP_NET_ADMIN']);
  return context.at('privileged').boolean() === true || added.some((one) => powers.has(one.toUpperCase()));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
