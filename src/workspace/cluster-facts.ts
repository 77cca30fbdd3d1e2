import type { Artefact } from '../model/artefact.ts';
import type { ClusterFacts, Reading } from '../model/facts.ts';
import type { KubernetesObjects } from '../model/kubernetes.ts';
import { kubernetesObjects } from '../parse/kubernetes/kubernetes-objects.ts';
import { clusterFolder, nodeOf, nodePlace, podPlace, podsWithProxy, resourceOf } from './layout.ts';
import { netnsFacts } from './netns-facts.ts';
import { nodeFacts } from './node-facts.ts';
import { podFacts } from './pod-facts.ts';
import { once, onceFor, type Reader } from './reader.ts';

/** Facts of one cluster. @param names every name of the source, sorted */
export function clusterFacts(reader: Reader, cluster: string, names: readonly string[]): ClusterFacts {
  const own = names.filter((name) => name.startsWith(clusterFolder(cluster)));
  const folders = new Set(own.map((name) => name.slice(0, name.lastIndexOf('/') + 1)));
  const node = onceFor((name: string) => {
    const place = nodePlace(cluster, name);
    return nodeFacts(reader, cluster, name, netnsFacts(reader, place, folders.has(place.folder)));
  });
  const pod = onceFor((key: string) => {
    const [namespace = '', name = ''] = key.split('/');
    const place = podPlace(cluster, namespace, name);
    return podFacts(reader, cluster, namespace, name, netnsFacts(reader, place, folders.has(place.folder)));
  });
  return {
    name: cluster,
    objects: once(() => readObjects(reader, cluster, own)),
    node,
    pod: (namespace, name) => pod(`${namespace}/${name}`),
    dumpedNodes: [...new Set(own.flatMap((name) => nodeOf(name)?.node ?? []))].toSorted(),
    dumpedProxies: podsWithProxy(own),
  };
}

function readObjects(reader: Reader, cluster: string, names: readonly string[]): Reading<KubernetesObjects> {
  const folder = `${clusterFolder(cluster)}resources/`;
  const named = new Map<string, string[]>();
  for (const name of names) {
    const plural = resourceOf(name)?.plural;
    if (plural !== undefined) named.set(plural, [...(named.get(plural) ?? []), name]);
  }
  if (named.size === 0) {
    const remedy = `run \`kubectl get services -A -o json > ${folder}core/v1/services.json\`, and so for the other kinds`;
    return reader.noted({ gaps: reader.absence(folder, remedy), artefact: folder });
  }
  const lists = [...named].map(([plural, own]): [string, () => readonly Artefact[]] => [
    plural,
    once(() => own.flatMap((name) => reader.artefact(name) ?? [])),
  ]);
  const { objects, gaps } = kubernetesObjects(new Map(lists));
  return reader.noted({
    value: objects,
    get gaps() {
      return gaps();
    },
    artefact: folder,
  });
}
