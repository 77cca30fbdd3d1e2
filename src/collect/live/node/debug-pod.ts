import { setTimeout as wait } from 'node:timers/promises';
import type { Cursor } from '../../../model/json.ts';
import type { KubeApi, PodName } from '../api-access.ts';
import { RequestRefused } from '../refusal.ts';
import { ContainerRunner } from './container-runner.ts';
import { commandLoopback, forwardedLoopback } from './loopback-http.ts';
import type { NodeAccess, NodePlace, NodeRefusal } from './node-place.ts';
import { jsonAnswer } from '../json-answer.ts';

/** Carries nsenter, which leads to the node's own tools. */
export const DEBUG_IMAGE = 'busybox:1.37';
/** Where the pod is made unless told. */
export const DEBUG_NAMESPACE = 'default';
const CONTAINER = 'reach';
/** Seconds after which the kubelet ends the pod, should nobody be there to remove it. */
const LIFETIME_S = 600;
const CREATE_MS = 20_000;
const START_MS = 60_000;
const POLL_MS = 500;
const REMOVE_MS = 10_000;
/** Into the mount namespace of the node's first process: the pod shares its network and process namespaces already. */
const TO_NODE = ['nsenter', '-t', '1', '-m', '--'];

export interface DebugPodOptions {
  readonly image: string;
  readonly namespace: string;
  /** Tells the person before a pod is made. */
  readonly say: (sentence: string) => void;
}

/**
 * Reads a node through a privileged pod that is made for it. Only on demand of a person: it changes the cluster. `close` removes
 * every pod that was made, also after an interruption; if this process is killed, the kubelet ends them after ten minutes.
 */
export class DebugPodAccess implements NodeAccess {
  readonly remedy = 'give an image with the tools (--debug-image)';
  readonly #api: KubeApi;
  readonly #options: DebugPodOptions;
  readonly #made: PodName[] = [];

  constructor(api: KubeApi, options: DebugPodOptions) {
    this.#api = api;
    this.#options = options;
  }

  async open(node: string, signal: AbortSignal): Promise<NodePlace | NodeRefusal> {
    const { image, namespace, say } = this.#options;
    say(
      `Starting a privileged pod on node ${node} (namespace ${namespace}, image ${image}) to read its rules; it is removed at the end.`,
    );
    try {
      const pod = await this.#create(node);
      return (await this.#untilRunning(pod, node, signal)) ?? this.#place(pod, node);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      const { kind, problem, remedy } = error.gap('');
      return { gap: kind, problem: `a pod to read ${node}: ${problem}`, remedy: remedy ?? this.remedy };
    }
  }

  async close(): Promise<void> {
    const { say } = this.#options;
    await Promise.all(
      this.#made.splice(0).map(async (pod) => {
        try {
          await this.#api.request(podPath(pod), {
            method: 'DELETE',
            query: { gracePeriodSeconds: 0 },
            permission: { verb: 'delete', group: '', resource: 'pods', namespace: pod.namespace, namespaced: true },
            tidiesUp: true,
            // Its own time: what interrupted the work must not keep the pod alive.
            signal: AbortSignal.timeout(REMOVE_MS),
          });
        } catch (error) {
          if (error instanceof RequestRefused && error.kind === 'not-found') return;
          const reason = error instanceof Error ? error.message : String(error);
          say(
            `Pod ${pod.namespace}/${pod.pod} could not be removed (${reason}). Remove it with \`kubectl delete pod -n ${pod.namespace} ${pod.pod}\`.`,
          );
        }
      }),
    );
  }

  async #create(node: string): Promise<PodName> {
    const { image, namespace } = this.#options;
    // Named here, so that it can be removed even when the answer to its creation gets lost.
    const pod = { namespace, pod: `reach-debug-${suffix()}` };
    this.#made.push(pod);
    await this.#api.request(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, {
      method: 'POST',
      body: manifest(pod, node, image),
      permission: { verb: 'create', group: '', resource: 'pods', namespace, namespaced: true },
      // Not broken off: a pod that comes to be after its removal was asked for would stay.
      tidiesUp: true,
      signal: AbortSignal.timeout(CREATE_MS),
    });
    return pod;
  }

  /** Waits until commands can be run in it; gives back why that does not happen. */
  async #untilRunning(pod: PodName, node: string, signal: AbortSignal): Promise<NodeRefusal | null> {
    const deadline = performance.now() + START_MS;
    let waiting = '';
    while (performance.now() < deadline) {
      const status = await this.#status(pod, signal);
      const container = status.at('containerStatuses', 0, 'state');
      if (container.at('running').exists) return null;
      const stuck = container.at('waiting').exists ? container.at('waiting') : container.at('terminated');
      waiting = [stuck.at('reason').string(), stuck.at('message').string()]
        .filter((one) => one !== undefined)
        .join(': ');
      const phase = status.at('phase').string();
      if (phase === 'Failed' || phase === 'Succeeded') {
        const problem = `the pod to read ${node} ended at once: ${status.at('message').string() ?? waiting}`;
        return { gap: 'missing', problem, remedy: this.remedy };
      }
      await wait(POLL_MS, undefined, { signal }).catch(() => {});
    }
    const problem = `the pod to read ${node} did not start within ${START_MS / 1000} s${waiting === '' ? '' : ` (${waiting})`}`;
    return { gap: 'missing', problem, remedy: 'give an image that the node can pull (--debug-image)' };
  }

  async #status(pod: PodName, signal: AbortSignal): Promise<Cursor> {
    const { namespace } = pod;
    const { bytes } = await this.#api.request(podPath(pod), {
      permission: { verb: 'get', group: '', resource: 'pods', namespace, namespaced: true },
      signal,
    });
    return jsonAnswer(bytes).at('status');
  }

  #place(pod: PodName, node: string): NodePlace {
    const target = { ...pod, container: CONTAINER };
    const { access } = this.#api;
    const through = (prefix: readonly string[]): ContainerRunner => new ContainerRunner(access, target, prefix);
    const runners = [through(TO_NODE), through([])];
    return {
      runners,
      entrances: [
        { runner: through(TO_NODE), enter: (pid) => through([...TO_NODE, 'nsenter', '-t', String(pid), '-n', '--']) },
        { runner: through([]), enter: (pid) => through(['nsenter', '-t', String(pid), '-n', '--']) },
      ],
      loopback: [forwardedLoopback(this.#api, pod), ...runners.map(commandLoopback)],
      note: `node ${node} was read through pod ${pod.namespace}/${pod.pod}, made for it`,
    };
  }
}

function podPath({ namespace, pod }: PodName): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
}

function suffix(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, '0');
}

/** Bound to its node directly, so that it runs on nodes that are cordoned or full as well. */
function manifest({ namespace, pod }: PodName, node: string, image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod, namespace, labels: { 'app.kubernetes.io/managed-by': 'kubectl-reach' } },
    spec: {
      nodeName: node,
      hostNetwork: true,
      hostPID: true,
      restartPolicy: 'Never',
      activeDeadlineSeconds: LIFETIME_S,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: CONTAINER,
          image,
          command: ['sleep', String(LIFETIME_S)],
          securityContext: { privileged: true, runAsUser: 0 },
        },
      ],
    },
  };
}
