/**
 * Which artefacts a snapshot of a live cluster has. In: the objects that were listed. Out: names of everything else that a later answer
 * may need: dumps of nodes, of pods' network namespaces, of proxies and istiod. Whether they can be had is not its business.
 */
import type { PodFact } from '../model/kubernetes.ts';
import type { Facts } from '../model/facts.ts';
import { compareText } from '../model/order.ts';
import { hasProxy } from '../model/proxy-pod.ts';
import {
  CILIUM_FILES,
  clusterFolder,
  ENVOY_FILES,
  KUBE_PROXY_FILES,
  NETNS_FILE_NAMES,
  nodeFolder,
  podFolder,
} from './layout.ts';
import { inScope, type SnapshotScope } from './snapshot-scope.ts';

/** Both forms of a ruleset tell the same; the JSON is the exact one. */
const TWICE_TOLD = 'nft-ruleset.txt';
const EXACT = 'nft-ruleset.json';
const NETNS = NETNS_FILE_NAMES.filter((file) => file !== TWICE_TOLD);
/** What istiod is asked for: how far each proxy is, the objects that it has, and the configuration of the mesh. */
const ISTIOD_FILES = ['syncz.json', 'mesh.json'];

/** Names of the artefacts beside the lists of objects, sorted. */
export function planSnapshot(facts: Facts, scope: SnapshotScope): readonly string[] {
  const names = facts.clusters.flatMap((cluster) => {
    const objects = cluster.objects().value;
    const pods = (objects?.pods ?? []).filter(({ phase }) => phase === 'Running');
    return [
      ...(objects?.nodes ?? []).flatMap(({ name }) => nodeNames(cluster.name, name)),
      ...pods.filter(isCiliumAgent).flatMap(({ nodeName }) => ciliumNames(cluster.name, nodeName)),
      ...pods.flatMap((pod) => podNames(cluster.name, pod)),
      ...pods
        .filter((pod) => pod.labels['app'] === 'istiod')
        .flatMap((pod) => ISTIOD_FILES.map((file) => `${clusterFolder(cluster.name)}istiod/${pod.name}/${file}`)),
    ];
  });
  return names.filter((name) => inScope(name, scope)).toSorted(compareText);
}

/** What says the same as artefacts that could not be had, less exactly. */
export function secondBest(lacking: readonly string[]): readonly string[] {
  return lacking.flatMap((name) => (name.endsWith(EXACT) ? [name.slice(0, -EXACT.length) + TWICE_TOLD] : []));
}

function nodeNames(cluster: string, node: string): string[] {
  const folder = nodeFolder(cluster, node);
  return [...NETNS, ...KUBE_PROXY_FILES.map((file) => `kube-proxy/${file}`)].map((file) => `${folder}${file}`);
}

function isCiliumAgent({ labels, hostNetwork }: PodFact): boolean {
  return labels['k8s-app'] === 'cilium' && hostNetwork;
}

function ciliumNames(cluster: string, node: string | null): string[] {
  return node === null ? [] : Object.values(CILIUM_FILES).map((file) => `${nodeFolder(cluster, node)}${file}`);
}

/** A pod on its node's own network has no namespace that its node's dumps don't show. */
function podNames(cluster: string, pod: PodFact): string[] {
  const folder = podFolder(cluster, pod.namespace, pod.name);
  const netns = pod.hostNetwork ? [] : NETNS.map((file) => `${folder}netns/${file}`);
  const envoy = hasProxy(pod) ? ENVOY_FILES.map((file) => `${folder}envoy/${file}`) : [];
  return [...netns, ...envoy];
}
