import type { PodFact } from '../../model/kubernetes.ts';
import { listText } from '../../model/wording.ts';
import { closeNames } from '../question/close-names.ts';
import { QuestionError } from '../question/question-input.ts';
import { podsOfWorkload, WORKLOAD_KINDS } from '../question/workload.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { readSelector } from './label-selector.ts';

/** A pod with a proxy: one of which something was captured, or that runs. */
export interface ProxyPlace {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
}

/** Which proxies are asked for. */
export interface ProxySelection {
  /** `[TYPE/]NAME[.NAMESPACE]` */
  readonly target: string | null;
  /** Of names that carry none; null: `default`, or wherever the only pod of that name is. */
  readonly namespace: string | null;
  /** Labels of pods, as kubectl's -l has them. */
  readonly selector: string | null;
  readonly all: boolean;
  /** All pods of a workload, Service or Gateway. */
  readonly replicas: boolean;
  /** Where the proxies are, for what is said of one that is not there. */
  readonly from: 'snapshot' | 'cluster';
}

/** Whether more than the name of a pod is given, so that objects must be looked through. */
export function needsObjects({ target }: ProxySelection): boolean {
  return target === null || !isPodName(target);
}

interface ProxyTargets {
  readonly places: readonly ProxyPlace[];
  /** Whether it was asked for several, however many there are. */
  readonly several: boolean;
  /** One sentence where the text left a choice; null: it did not. */
  readonly note: string | null;
}

const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';
const POD_KINDS = new Set(['pod', 'pods', 'po']);
const SERVICE_KINDS = new Set(['svc', 'service', 'services']);
const GATEWAY_KINDS = new Set(['gateway', 'gateways', 'gtw']);

/**
 * Finds the proxies that are meant: the pod that `[TYPE/]NAME[.NAMESPACE]` names, of a workload, Service or Gateway the first pod by
 * name (the note names the others) or all, those whose pods have labels, or all that were captured.
 * @param clusters views of the captured objects; asked only for labels, or a TYPE other than pod
 * @throws QuestionError when there is no such proxy, with those that are close
 */
export function findProxies(
  { target, namespace, selector, all, replicas, from }: ProxySelection,
  proxies: readonly ProxyPlace[],
  clusters: () => readonly ClusterView[],
): ProxyTargets {
  if (target !== null) return namedProxies(target, { namespace, replicas, from }, proxies, clusters);
  const inNamespace = proxies.filter((one) => namespace === null || one.namespace === namespace);
  const labelled = (): readonly ProxyPlace[] => {
    const matches = readSelector(selector ?? '');
    const place = namespace ?? 'default';
    return clusters().flatMap((view) =>
      proxies.filter((one) => {
        const pod = one.cluster === view.name && one.namespace === place ? view.pod(place, one.pod) : undefined;
        return pod !== undefined && matches(pod.labels);
      }),
    );
  };
  const places = (all ? inNamespace : labelled()).toSorted(byName);
  if (places.length === 0) {
    const where = namespace === null ? '' : ` in namespace ${namespace}`;
    const which = all ? where : ` of a pod with ${selector ?? ''} in namespace ${namespace ?? 'default'}`;
    throw new QuestionError(`no proxy${which} ${THERE[from]}`, [knownProxies(proxies, from)]);
  }
  return { places, several: true, note: null };
}

const THERE = { snapshot: 'was captured', cluster: 'runs' } as const;

function byName(one: ProxyPlace, other: ProxyPlace): number {
  const [a, b] = [one, other].map(({ cluster, namespace, pod }) => [cluster, namespace, pod].join('/'));
  return (a ?? '') < (b ?? '') ? -1 : 1;
}

function namedProxies(
  text: string,
  { namespace, replicas, from }: Pick<ProxySelection, 'namespace' | 'replicas' | 'from'>,
  proxies: readonly ProxyPlace[],
  clusters: () => readonly ClusterView[],
): ProxyTargets {
  const { kind, rest } = kindAndRest(text);
  if (isPodName(text)) return { places: [podProxy(rest, namespace, proxies)], several: false, note: null };
  const [name, place] = nameAndNamespace(rest, namespace ?? 'default');
  const found = clusters().flatMap((view) => {
    const pods = new Set(podsOf(view, kind, place, name).map((pod) => pod.name));
    return proxies.filter((one) => one.cluster === view.name && one.namespace === place && pods.has(one.pod));
  });
  const [first, ...others] = found;
  if (first === undefined) {
    throw new QuestionError(`no proxy of ${kind}/${name} in namespace ${place} ${THERE[from]}`, [
      knownProxies(proxies, from),
    ]);
  }
  if (replicas) return { places: found.toSorted(byName), several: true, note: null };
  const note = `Shown is ${nameOf(first)}; ${kind}/${name} also has ${listText(others.map(nameOf))}.`;
  return { places: [first], several: false, note: others.length === 0 ? null : note };
}

