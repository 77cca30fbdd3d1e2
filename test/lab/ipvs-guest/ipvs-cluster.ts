// Two nodes whose real kube-proxy programs IPVS, in the guest kernel. kube-apiserver and the controllers run on the machine, where they
// are as fast as it is; kube-proxy reaches them through a tap device. Pods are objects with a status, and network namespaces of the guest
// in which the agent answers.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goProgram } from '../build/go-modules.ts';
import type { ApiClient } from '../control-plane/api-client.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { execute } from '../execute.ts';
import { CLUSTER, layNetwork } from '../network.ts';
import { proxyConfiguration } from '../node/kube-proxy.ts';
import { progress } from '../progress.ts';
import { LabRecord } from '../record.ts';
import { nodeObject, podObjectsWithStatus } from '../topology/pod-objects.ts';
import type { Topology } from '../topology/topology.ts';
import { guestNodes, layGuestNetwork, UPLINK, type PodPlace } from './cluster-network.ts';
import { Guest, type GuestProbe, type GuestProbeResult } from './guest.ts';
import { collectNodeFiles, collectPodFiles } from './netns-files.ts';

/** kube-proxy's settings for IPVS (KubeProxyIPVSConfiguration). */
export interface IpvsSettings {
  readonly scheduler?: string;
  readonly strictARP?: boolean;
}

/** Resources that a snapshot of the cluster holds. */
const RESOURCES = [
  ['core', 'v1', 'nodes'],
  ['core', 'v1', 'namespaces'],
  ['core', 'v1', 'pods'],
  ['core', 'v1', 'services'],
  ['core', 'v1', 'endpoints'],
  ['discovery.k8s.io', 'v1', 'endpointslices'],
  ['networking.k8s.io', 'v1', 'networkpolicies'],
] as const;
const KUBE_PROXY = { proxyMode: 10249, configz: 10249, healthz: 10256, metrics: 10249 } as const;

/** Where a probe starts. */
export type GuestPlace = { readonly pod: string } | { readonly node: string } | 'outside';

/** The cluster; it stands until it is stopped. */
export class IpvsCluster {
  readonly guest: Guest;
  readonly api: ApiClient;
  readonly topology: Topology;
  private readonly record: LabRecord;
  private readonly pods: readonly PodPlace[];

  private constructor(guest: Guest, api: ApiClient, topology: Topology, record: LabRecord, pods: readonly PodPlace[]) {
    this.guest = guest;
    this.api = api;
    this.topology = topology;
    this.record = record;
    this.pods = pods;
  }

