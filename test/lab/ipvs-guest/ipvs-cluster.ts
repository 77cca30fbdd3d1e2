// Two nodes whose real kube-proxy programs IPVS, in the guest kernel. kube-apiserver and the controllers run on the machine, where they
// are as fast as it is; kube-proxy reaches them through a tap device. Pods are objects with a status, and network namespaces of the guest
// in which the agent answers.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KUBE_PROXY_PATHS } from '../../../src/collect/live/node/commands.ts';
import { Turns } from '../../../src/collect/live/turns.ts';
import { agentProgram, goProgram } from '../build/go-modules.ts';
import { captureObjects } from '../capture/capture.ts';
import { endpointsAreWritten } from '../cluster-state.ts';
import type { ApiClient } from '../control-plane/api-client.ts';
import type { KubernetesObject } from '../control-plane/objects.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { execute } from '../execute.ts';
import { dropServiceAddresses, layNetwork, type NodePlace } from '../network.ts';
import { proxyConfiguration } from '../node/kube-proxy.ts';
import { placePods } from '../pod-links.ts';
import { type CountedProbe, type ProbeResult, type RunAgent, type Sender, sendTogether } from '../probe/probe.ts';
import { progress } from '../progress.ts';
import { LabRecord } from '../record.ts';
import { nodeObject, podObjectsWithStatus } from '../topology/pod-objects.ts';
import { coreDnsObjects } from '../topology/system-objects.ts';
import type { Topology } from '../topology/topology.ts';
import { guestNodes, layGuestNetwork, UPLINK } from './cluster-network.ts';
import { Guest, type GuestFinished } from './guest.ts';
import { COREDNS, type GuestPod, startGuestOutside, startPods } from './guest-pods.ts';
import { collectNodeFiles, collectPodFiles } from './netns-files.ts';

/** kube-proxy's settings for IPVS (KubeProxyIPVSConfiguration). */
export interface IpvsSettings {
  readonly scheduler?: string;
  readonly strictARP?: boolean;
}

/** Milliseconds. */
const PROBE_PATIENCE = 4000;
/** What kube-proxy logs after it wrote the rules of each address family (pkg/proxy/ipvs/proxier.go, syncProxyRules). */
const SYNCED = ['IPv4', 'IPv6'].map((family) => `"syncProxyRules complete" ipFamily="${family}"`);

/** The cluster; it stands until it is stopped. */
export class IpvsCluster {
  readonly guest: Guest;
  readonly api: ApiClient;
  /** kubeconfig of the administrator, on this machine. */
  readonly kubeconfig: string;
  /** The same in the guest. */
  readonly guestKubeconfig: string;
  private readonly topology: Topology;
  private readonly record: LabRecord;
  private readonly pods: readonly GuestPod[];
  private readonly turns = new Turns(1);

  private constructor(
    guest: Guest,
    control: ControlPlane,
    guestKubeconfig: string,
    topology: Topology,
    record: LabRecord,
    pods: readonly GuestPod[],
  ) {
    this.guest = guest;
    this.api = control.api;
    this.kubeconfig = path.join(control.kubeconfigs, 'admin.yaml');
    this.guestKubeconfig = guestKubeconfig;
    this.topology = topology;
    this.record = record;
    this.pods = pods;
  }

