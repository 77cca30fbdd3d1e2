import { parseAddress } from '../../model/address.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { Source } from '../../model/question.ts';
import { listText } from '../../model/wording.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { closeNames } from './close-names.ts';
import { NotCapturedError, QuestionError, type QuestionInput } from './question-input.ts';
import { podsOfWorkload, WORKLOAD_KINDS } from './workload.ts';

/** The clients that a text names: one, or every replica of a workload. */
export interface Sources {
  readonly sources: readonly Source[];
  /** `deploy/productpage`, when the text names several pods. */
  readonly workload: string | null;
  readonly notes: readonly string[];
}

/**
 * Resolves FROM.
 * @throws QuestionError when nothing has that name, with what is close
 */
export function resolveSource(view: ClusterView, input: QuestionInput): Sources {
  const text = input.from.trim();
  const slash = text.indexOf('/');
  if (slash > 0) return prefixed(view, input, text.slice(0, slash).toLowerCase(), text.slice(slash + 1));
  const address = parseAddress(text);
  if (address !== undefined) return one(addressSource(view, address.text));
  return bare(view, input, text);
}

function one(source: Source, notes: readonly string[] = []): Sources {
  return { sources: [source], workload: null, notes };
}

function addressSource(view: ClusterView, ip: string): Source {
  const pod = view.podAt(ip);
  if (pod !== undefined) return { kind: 'pod', cluster: view.name, pod };
  const node = view.nodeAt(ip);
  if (node !== undefined) return { kind: 'node', cluster: view.name, node };
  return { kind: 'outside', cluster: view.name, ip };
}

function prefixed(view: ClusterView, input: QuestionInput, kind: string, name: string): Sources {
  const namespace = namespaceOf(input);
  if (kind === 'pod' || kind === 'pods' || kind === 'po') return one(podSource(view, namespace, name));
  if (kind === 'node' || kind === 'nodes' || kind === 'no') return one(nodeSource(view, name));
  const workload = WORKLOAD_KINDS.get(kind);
  if (workload === undefined) {
    const known = 'pod/NAME, node/NAME, deploy/NAME, sts/NAME, ds/NAME or an address';
    throw new QuestionError(`FROM cannot be a ${kind}: ${input.from}`, [`FROM is ${known}.`]);
  }
  const pods = podsOfWorkload(view, workload, namespace, name);
  return { sources: pods.map((pod) => ({ kind: 'pod', cluster: view.name, pod })), workload: input.from, notes: [] };
}

function bare(view: ClusterView, input: QuestionInput, text: string): Sources {
  const namespace = namespaceOf(input);
  const pod = view.pod(namespace, text);
  if (pod !== undefined) return one({ kind: 'pod', cluster: view.name, pod });
  const dot = text.lastIndexOf('.');
  const qualified = dot < 0 ? undefined : view.pod(text.slice(dot + 1), text.slice(0, dot));
  if (qualified !== undefined) return one({ kind: 'pod', cluster: view.name, pod: qualified });
  if (view.nodes.includes(text)) return one({ kind: 'node', cluster: view.name, node: text });
  const elsewhere = view.podsNamed(text);
  const [only, second] = elsewhere;
  if (only !== undefined && second === undefined && !namespaceGiven(input)) {
    const note = `FROM ${text} was found in namespace ${only.namespace}.`;
    return one({ kind: 'pod', cluster: view.name, pod: only }, [note]);
  }
  throw noSuchPod(view, namespace, text, elsewhere);
}

function podSource(view: ClusterView, namespace: string, name: string): Source {
  const pod = view.pod(namespace, name);
  if (pod !== undefined) return { kind: 'pod', cluster: view.name, pod };
  const elsewhere = view.podsNamed(name);
  throw noSuchPod(view, namespace, name, elsewhere);
}

function nodeSource(view: ClusterView, name: string): Source {
  if (view.nodes.includes(name)) return { kind: 'node', cluster: view.name, node: name };
  const nodes = view.nodes.length === 0 ? 'No node is known.' : `Nodes: ${listText(view.nodes)}.`;
  throw new QuestionError(`there is no node ${name}`, [nodes]);
}

function noSuchPod(view: ClusterView, namespace: string, name: string, elsewhere: readonly PodFact[]): QuestionError {
  // To look for it here lets a live cluster list its Services first, by which it tells whether its pods are too many to list.
  const isService = view.objects?.services.some((each) => each.namespace === namespace && each.name === name) === true;
  const client = isService ? [`${name} is a Service there: FROM is a client, such as a pod or deploy/${name}.`] : [];
  const pods = view.objects?.pods ?? [];
  const absent = `there is no pod ${name} in namespace ${namespace}`;
  if (pods.length === 0) return new NotCapturedError(absent, 'no pods were listed', 'pods', client);
  const away = elsewhere.map((pod) => `A pod of that name is in namespace ${pod.namespace}: add -n ${pod.namespace}.`);
  const hints = [...client, ...away];
  const here = pods.filter((pod) => pod.namespace === namespace).map((pod) => pod.name);
  const near = closeNames(name, here);
  if (near.length > 0) hints.push(`Close names in namespace ${namespace}: ${listText(near)}.`);
  else if (here.length > 0 && hints.length === 0) hints.push(`Pods in namespace ${namespace}: ${listText(here)}.`);
  else if (hints.length === 0) {
    hints.push(
      `Namespace ${namespace} has no pods. Namespaces with pods: ${listText([...new Set(pods.map((pod) => pod.namespace))])}.`,
    );
  }
  return new QuestionError(absent, hints);
}

/** Where FROM's bare names are looked up. */
function namespaceOf(input: QuestionInput): string {
  return input.fromNamespace ?? input.namespace ?? input.contextNamespace ?? 'default';
}

function namespaceGiven(input: QuestionInput): boolean {
  return input.fromNamespace !== null || input.namespace !== null;
}
