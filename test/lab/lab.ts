import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goProgram } from './build/go-modules.ts';
import { ApiClient } from './control-plane/api-client.ts';
import { startControlPlane } from './control-plane/control-plane.ts';
import { attempt, type Ended } from './execute.ts';
import { dropServiceAddresses, layNetwork, type Network } from './network.ts';
import { furnishFullCluster } from './full-cluster.ts';
import { furnishLightCluster } from './light-cluster.ts';
import {
  sendProbes,
  sendTogether,
  type CountedProbe,
  type Probe,
  type ProbeResult,
  type Sender,
} from './probe/probe.ts';
import { agentOf } from './probe/run-agent.ts';
import { progress } from './progress.ts';
import { LabRecord } from './record.ts';
import type { ClusterKind, ProxyMode, Topology } from './topology/topology.ts';

/** How a lab is started. */
export interface LabOptions {
  /** Prefix of all that it makes; two labs of one name cannot be. The clone's own unless told. */
  readonly name?: string;
  readonly proxyMode?: ProxyMode;
  readonly cluster?: ClusterKind;
  /** What kube-proxy's image holds besides kube-proxy: all that a snapshot of a node needs, or what the release's image has. */
  readonly proxyTools?: 'full' | 'distroless';
}

/** What another process needs to know of a running lab. */
interface LabState {
  readonly network: Network;
  readonly server: string;
  readonly options: LabOptions;
}

/** A running lab. */
export class Lab {
  readonly record: LabRecord;
  readonly state: LabState;
  readonly api: ApiClient;

  constructor(record: LabRecord, state: LabState, api: ApiClient) {
    this.record = record;
    this.state = state;
    this.api = api;
  }

  /** kubeconfig of the administrator. */
  get kubeconfig(): string {
    return this.kubeconfigOf('admin');
  }

  /** @param identity `admin`, `reader`, `watcher`, `nobody`; with `-token` at its end: by token instead of certificate */
  kubeconfigOf(identity: string): string {
    return join(this.record.folder, 'kubeconfig', `${identity}.yaml`);
  }

  /** Runs the real kubectl to its end. */
  async kubectl(parameters: readonly string[], identity = 'admin'): Promise<Ended> {
    const program = await goProgram('kubectl');
    return attempt(program, ['--kubeconfig', this.kubeconfigOf(identity), ...parameters], { timeout: 120_000 });
  }

  /** Network namespace of a node, or `outside` and `router`. */
  netnsOf(place: string): string {
    return `${this.record.name}-${place}`;
  }

  /** Sends one request for real. */
  async probe(probe: Probe): Promise<ProbeResult> {
    const [result] = await this.probes(probe, 1);
    if (result === undefined) throw new Error(`no result of ${probe.to}`);
    return result;
  }

  /** Sends a request several times: who answers is chance. */
  probes(probe: Probe, count: number): Promise<ProbeResult[]> {
    return sendProbes(agentOf(this), probe, count);
  }

  /** Sends many requests of one sender by one process, so many at a time. @returns the results of each, in their order */
  together(
    from: Sender,
    probes: readonly CountedProbe[],
    atOnce: number,
  ): Promise<readonly (readonly ProbeResult[])[]> {
    return sendTogether(agentOf(this), from, probes, atOnce);
  }

  async stop(): Promise<void> {
    this.api.close();
    await stopLab(this.record.name);
  }
}

/** A name of the lab that is this clone's own, so that clones on one machine do not meet. */
export function defaultName(): string {
  const hash = createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex');
  return process.env['KUBECTL_REACH_LAB'] ?? `kr${hash.slice(0, 5)}`;
}

/** Starts a lab; one of the same name that still stands, or a crashed one's remains, are removed first. */
export async function startLab(topology: Topology, options: LabOptions = {}): Promise<Lab> {
  const name = options.name ?? defaultName();
  await stopLab(name);
  const record = new LabRecord(name);
  await record.begin();
  try {
    const tools = options.proxyTools ?? 'full';
    const mode = options.proxyMode ?? 'iptables';
    const network = await layNetwork(record, topology);
    const cluster = options.cluster ?? 'kubelets';
    const control = await startControlPlane(record, network, cluster);
    const state: LabState = { network, server: control.server, options };
    writeFileSync(join(record.folder, 'state.json'), JSON.stringify(state));
    if (cluster === 'kubelets') await furnishFullCluster(record, control, network, topology, mode, tools);
    if (cluster === 'light') await furnishLightCluster(record, control, network, topology, mode);
    await dropServiceAddresses(network.router);
    progress(`lab ${name} is up: KUBECONFIG=${join(record.folder, 'kubeconfig', 'admin.yaml')}`);
    return new Lab(record, state, control.api);
  } catch (error) {
    throw new Error(`lab ${name} did not start (logs: ${join(record.folder, 'log')})`, { cause: error });
  }
}

/** A lab that another process started. */
export function openLab(name = defaultName()): Lab {
  const record = new LabRecord(name);
  const state = JSON.parse(readFileSync(join(record.folder, 'state.json'), 'utf8')) as LabState;
  const folder = join(record.folder, 'control-plane');
  const admin = { key: join(folder, 'admin.key'), certificate: join(folder, 'admin.crt') };
  return new Lab(record, state, new ApiClient(state.server, join(folder, 'ca.crt'), admin));
}

/** Removes a lab and all that it made; without one, does nothing. */
export async function stopLab(name: string): Promise<void> {
  const record = new LabRecord(name);
  if (record.belongings().length === 0) return;
  progress(`stops lab ${name}`);
  await record.removeAll();
}
