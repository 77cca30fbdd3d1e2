import type { Cursor } from '../../../model/json.ts';
import type { KubeApi } from '../api-access.ts';
import { RequestRefused } from '../refusal.ts';
import { AGENT_SELECTORS, findAgents, type NodeAgent } from './agents.ts';
import { ContainerRunner } from './container-runner.ts';
import { commandLoopback, forwardedLoopback } from './loopback-http.ts';
import type { NodeAccess, NodePlace, NodeRefusal } from './node-place.ts';
import { jsonAnswer } from '../json-answer.ts';

/** Where agents live when pods may not be listed in every namespace. */
export const AGENT_NAMESPACE = 'kube-system';

/** Reads a node through pods that are already there and that see its rules. */
export class ExecAccess implements NodeAccess {
  readonly remedy = 'run it with --node-access debug-pod, which starts a pod with the tools on the node for a moment';
  readonly #api: KubeApi;
  /** The agents of a cluster that may only be listed in one namespace are those of that namespace. */
  #namespace: string | null = null;

  constructor(api: KubeApi) {
    this.#api = api;
  }

  async open(node: string, signal: AbortSignal): Promise<NodePlace | NodeRefusal> {
    try {
      const agents: NodeAgent[] = [];
      // One request for nearly every cluster; the rest only where the first finds nobody.
      for (const selector of AGENT_SELECTORS) {
        agents.push(...findAgents(await this.#list(node, selector, signal)));
        if (agents.length > 0) break;
      }
      return agents.length === 0 ? nobody(node, this.remedy) : this.#place(node, agents);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      const { kind, problem, remedy } = error.gap('');
      return { gap: kind, problem, remedy: remedy ?? this.remedy };
    }
  }

  async close(): Promise<void> {
    // Nothing was made.
  }

  #place(node: string, agents: readonly NodeAgent[]): NodePlace {
    const runners = agents.map((agent) => new ContainerRunner(this.#api.access, agent));
    const entrances = agents
      .filter((agent) => agent.hostPid)
      .map((agent) => ({
        runner: new ContainerRunner(this.#api.access, agent),
        enter: (pid: number) =>
          new ContainerRunner(this.#api.access, agent, ['nsenter', '-t', String(pid), '-n', '--']),
      }));
    const loopback = agents.map((agent) => forwardedLoopback(this.#api, agent));
    return {
      runners,
      entrances,
      loopback: [...loopback, ...runners.map(commandLoopback)],
      note: `node ${node} was read ${runners.map((one) => one.place).join(', and ')}`,
    };
  }

  async #list(node: string, labelSelector: string, signal: AbortSignal): Promise<Cursor> {
    try {
      return await this.#listIn(this.#namespace, node, labelSelector, signal);
    } catch (error) {
      const alone = error instanceof RequestRefused && error.kind === 'forbidden' && this.#namespace === null;
      if (!alone) throw error;
      const list = await this.#listIn(AGENT_NAMESPACE, node, labelSelector, signal);
      this.#namespace = AGENT_NAMESPACE;
      return list;
    }
  }

  async #listIn(namespace: string | null, node: string, labelSelector: string, signal: AbortSignal): Promise<Cursor> {
    const { bytes } = await this.#api.request(
      namespace === null ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`,
      {
        query: { fieldSelector: `spec.nodeName=${node},status.phase=Running`, labelSelector },
        permission: { verb: 'list', group: '', resource: 'pods', namespace, namespaced: true },
        signal,
      },
    );
    return jsonAnswer(bytes);
  }
}

function nobody(node: string, remedy: string): NodeRefusal {
  const problem = `neither kube-proxy nor an agent of a known network plugin runs as a pod on ${node}, with the right to read its rules`;
  return { gap: 'missing', problem, remedy };
}