  /** @param name of the lab: prefix of all that it makes on the machine */
  static async start(name: string, application: Topology, settings: IpvsSettings = {}): Promise<IpvsCluster> {
    const topology: Topology = {
      ...application,
      pods: [...application.pods, COREDNS],
      objects: [...coreDnsObjects(), ...application.objects],
    };
    const record = new LabRecord(name);
    await record.removeAll();
    await record.begin();
    let guest: Guest | undefined;
    try {
      const network = await layNetwork(record, { ...topology, nodes: [] });
      await addUplink(network.router);
      const [control, booted] = await Promise.all([
        startControlPlane(record, network, 'light'),
        Guest.boot({ netns: network.router, tap: 'guest' }),
      ]);
      guest = booted;
      const nodes = guestNodes(topology.nodes);
      const objects = podObjectsWithStatus(topology, nodes);
      const places = placePods(topology, nodes, objects, ({ namespace, name: pod }) => `${namespace}-${pod}`);
      progress('lays the network of the guest');
      const laid = layGuestNetwork(guest, nodes, places, topology.externalVia ?? {});
      const uids = await putObjects(control.api, topology, nodes, objects);
      await laid;
      const kubeconfig = guest.leave('admin.yaml', readFileSync(path.join(control.kubeconfigs, 'admin.yaml'), 'utf8'));
      await startGuestOutside(guest);
      const pods = await startPods(guest, places, uids, kubeconfig);
      // With all objects there, kube-proxy writes its rules once: each of its programs takes long in the guest.
      await startProxies(guest, record, topology.nodes, settings);
      const cluster = new IpvsCluster(guest, control, kubeconfig, topology, record, pods);
      await cluster.settled();
      await dropServiceAddresses(network.router);
      return cluster;
    } catch (error) {
      await guest?.stop();
      throw new Error(`the IPVS cluster ${name} did not start (logs: ${record.folder})`, { cause: error });
    }
  }

  /** Waits until every node has every ClusterIP and the rules of both families, and nothing has changed for a while. */
  async settled(): Promise<void> {
    progress('waits for kube-proxy (ipvs)');
    const addresses = this.topology.objects.flatMap(({ spec }) => {
      const { clusterIP, clusterIPs = [clusterIP] } = (spec ?? {}) as { clusterIP?: string; clusterIPs?: string[] };
      return clusterIPs.filter((address) => address !== undefined && address !== 'None');
    });
    // A look at the rules takes programs, and the guest has one processor for kube-proxy's and ours: it says itself when it is done.
    for (const node of this.topology.nodes) {
      await this.api.until(`kube-proxy on ${node} has written its rules`, 600, async () => {
        await sleep(500);
        const counts = SYNCED.map((text) => this.guest.count(text, proxyLog(node)));
        return (await Promise.all(counts)).every((count) => count > 0);
      });
    }
    let last: readonly string[] = [];
    await this.api.until('kube-proxy has programmed IPVS', 600, async () => {
      const now = await Promise.all(this.topology.nodes.map((node) => this.rulesOf(node)));
      const isSame = now.every((text, at) => text === last[at]);
      last = now;
      if (isSame && now.every((text) => addresses.every((address) => text.includes(String(address))))) return true;
      await sleep(3000);
      return false;
    });
  }

  /** Virtual servers of a node; empty while a family has no rules yet, which kube-proxy writes last, IPv6 after IPv4. */
  private async rulesOf(node: string): Promise<string> {
    for (const family of ['ip6tables', 'iptables']) {
      const rules = await this.guest.run(node, [`${family}-save`, '-t', 'nat']);
      if (!rules.includes('-A KUBE-POSTROUTING')) return '';
    }
    return this.guest.run(node, ['ipvsadm', '-Sn']);
  }

  /**
   * Sends many requests of one sender by one process, so many at a time. The guest has one processor and is slow: senders take turns, and
   * what takes long was not dropped yet.
   * @returns the results of each, in their order
   */
  together(
    from: Sender,
    probes: readonly CountedProbe[],
    atOnce: number,
  ): Promise<readonly (readonly ProbeResult[])[]> {
    const run: RunAgent = (...words) => this.runAgent(...words);
    const patient = probes.map(({ probe, count }) => ({ probe: { timeout: PROBE_PATIENCE, ...probe }, count }));
    return this.turns.take(() => sendTogether(run, from, patient, atOnce));
  }

  private async runAgent(from: Sender, words: readonly string[], patience: number, input = ''): Promise<GuestFinished> {
    const agent = await agentProgram();
    if (from === 'outside' || 'node' in from) {
      return this.guest.spawn(from === 'outside' ? from : from.node, [agent, ...words], input, patience);
    }
    const pod = this.pods.find(({ spec }) => spec.name === from.pod);
    if (pod === undefined) throw new Error(`no pod ${from.pod}`);
    // Its own resolv.conf.
    const enter = ['nsenter', '--target', String(pod.pid), '--mount', '--net', '--', agent];
    return this.guest.spawn('', [...enter, ...words], input, patience);
  }

