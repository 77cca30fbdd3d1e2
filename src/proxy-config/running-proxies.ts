/**
 * The proxies of a live cluster, which are asked in rounds. In: how the cluster is asked, and which pods are meant. Out: what is made of
 * their answers.
 */
import {
  findProxies,
  nameAndNamespace,
  nameOf,
  needsObjects,
  type ProxyPlace,
  type ProxySelection,
} from '../explain/proxy-config/target.ts';
import type { ClusterView } from '../explain/world/cluster-view.ts';
import { askInRounds, withCluster, type LiveAccess } from '../live-question.ts';
import type { ArtefactSource } from '../model/artefact.ts';
import { hasProxy } from '../model/proxy-pod.ts';
import { podFolder } from '../workspace/layout.ts';
import { once } from '../workspace/reader.ts';
import { clusterViews } from './cluster-views.ts';
import { DocumentReader, openSource, type Proxies } from './proxies.ts';

/**
 * Asks a live cluster in rounds for more than what proxies answer.
 * @param ask is given the cluster's source, and what finds proxies in it
 * @throws QuestionError when nothing or too much is named, LiveError when a cluster cannot be asked
 */
export async function askRunning<T>(
  live: LiveAccess,
  ask: (source: ArtefactSource, open: (selection: Omit<ProxySelection, 'from'>) => Proxies) => T | Promise<T>,
): Promise<T> {
  return await withCluster(live, async (open) => {
    const { source, name, namespace } = open.cluster;
    const reader = new DocumentReader();
    const find = (selection: Omit<ProxySelection, 'from'>): Proxies => {
      const meant = { ...selection, from: 'cluster' as const };
      return openRunning(source, name, { ...meant, namespace: namespaceOf(meant, namespace) }, reader);
    };
    const { answer } = await askInRounds(open, () => ask(source, find));
    return answer;
  });
}

/** A running pod with a proxy. */
interface RunningPod extends ProxyPlace {
  /** `NAME.NAMESPACE` */
  readonly name: string;
}

/**
 * Works with the proxies of running pods themselves, not with what they answered.
 * @param work is given a way to POST to their admin interfaces
 * @throws LiveError when the cluster or a proxy cannot be asked, else what `work` throws
 */
export async function runningPlaces<T>(
  live: LiveAccess,
  selection: ProxySelection,
  work: (pods: readonly RunningPod[], post: (pod: ProxyPlace, path: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  return await withCluster(live, async (open) => {
    const { source, name, namespace, postAdmin } = open.cluster;
    const meant = { ...selection, namespace: namespaceOf(selection, namespace), from: 'cluster' as const };
    const { answer } = await askInRounds(open, () => {
      const { places, views } = knownPlaces(source, name, meant);
      return findProxies(meant, places, views).places;
    });
    const pods = answer.map((place) => ({ ...place, name: nameOf(place) }));
    return await work(pods, postAdmin);
  });
}

/** All namespaces are meant only where they are asked for. */
function namespaceOf({ all, namespace }: ProxySelection, context: string | null): string | null {
  return all ? namespace : (namespace ?? context ?? 'default');
}

/** The proxies of running pods that are meant. */
function openRunning(
  source: ArtefactSource,
  cluster: string,
  selection: ProxySelection,
  reader: DocumentReader,
): Proxies {
  const { places, views } = knownPlaces(source, cluster, selection);
  return { ...openSource(source, selection, places, views, reader), complete: false };
}

function knownPlaces(
  source: ArtefactSource,
  cluster: string,
  selection: ProxySelection,
): { readonly places: readonly ProxyPlace[]; readonly views: () => readonly ClusterView[] } {
  const views = once(() => clusterViews(source));
  const places = needsObjects(selection) ? runningProxies(views(), selection) : namedPlace(source, cluster, selection);
  return { places, views };
}

/** Pods that run a proxy, in the namespace that is asked about. */
function runningProxies(views: readonly ClusterView[], { all, namespace }: ProxySelection): ProxyPlace[] {
  return views.flatMap(({ name: cluster, objects }) => {
    objects?.holds('pods', all && namespace === null ? {} : { namespace: namespace ?? 'default' });
    return (objects?.pods ?? [])
      .filter((pod) => pod.phase === 'Running' && hasProxy(pod))
      .map((pod) => ({ cluster, namespace: pod.namespace, pod: pod.name }));
  });
}

/**
 * The pod that a name means. A pod's name may hold dots, so that what stands behind the last one is a namespace or not: the first that
 * answers is meant. Without a dot nothing is looked up.
 */
function namedPlace(source: ArtefactSource, cluster: string, { target, namespace }: ProxySelection): ProxyPlace[] {
  const text = (target ?? '').slice((target ?? '').indexOf('/') + 1);
  const whole = { cluster, namespace: namespace ?? 'default', pod: text };
  if (!text.includes('.')) return [whole];
  const [pod, place] = nameAndNamespace(text, '');
  const split = { cluster, namespace: place, pod };
  const known = (one: ProxyPlace): boolean =>
    source.artefact(`${podFolder(one.cluster, one.namespace, one.pod)}envoy/server_info.json`) !== undefined;
  const failed = ({ namespace: folder, pod: name }: ProxyPlace): boolean =>
    source.gaps().some(({ artefact }) => artefact.startsWith(`${podFolder(cluster, folder, name)}envoy/`));
  if (known(split) || !failed(split)) return [split];
  return known(whole) ? [whole] : [split];
}
