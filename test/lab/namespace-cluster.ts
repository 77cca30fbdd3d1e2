// Nodes that each have a real kube-proxy, every one in a mode of its own, and pods that are network namespaces in which the agent answers:
// no kubelet, no runtime, no names. Objects can be exchanged while it stands, and the nodes' rules be read again.
import { join } from 'node:path';
import { KUBE_PROXY_PATHS, NETNS_COMMANDS } from '../../src/collect/live/node/commands.ts';
import { agentProgram } from './build/go-modules.ts';
import { readObjects } from './capture/capture.ts';
import type { ApiClient } from './control-plane/api-client.ts';
import { startControlPlane } from './control-plane/control-plane.ts';
import { attempt, execute } from './execute.ts';
import { answerAlways, layNetwork, runIp, type Network, type NodePlace } from './network.ts';
import { type ProxySettings, startProxies } from './node/kube-proxy.ts';
import { entranceCommands, outsideCommands } from './outside-routes.ts';
import { nodeLinks, placePods, podLink, type PodPlace } from './pod-links.ts';
import { type CountedProbe, type ProbeResult, type RunAgent, type Sender, sendTogether } from './probe/probe.ts';
import { progress } from './progress.ts';
import { LabRecord } from './record.ts';
import { agentArguments, nodeObject, podObjectsWithStatus } from './topology/pod-objects.ts';
import type { ProxyMode, Topology } from './topology/topology.ts';

/** Text of files of a snapshot, by name. */
export type Files = Readonly<Record<string, string>>;

/** Files of a network namespace that change with the Services. */
const RULES = /^(ip6?tables|nft-ruleset\.json|ipset)/;
/** Files that tell nothing here: IPVS is in no node, and the text form of nftables tells what its JSON does. */
const UNWANTED = /^(ipvs|ip_vs|nft-ruleset\.txt)/;

/** Requests of a sender that are under way at a time. */
const PROBES_AT_ONCE = 48;

/** The cluster; it stands until it is stopped. */
export class NamespaceCluster {
  readonly api: ApiClient;
  readonly pods: readonly PodPlace[];
  private readonly record: LabRecord;
  private readonly network: Network;
  private readonly modes: Readonly<Record<string, ProxyMode>>;
  private readonly runAgent: RunAgent;

  private constructor(
    api: ApiClient,
    record: LabRecord,
    network: Network,
    pods: readonly PodPlace[],
    modes: Readonly<Record<string, ProxyMode>>,
    agent: string,
  ) {
    this.api = api;
    this.record = record;
    this.network = network;
    this.pods = pods;
    this.modes = modes;
    this.runAgent = async (from, words, timeout, input) => {
      const { status, stdout, stderr } = await attempt(agent, words, {
        netns: this.netnsOf(from),
        timeout,
        ...(input === undefined ? {} : { input }),
      });
      return { status, stdout: stdout.toString(), stderr };
    };
  }

  /**
   * @param name prefix of all that it makes on the machine
   * @param topology its nodes and pods, and objects that stay
   * @param modes how the kube-proxy of each node programs it
   * @param settings of every kube-proxy
   */
  static async start(
    name: string,
    topology: Topology,
    modes: Readonly<Record<string, ProxyMode>>,
    settings: ProxySettings,
  ): Promise<NamespaceCluster> {
    const record = new LabRecord(name);
    await record.removeAll();
    await record.begin();
    try {
      const network = await layNetwork(record, topology);
      const { api } = await startControlPlane(record, network, 'light');
      for (const [at, node] of network.nodes.entries()) await api.apply(nodeObject(node, at));
      const modeOf = (node: string): ProxyMode => modes[node] ?? 'iptables';
      await startProxies(record, network.nodes, modeOf, join(record.folder, 'control-plane'), settings);
      for (const object of topology.objects) await api.apply(object);
      const objects = podObjectsWithStatus(topology, network.nodes);
      const pods = placePods(topology, network.nodes, objects, (spec) => `${name}-${spec.name}`);
      await Promise.all(objects.map((pod) => api.apply(pod)));
      for (const { namespace, name: pod } of topology.pods.filter(({ terminating }) => terminating === true)) {
        await api.call('DELETE', `/api/v1/namespaces/${namespace}/pods/${pod}`);
      }
      const agent = await agentProgram();
      for (const place of pods) await startPod(record, place, agent);
      for (const node of network.nodes) await hangPods(network, node.name, pods);
      const { outside } = network;
      record.start({ name: 'outside-agent', netns: outside, program: agent, ...OUTSIDE_AGENT });
      await runIp(network.router, outsideCommands());
      progress(`cluster ${name} is up (logs: ${join(record.folder, 'log')})`);
      return new NamespaceCluster(api, record, network, pods, modes, agent);
    } catch (error) {
      throw new Error(`cluster ${name} did not start (logs: ${join(record.folder, 'log')})`, { cause: error });
    }
  }

  get nodes(): readonly NodePlace[] {
    return this.network.nodes;
  }

  /** The router sends what comes from outside for an address to this node. */
  async enterAt(entries: ReadonlyMap<string, string>): Promise<void> {
    await runIp(this.network.router, entranceCommands(entries, this.network.nodes));
  }