  /** Writes a snapshot of the objects, and of the network namespaces of nodes and pods, by the tools alone. */
  async snapshot(folder: string): Promise<void> {
    const write = await captureObjects(this.api, folder);
    for (const node of this.topology.nodes) {
      const files = await collectNodeFiles(this.guest, node);
      for (const [name, text] of files) write(`clusters/lab/nodes/${node}/${name}`, text);
      for (const [name, { port, path: part }] of Object.entries(KUBE_PROXY_PATHS)) {
        const text = await this.guest.run(node, ['curl', '-sS', `http://127.0.0.1:${port}${part}`]);
        write(`clusters/lab/nodes/${node}/kube-proxy/${name}`, text);
      }
    }
    for (const { spec, netns } of this.pods) {
      if (spec.hostNetwork === true) continue;
      const files = await collectPodFiles(this.guest, netns);
      const pod = `clusters/lab/pods/${spec.namespace}/${spec.name}/netns`;
      for (const [name, text] of files) write(`${pod}/${name}`, text);
    }
  }

  async stop(): Promise<void> {
    this.api.close();
    await this.guest.stop();
    await this.record.removeAll();
  }
}

interface PodEntry {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
}

/** Puts nodes, pods and all other objects, and waits for the slices of the controllers. @returns uids of pods by `namespace/name` */
async function putObjects(
  api: ApiClient,
  topology: Topology,
  nodes: readonly NodePlace[],
  pods: readonly KubernetesObject[],
): Promise<ReadonlyMap<string, string>> {
  for (const [at, node] of nodes.entries()) await api.apply(nodeObject(node, at));
  for (const object of topology.objects) await api.apply(object);
  await Promise.all(pods.map((pod) => api.apply(pod)));
  for (const { namespace, name } of topology.pods.filter(({ terminating }) => terminating === true)) {
    await api.call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`);
  }
  await endpointsAreWritten(api, topology);
  const entries = await api.list<PodEntry>('/api/v1/pods');
  return new Map(entries.map(({ metadata: { namespace, name, uid } }) => [`${namespace}/${name}`, uid]));
}

async function startProxies(
  guest: Guest,
  record: LabRecord,
  nodes: readonly string[],
  settings: IpvsSettings,
): Promise<void> {
  const credentials = readFileSync(path.join(record.folder, 'control-plane', 'kube-proxy.yaml'), 'utf8');
  const kubeconfig = guest.leave('kube-proxy.yaml', credentials);
  const program = await goProgram('kube-proxy');
  for (const node of nodes) {
    const file = guest.leave(`kube-proxy-${node}.json`, ipvsConfiguration(kubeconfig, node, settings));
    await guest.start(node, [program, `--config=${file}`, '--v=4'], proxyLog(node));
  }
}

/** kube-proxy's log, in the guest. */
function proxyLog(node: string): string {
  return `/run/orders/kube-proxy-${node}.log`;
}

function ipvsConfiguration(
  kubeconfig: string,
  node: string,
  { scheduler = 'rr', strictARP = false }: IpvsSettings,
): string {
  // Every 30 seconds unless told, it asks for all sets anew by a program each, which takes the guest's processor for longer than that.
  const ipvs = { scheduler, strictARP, syncPeriod: '1h' };
  return proxyConfiguration('iptables', kubeconfig, node, { mode: 'ipvs', ipvs });
}

async function addUplink(router: string): Promise<void> {
  const commands = [
    'tuntap add guest mode tap',
    `address add ${UPLINK.router}/${UPLINK.length} dev guest`,
    'link set guest up',
  ];
  for (const words of commands) await execute('ip', ['-n', router, ...words.split(' ')]);
}
