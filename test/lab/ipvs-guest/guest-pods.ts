// What runs in the guest besides kube-proxy: the agent of each pod, CoreDNS, and the world outside.
import { agentProgram, goProgram } from '../build/go-modules.ts';
import { CLUSTER } from '../network.ts';
import { OUTSIDE_AGENT, outsideNames } from '../outside.ts';
import type { PodPlace } from '../pod-links.ts';
import { agentArguments, containerId } from '../topology/pod-objects.ts';
import { coreDnsObjects } from '../topology/system-objects.ts';
import type { PodSpec } from '../topology/topology.ts';
import type { Guest } from './guest.ts';

/** CoreDNS as a pod: its Deployment makes none where no scheduler runs. */
export const COREDNS: PodSpec = {
  name: 'coredns',
  namespace: 'kube-system',
  node: 'node1',
  labels: { 'k8s-app': 'kube-dns' },
  ports: [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP', speaks: 'text' },
  ],
};

/** A pod that runs. */
export interface GuestPod extends PodPlace {
  /** Of its only process, in the guest. */
  readonly pid: number;
}

/**
 * What a runtime does with a process of a container: its control group, its names, and then the program. Before it the tables of rules come
 * to be, as a look at them makes them: a kernel without nf_tables cannot say otherwise that no rule is there.
 */
const START = `for tool in iptables ip6tables; do $tool -w -n -L > /dev/null; done
mkdir -p "$1"
echo $$ > "$1/cgroup.procs"
mount --bind "$2" /etc/resolv.conf
shift 2
exec "$@"
`;

/**
 * Starts the only process of each pod: in the network namespace of the pod, in a control group with the name that containerd gives it
 * under a kubelet, and with the pod's own resolv.conf.
 * @param uids of the pods, by `namespace/name`
 * @param kubeconfig with which CoreDNS watches the cluster
 */
export async function startPods(
  guest: Guest,
  pods: readonly PodPlace[],
  uids: ReadonlyMap<string, string>,
  kubeconfig: string,
): Promise<readonly GuestPod[]> {
  const script = guest.leave('start-pod.sh', START);
  const ofCluster = guest.leave('resolv.conf', resolvConf(CLUSTER.dnsService.v4));
  const ofNode = guest.leave('node-resolv.conf', resolvConf(CLUSTER.outside.v4));
  const dns = await coreDns(guest, kubeconfig);
  const agent = await agentProgram();
  const started: GuestPod[] = [];
  for (const place of pods) {
    const { spec, netns } = place;
    const { namespace, name } = spec;
    const group = `/sys/fs/cgroup/kubepods/pod${uids.get(`${namespace}/${name}`)}/cri-containerd-${containerId(spec)}.scope`;
    const names = spec.hostNetwork === true || name === COREDNS.name ? ofNode : ofCluster;
    const program = name === COREDNS.name ? dns : ['env', `POD_NAME=${name}`, agent, ...agentArguments(spec)];
    const argv = ['unshare', '--mount', 'sh', '-e', script, group, names, ...program];
    started.push({ ...place, pid: await guest.start(netns, argv, `/tmp/${namespace}-${name}.log`) });
  }
  return started;
}

/** The agent and the name server of the world outside. */
export async function startGuestOutside(guest: Guest): Promise<void> {
  const { parameters, env } = OUTSIDE_AGENT;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  await guest.start('outside', ['env', ...variables, await agentProgram(), ...parameters], '/tmp/outside-agent.log');
  const files = Object.entries(outsideNames('/run/orders')).map(
    ([name, text]) => [name, guest.leave(name, text)] as const,
  );
  const corefile = new Map(files).get('Corefile') ?? '';
  await guest.start('outside', [await goProgram('coredns'), '-conf', corefile], '/tmp/outside-dns.log');
}

/** @returns the command line of CoreDNS, with the Corefile of its ConfigMap, and the way to the API server that no service account gives it here */
async function coreDns(guest: Guest, kubeconfig: string): Promise<readonly string[]> {
  const map = coreDnsObjects().find(({ kind }) => kind === 'ConfigMap') as unknown as { data: { Corefile: string } };
  const text = map.data.Corefile.replace(/^( *kubernetes [^\n]*\{)$/m, `$1\n        kubeconfig ${kubeconfig}`);
  return [await goProgram('coredns'), '-conf', guest.leave('cluster.Corefile', text)];
}

/** As the kubelet writes it for pods of namespace `shop`. */
function resolvConf(server: string): string {
  const domains = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];
  return `search ${domains.join(' ')}\nnameserver ${server}\noptions ndots:5\n`;
}