  /** Waits until the rules of every node name an address in each family. */
  async untilProgrammed(addresses: readonly string[]): Promise<void> {
    for (const { name, netns } of this.network.nodes) {
      const commands = RULE_DUMPS[this.modes[name] ?? 'iptables'];
      await this.api.until(`kube-proxy on ${name} programs ${addresses.join(', ')}`, 60, async () => {
        const texts = await Promise.all(commands.map(([tool, ...words]) => execute(tool, words, { netns })));
        return addresses.every((address) => texts.some((text) => text.includes(address)));
      });
    }
  }

  /** Connections that nodes track from before would be answered as then. */
  async forgetConnections(): Promise<void> {
    for (const { netns } of this.network.nodes) await attempt('conntrack', ['-F'], { netns });
  }

  /** API objects and, of every node, kube-proxy's own account and the rules. */
  async changingFiles(): Promise<Files> {
    const files: Record<string, string> = { ...(await readObjects(this.api)) };
    for (const { name, netns } of this.network.nodes) {
      await this.read(netns, `clusters/lab/nodes/${name}`, (file) => RULES.test(file), files);
    }
    return files;
  }

  /** What stays: kube-proxy's configuration, and the networks of nodes and pods. */
  async lastingFiles(): Promise<Files> {
    const files: Record<string, string> = {};
    const isWanted = (file: string): boolean => !RULES.test(file) && !UNWANTED.test(file);
    for (const { name, netns } of this.network.nodes) {
      const folder = `clusters/lab/nodes/${name}`;
      await this.read(netns, folder, isWanted, files);
      for (const [file, { port, path }] of Object.entries(KUBE_PROXY_PATHS)) {
        await this.api.until(`kube-proxy of ${name} answers ${path}`, 60, async () => {
          const { status, stdout } = await attempt('curl', ['-s', `http://127.0.0.1:${port}${path}`], { netns });
          files[`${folder}/kube-proxy/${file}`] = stdout.toString();
          return status === 0;
        });
      }
    }
    for (const { spec, netns } of this.pods) {
      if (spec.hostNetwork === true) continue;
      const isOfPods = (file: string): boolean => !UNWANTED.test(file);
      await this.read(netns, `clusters/lab/pods/${spec.namespace}/${spec.name}/netns`, isOfPods, files);
    }
    return files;
  }

  private async read(
    netns: string,
    folder: string,
    isWanted: (file: string) => boolean,
    into: Record<string, string>,
  ): Promise<void> {
    await Promise.all(
      Object.entries(NETNS_COMMANDS).map(async ([file, { commands }]) => {
        const [command] = commands;
        if (command === undefined || !isWanted(file)) return;
        const [tool, ...words] = command;
        const { stdout } = await attempt(tool, words, { netns });
        if (stdout.length > 0) into[`${folder}/${file}`] = stdout.toString();
      }),
    );
  }

  /** Sends many requests of one sender at once. @returns the results of each, in their order */
  send(from: Sender, probes: readonly CountedProbe[]): Promise<readonly (readonly ProbeResult[])[]> {
    return sendTogether(this.runAgent, from, probes, PROBES_AT_ONCE);
  }

  private netnsOf(from: Sender): string {
    if (from === 'outside') return this.network.outside;
    const place =
      'node' in from
        ? this.network.nodes.find(({ name }) => name === from.node)
        : this.pods.find(({ spec }) => spec.name === from.pod);
    if (place === undefined) throw new Error(`no sender ${JSON.stringify(from)}`);
    return place.netns;
  }

  async stop(): Promise<void> {
    this.api.close();
    await this.record.removeAll();
  }
}

/** The agent outside of the cluster, behind Services whose endpoints are no pods. */
const OUTSIDE_AGENT = { parameters: ['serve', '8080/tcp', '5353/udp'], env: { POD_NAME: 'outside' } } as const;

const RULE_DUMPS: Readonly<Record<ProxyMode, readonly (readonly [string, ...string[]])[]>> = {
  iptables: [
    ['iptables-nft-save', '-t', 'nat'],
    ['ip6tables-nft-save', '-t', 'nat'],
  ],
  'iptables-legacy': [
    ['iptables-legacy-save', '-t', 'nat'],
    ['ip6tables-legacy-save', '-t', 'nat'],
  ],
  nftables: [['nft', 'list', 'ruleset']],
};

async function startPod(record: LabRecord, { spec, netns }: PodPlace, agent: string): Promise<void> {
  if (spec.hostNetwork !== true) await record.netns(spec.name);
  const parameters = agentArguments(spec);
  record.start({ name: `pod-${spec.name}`, netns, program: agent, parameters, env: { POD_NAME: spec.name } });
}

async function hangPods({ nodes }: Network, name: string, pods: readonly PodPlace[]): Promise<void> {
  const own = pods.filter(({ spec, node }) => node.name === name && spec.hostNetwork !== true);
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  await runIp(node.netns, nodeLinks(node, own));
  for (const pod of own) {
    await runIp(pod.netns, podLink(pod));
    await answerAlways(pod.netns);
  }
}
