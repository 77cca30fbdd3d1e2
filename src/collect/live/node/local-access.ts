import { hostname, networkInterfaces } from 'node:os';
import type { KubeApi } from '../api-access.ts';
import { RequestRefused } from '../refusal.ts';
import { LocalRunner } from './local-runner.ts';
import { commandLoopback, LOCAL_LOOPBACK } from './loopback-http.ts';
import type { NodeAccess, NodePlace, NodeRefusal } from './node-place.ts';
import { jsonAnswer } from '../json-answer.ts';

/** This machine, as a node may be known. */
interface ThisMachine {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

/** The machine that this process runs on. */
function thisMachine(): ThisMachine {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = interfaces.filter((one) => !one.internal).map((one) => one.address.toLowerCase());
  return { hostname: hostname().toLowerCase(), addresses };
}

/** Reads the node that this process runs on; rules that were read here under the name of another node would be a lie. */
export class LocalAccess implements NodeAccess {
  readonly remedy = 'run it as root, on a node that has the tool';
  readonly #api: KubeApi;
  readonly #machine: ThisMachine;

  constructor(api: KubeApi, machine: ThisMachine = thisMachine()) {
    this.#api = api;
    this.#machine = machine;
  }

  async open(node: string, signal: AbortSignal): Promise<NodePlace | NodeRefusal> {
    const { hostname: own, addresses } = this.#machine;
    const names = [own, own.split('.')[0]];
    if (!names.includes(node.toLowerCase())) {
      const known = await this.#addressesOf(node, signal);
      if (!known.some((address) => addresses.includes(address.toLowerCase()))) {
        const problem = `this machine (${own}) is not node ${node}, and --node-access local reads no other`;
        return { gap: 'missing', problem, remedy: `run it on ${node}, or with --node-access exec` };
      }
    }
    const runner = new LocalRunner();
    return {
      runners: [runner],
      entrances: [{ runner, enter: (pid) => new LocalRunner(['nsenter', '-t', String(pid), '-n', '--']) }],
      loopback: [LOCAL_LOOPBACK, commandLoopback(runner)],
      note: `node ${node} was read on this machine`,
    };
  }

  async close(): Promise<void> {
    // Nothing was made.
  }

  /** Addresses of the node's own object; none when it may not be read. */
  async #addressesOf(node: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const { bytes } = await this.#api.request(`/api/v1/nodes/${encodeURIComponent(node)}`, {
        permission: { verb: 'get', group: '', resource: 'nodes', namespace: null, namespaced: false },
        signal,
      });
      const addresses = jsonAnswer(bytes).at('status', 'addresses').items();
      return addresses
        .filter((one) => one.at('type').string() === 'InternalIP' || one.at('type').string() === 'ExternalIP')
        .map((one) => one.at('address').string() ?? '');
    } catch (error) {
      if (error instanceof RequestRefused) return [];
      throw error;
    }
  }
}