  /** @param name of the lab: prefix of all that it makes on the machine */
  static async start(name: string, topology: Topology, settings: IpvsSettings = {}): Promise<IpvsCluster> {
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
      const pods = topology.pods.map((spec, at): PodPlace => {
        const node = nodes.find((candidate) => candidate.name === spec.node);
        if (node === undefined) throw new Error(`pod ${spec.name} is on a node that is not there: ${spec.node}`);
        const { podIPs } = objects[at]?.['status'] as { podIPs: [{ ip: string }, { ip: string }] };
        const netns = spec.hostNetwork === true ? node.netns : `${spec.namespace}-${spec.name}`;
        return { spec, node, netns, addresses: [podIPs[0].ip, podIPs[1].ip] };
      });
      progress('lays the network of the guest');
      await layGuestNetwork(guest, nodes, pods, topology.externalVia ?? {});
      const credentials = readFileSync(path.join(record.folder, 'control-plane', 'kube-proxy.yaml'), 'utf8');
      const kubeconfig = guest.leave('kube-proxy.yaml', credentials);
      const program = await goProgram('kube-proxy');
      for (const [at, node] of nodes.entries()) await control.api.apply(nodeObject(node, at));
      for (const { name: node, netns } of nodes) {
        const configuration = ipvsConfiguration(kubeconfig, node, settings);
        const file = guest.leave(`kube-proxy-${node}.json`, configuration);
        await guest.start(netns, [program, `--config=${file}`], `/run/orders/kube-proxy-${node}.log`);
      }
      for (const object of topology.objects) await control.api.apply(object);
      await Promise.all(objects.map((pod) => control.api.apply(pod)));
      for (const { spec } of pods.filter((pod) => pod.spec.terminating === true)) {
        await control.api.call('DELETE', `/api/v1/namespaces/${spec.namespace}/pods/${spec.name}`);
      }
      await servePods(guest, pods);
      const cluster = new IpvsCluster(guest, control.api, topology, record, pods);
      await cluster.settled();
      return cluster;
    } catch (error) {
      await guest?.stop();
      throw new Error(`the IPVS cluster ${name} did not start (logs: ${record.folder})`, { cause: error });
    }
  }

  /** Waits until every node has every ClusterIP and its rules have not changed for a while. */
  async settled(): Promise<void> {
    progress('waits for kube-proxy (ipvs)');
    const addresses = this.topology.objects.flatMap(({ spec }) => {
      const { clusterIP } = (spec ?? {}) as { clusterIP?: string };
      return clusterIP === undefined || clusterIP === 'None' ? [] : [clusterIP];
    });
    const rules = (): Promise<string[]> =>
      Promise.all(this.topology.nodes.map((node) => this.guest.run(node, ['ipvsadm', '-Sn'])));
    let last: readonly string[] = [];
    await this.api.until('kube-proxy has programmed IPVS', 120, async () => {
      const now = await rules();
      const isSame = now.every((text, at) => text === last[at]);
      last = now;
      if (isSame && now.every((text) => addresses.every((address) => text.includes(address)))) return true;
      await sleep(2000);
      return false;
    });
  }

  /** @param place a pod's name, a node's, or outside */
  probe(place: GuestPlace, probe: Omit<GuestProbe, 'netns'>): Promise<readonly GuestProbeResult[]> {
    return this.guest.probe({ ...probe, netns: this.netnsOf(place) });
  }

  private netnsOf(place: GuestPlace): string {
    if (place === 'outside') return place;
    if ('node' in place) return place.node;
    const pod = this.pods.find(({ spec }) => spec.name === place.pod);
    if (pod === undefined) throw new Error(`no pod ${place.pod}`);
    return pod.netns;
  }

  /** Writes a snapshot of the objects, and of the network namespaces of nodes and pods. */
  async snapshot(folder: string): Promise<void> {
    const write = (name: string, text: string): void => {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    };
    const index = { formatVersion: 1, capturedAt: `${new Date().toISOString().slice(0, 19)}Z`, clusters: ['lab'] };
    write('snapshot.json', `${JSON.stringify(index)}\n`);
    for (const [group, version, plural] of RESOURCES) {
      const list = await this.api.call('GET', `${group === 'core' ? '/api' : `/apis/${group}`}/${version}/${plural}`);
      write(`clusters/lab/resources/${group}/${version}/${plural}.json`, list);
    }
    for (const node of this.topology.nodes) {
      const files = await collectNodeFiles(this.guest, node);
      for (const [name, text] of files) write(`clusters/lab/nodes/${node}/${name}`, text);
      for (const [name, port] of Object.entries(KUBE_PROXY)) {
        const text = await this.guest.run(node, ['curl', '-sS', `http://127.0.0.1:${port}/${name}`]);
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

function ipvsConfiguration(
  kubeconfig: string,
  node: string,
  { scheduler = 'rr', strictARP = false }: IpvsSettings,
): string {
  const configuration = JSON.parse(proxyConfiguration('iptables', kubeconfig, node)) as Record<string, unknown>;
  return JSON.stringify({ ...configuration, mode: 'ipvs', ipvs: { scheduler, strictARP } });
}

async function addUplink(router: string): Promise<void> {
  const commands = [
    'tuntap add guest mode tap',
    `address add ${UPLINK.router}/${UPLINK.length} dev guest`,
    'link set guest up',
  ];
  for (const words of commands) await execute('ip', ['-n', router, ...words.split(' ')]);
}

/** Each pod answers on its ports; the client outside on the port of the Services that name it by hand. */
async function servePods(guest: Guest, pods: readonly PodPlace[]): Promise<void> {
  await guest.serve('outside', {
    name: 'outside',
    addresses: [CLUSTER.outside.v4, CLUSTER.outside.v6],
    tcp: [8090],
    udp: [],
  });
  for (const { spec, netns, addresses } of pods) {
    const numbers = (protocol: string): number[] =>
      (spec.ports ?? []).flatMap((port) => (port.protocol === protocol ? [port.port] : []));
    await guest.serve(netns, { name: spec.name, addresses, tcp: numbers('TCP'), udp: numbers('UDP') });
  }
}