/** Pods of any kind, with a proxy or without, that `[TYPE/]NAME[.NAMESPACE]` names, each with its cluster. */
export function podsOfTarget(
  text: string,
  namespace: string | null,
  clusters: readonly ClusterView[],
): readonly { readonly view: ClusterView; readonly pod: PodFact }[] {
  const { kind, rest } = kindAndRest(text);
  return clusters.flatMap((view) => {
    const named = (pods: readonly PodFact[]) => pods.map((pod) => ({ view, pod }));
    if (isPodName(text)) {
      // Of a cluster too large to list all pods, these are asked for.
      const [name, place] = nameAndNamespace(rest, namespace ?? 'default');
      view.pod(place, name);
      view.pod(namespace ?? 'default', rest);
      return named(
        (view.objects?.pods ?? []).filter(
          (pod) =>
            (pod.name === rest && pod.namespace === (namespace ?? 'default')) ||
            `${pod.name}.${pod.namespace}` === rest,
        ),
      );
    }
    const [name, place] = nameAndNamespace(rest, namespace ?? 'default');
    return named(podsOf(view, kind, place, name));
  });
}

function kindAndRest(text: string): { readonly kind: string; readonly rest: string } {
  const slash = text.indexOf('/');
  return { kind: text.slice(0, Math.max(slash, 0)).toLowerCase(), rest: text.slice(slash + 1) };
}

function isPodName(text: string): boolean {
  return !text.includes('/') || POD_KINDS.has(kindAndRest(text).kind);
}

/** `NAME[.NAMESPACE]`: the namespace stands behind the last dot. */
export function nameAndNamespace(text: string, fallback: string): [name: string, namespace: string] {
  const dot = text.lastIndexOf('.');
  return dot < 0 ? [text, fallback] : [text.slice(0, dot), text.slice(dot + 1)];
}

function podsOf(view: ClusterView, kind: string, namespace: string, name: string): readonly PodFact[] {
  const workload = WORKLOAD_KINDS.get(kind);
  if (workload !== undefined) return podsOfWorkload(view, workload, namespace, name);
  view.objects?.holds('pods', { namespace });
  const pods = (view.objects?.pods ?? []).filter((pod) => pod.namespace === namespace);
  if (GATEWAY_KINDS.has(kind)) return pods.filter((pod) => pod.labels[GATEWAY_LABEL] === name);
  if (!SERVICE_KINDS.has(kind)) {
    throw new QuestionError(`${kind} is no kind of object that has proxies`, [
      'Name a pod, or deploy/NAME, sts/NAME, ds/NAME, svc/NAME or gateway/NAME.',
    ]);
  }
  const selector = view.service(namespace, name)?.selector ?? null;
  if (selector === null)
    throw new QuestionError(`there is no Service ${name} with a selector in namespace ${namespace}`);
  return pods.filter((pod) => Object.entries(selector).every(([key, value]) => pod.labels[key] === value));
}

/** A pod's name may hold dots, so that each may be the one before the namespace. */
function podProxy(text: string, namespace: string | null, proxies: readonly ProxyPlace[]): ProxyPlace {
  const exact = proxies.filter(
    (one) => (one.pod === text && one.namespace === (namespace ?? 'default')) || `${one.pod}.${one.namespace}` === text,
  );
  const elsewhere = namespace === null ? proxies.filter((one) => one.pod === text) : [];
  const [only, second] = exact.length > 0 ? exact : elsewhere;
  if (only === undefined) {
    const near = closeNames(text, proxies.map(nameOf));
    const hint = near.length > 0 ? `Close names: ${listText(near)}.` : knownProxies(proxies, 'snapshot');
    throw new QuestionError(`no proxy of a pod ${text} was captured`, [hint]);
  }
  if (second !== undefined) {
    const places = [only, second].map((one) => `${nameOf(one)} in cluster ${one.cluster}`);
    throw new QuestionError(`${text} may be ${places.join(' or ')}`, ['Give the snapshot of one cluster, or -n.']);
  }
  return only;
}

/** `POD.NAMESPACE` */
export function nameOf({ pod, namespace }: ProxyPlace): string {
  return `${pod}.${namespace}`;
}

function knownProxies(proxies: readonly ProxyPlace[], from: ProxySelection['from']): string {
  if (proxies.length === 0) {
    return from === 'cluster'
      ? 'No running pod there has one. Name another namespace with -n, or give NAME.NAMESPACE.'
      : 'Nothing of any proxy was captured (clusters/NAME/pods/NAMESPACE/POD/envoy/).';
  }
  return `${from === 'cluster' ? 'Proxies there' : 'Captured proxies'}: ${listText(proxies.map(nameOf), 9)}.`;
}
