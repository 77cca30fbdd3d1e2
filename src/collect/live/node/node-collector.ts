/**
 * What nodes and pods' network namespaces hold: rules, sets, routes, sockets, and kube-proxy's own answers.
 *
 * In: names of artefacts (`clusters/C/nodes/NODE/…`, `clusters/C/pods/NAMESPACE/POD/netns/…`). Out: for each its bytes, as the tool
 * on the node printed them, or the gap. Every node is opened once, in the way that the person chose. Must not interpret what it reads.
 */
import type { Gap } from '../../../model/artefact.ts';
import type { KubeApi, PodName } from '../api-access.ts';
import type { Collected, Collector } from '../collector.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import { Turns } from '../turns.ts';
import type { CommandRunner } from './command-runner.ts';
import { AGENT_COMMANDS, KUBE_PROXY_PATHS, NETNS_COMMANDS } from './commands.ts';
import type { NodeAccess, NodePlace, NodeRefusal } from './node-place.ts';
import { enterPod, runningPod } from './pod-process.ts';
import { readNetnsFiles } from './read-files.ts';

/** Sessions and requests that are open at a time, over all nodes. */
const AT_ONCE = 8;

const NODE_FILE = /^clusters\/[^/]+\/nodes\/([^/]+)\/([^/]+)$/;
const KUBE_PROXY_FILE = /^clusters\/[^/]+\/nodes\/([^/]+)\/kube-proxy\/([^/]+)$/;
const NETNS_FILE = /^clusters\/[^/]+\/pods\/([^/]+)\/([^/]+)\/netns\/([^/]+)$/;

export class NodeCollector implements Collector {
  readonly #api: KubeApi;
  readonly #access: NodeAccess;
  readonly #turns = new Turns(AT_ONCE);
  readonly #nodes = new Map<string, Promise<NodePlace | NodeRefusal>>();
  readonly #pods = new Map<string, Promise<readonly CommandRunner[] | NodeRefusal>>();
  readonly #notes: string[] = [];

  constructor(api: KubeApi, access: NodeAccess) {
    this.#api = api;
    this.#access = access;
  }

  /** Whether a name is of this collector's kind. */
  static collects(name: string): boolean {
    return partsOf(name) !== undefined;
  }

  /** Sentences for people: through what each node was read. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  async collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>> {
    /** Files of each network namespace, which are read together. */
    const places = new Map<string, { readonly place: NetnsParts; readonly files: Map<string, string> }>();
    const work: Promise<ReadonlyMap<string, Collected>>[] = [];
    for (const name of names) {
      const parts = partsOf(name);
      if (parts === undefined) continue;
      if (parts.kind === 'kube-proxy') {
        work.push(this.#turns.each([name], () => this.#askKubeProxy(name, parts.node, parts.file, signal)));
        continue;
      }
      const key = parts.kind === 'node' ? parts.node : `${parts.namespace}/${parts.pod}`;
      const known = places.get(key) ?? { place: parts, files: new Map<string, string>() };
      known.files.set(name, parts.file);
      places.set(key, known);
    }
    for (const { place, files } of places.values()) work.push(this.#readPlace(place, files, signal));
    const collected = new Map((await Promise.all(work)).flatMap((one) => [...one]));
    return new Map(names.map((name) => [name, collected.get(name) ?? notOfANode(name)]));
  }

  /** Takes away what was made to read the nodes. To be called at the end, whatever the end is. */
  async close(): Promise<void> {
    await this.#access.close();
  }

  async #readPlace(
    place: NetnsParts,
    files: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Collected>> {
    const runners = await this.#turns.take(() =>
      place.kind === 'node' ? this.#nodeRunners(place.node, signal) : this.#podRunners(place, signal),
    );
    if ('problem' in runners) return new Map([...files.keys()].map((name) => [name, refused(name, runners)]));
    return await readNetnsFiles(files, runners, this.#access.remedy, this.#turns, signal);
  }

  async #open(node: string, signal: AbortSignal): Promise<NodePlace | NodeRefusal> {
    let opening = this.#nodes.get(node);
    if (opening === undefined) {
      opening = this.#access.open(node, signal).then((place) => {
        if ('note' in place) this.#notes.push(place.note);
        return place;
      });
      this.#nodes.set(node, opening);
    }
    return await opening;
  }

  async #nodeRunners(node: string, signal: AbortSignal): Promise<readonly CommandRunner[] | NodeRefusal> {
    const place = await this.#open(node, signal);
    return 'problem' in place ? place : place.runners;
  }

  async #podRunners(pod: PodName, signal: AbortSignal): Promise<readonly CommandRunner[] | NodeRefusal> {
    const key = `${pod.namespace}/${pod.pod}`;
    const entering = this.#pods.get(key) ?? this.#enter(pod, signal);
    this.#pods.set(key, entering);
    return await entering;
  }

  async #enter(pod: PodName, signal: AbortSignal): Promise<readonly CommandRunner[] | NodeRefusal> {
    const running = await runningPod(this.#api, pod, signal);
    if ('problem' in running) return running;
    const place = await this.#open(running.node, signal);
    if ('problem' in place) return place;
    return running.hostNetwork ? place.runners : await enterPod(pod, running, place, this.#access.remedy, signal);
  }

  async #askKubeProxy(name: string, node: string, file: string, signal: AbortSignal): Promise<Collected> {
    const place = await this.#open(node, signal);
    if ('problem' in place) return refused(name, place);
    const { port, path } = KUBE_PROXY_PATHS[file] ?? { port: 0, path: '' };
    const problems: string[] = [];
    let remedy = `see whether kube-proxy runs on ${node} and listens on port ${port} there`;
    for (const loopback of place.loopback) {
      try {
        const { status, body } = await loopback.get(port, path, signal);
        // healthz tells an unhealthy kube-proxy by its status, and why in its body.
        if (status === 200 || (status === 503 && file === 'healthz')) {
          return { bytes: body, capturedAt: new Date().toISOString() };
        }
        problems.push(
          `${loopback.place}: kube-proxy answers ${path} with status ${status}: ${quoted(body.toString('utf8'))}`,
        );
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        problems.push(`${loopback.place}: ${error.message}`);
        if (error.failure === 'forbidden' && loopback.remedy !== undefined) remedy = loopback.remedy;
        // Another way leads to the same port.
        if (error.failure === 'port-closed') break;
      }
    }
    return { gap: { kind: 'missing', artefact: name, problem: problems.join('; '), remedy } };
  }
}

/** A file of the network namespace of a node or pod. */
type NetnsParts =
  | { readonly kind: 'node'; readonly node: string; readonly file: string }
  | ({ readonly kind: 'pod'; readonly file: string } & PodName);

type Parts = NetnsParts | { readonly kind: 'kube-proxy'; readonly node: string; readonly file: string };

function partsOf(name: string): Parts | undefined {
  const [, node, file = ''] = NODE_FILE.exec(name) ?? [];
  if (node !== undefined) {
    const isKnown = Object.hasOwn(NETNS_COMMANDS, file) || Object.hasOwn(AGENT_COMMANDS, file);
    return isKnown ? { kind: 'node', node, file } : undefined;
  }
  const [, proxyNode, answer = ''] = KUBE_PROXY_FILE.exec(name) ?? [];
  if (proxyNode !== undefined) {
    return Object.hasOwn(KUBE_PROXY_PATHS, answer) ? { kind: 'kube-proxy', node: proxyNode, file: answer } : undefined;
  }
  const [, namespace, pod, podFile = ''] = NETNS_FILE.exec(name) ?? [];
  if (namespace === undefined || pod === undefined || !Object.hasOwn(NETNS_COMMANDS, podFile)) return undefined;
  return { kind: 'pod', namespace, pod, file: podFile };
}

function notOfANode(artefact: string): { readonly gap: Gap } {
  return { gap: { kind: 'missing', artefact, problem: 'no node has a file of this name' } };
}

function refused(artefact: string, { gap, problem, remedy }: NodeRefusal): { readonly gap: Gap } {
  return { gap: { kind: gap, artefact, problem, remedy } };
}
