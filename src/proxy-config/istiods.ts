/** The istiods whose answers are wanted: those of snapshots, or the running ones of a live cluster. */
import { readSelector } from '../explain/proxy-config/label-selector.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import { DEFAULT_ISTIO_NAMESPACE } from '../model/istio-namespace.ts';
import type { Artefact, ArtefactSource } from '../model/artefact.ts';
import { clusterFolder, istiodFileOf } from '../workspace/layout.ts';
import { clusterViews } from './cluster-views.ts';

/** Which istiods of a live cluster are asked. */
export interface IstiodSelection {
  /** null: Istio's own. */
  readonly namespace: string | null;
  /** Labels of their pods; null: `app=istiod`. */
  readonly selector: string | null;
  /** null: of every revision. */
  readonly revision: string | null;
}

/** An istiod whose answers a source may have. */
export interface Istiod {
  /** Its pod. */
  readonly name: string;
  /** Where its answers stand, with a slash at the end. */
  readonly folder: string;
}

/** An answer of an istiod. */
export interface IstiodAnswer {
  readonly istiod: string;
  readonly artefact: Artefact;
}

/** The istiods of which a snapshot holds something, by name. */
export function capturedIstiods(source: ArtefactSource): readonly Istiod[] {
  const folders = new Map<string, Istiod>();
  for (const name of source.names()) {
    const place = istiodFileOf(name);
    if (place === undefined) continue;
    const folder = name.slice(0, name.lastIndexOf('/') + 1);
    folders.set(folder, { name: place.istiod, folder });
  }
  return [...folders.values()].toSorted(byName);
}

/**
 * The running istiods of a live cluster, by name.
 * @throws QuestionError when there are none
 */
export function runningIstiods(
  source: ArtefactSource,
  { namespace, selector, revision }: IstiodSelection,
): readonly Istiod[] {
  const place = namespace ?? DEFAULT_ISTIO_NAMESPACE;
  const labels = selector ?? 'app=istiod';
  const matches = readSelector(revision === null ? labels : `${labels},istio.io/rev=${revision}`);
  const istiods = clusterViews(source).flatMap(({ name: cluster, objects }) => {
    objects?.holds('pods', { namespace: place });
    return (objects?.pods ?? [])
      .filter((pod) => pod.namespace === place && pod.phase === 'Running' && matches(pod.labels))
      .map((pod) => ({ name: pod.name, folder: `${clusterFolder(cluster)}istiod/${pod.name}/` }));
  });
  if (istiods.length > 0) return istiods.toSorted(byName);
  const which = revision === null ? labels : `${labels} and revision ${revision}`;
  throw new QuestionError(`no running Istio pods in "${place}" (with ${which})`, [
    'Name the namespace of istiod with -i, or its labels with --xds-label.',
  ]);
}

function byName(one: Istiod, other: Istiod): number {
  return one.name < other.name ? -1 : 1;
}

/** What those istiods answered that a source has. @param file of an answer: `syncz.json` */
export function istiodAnswers(source: ArtefactSource, istiods: readonly Istiod[], file: string): IstiodAnswer[] {
  return istiods.flatMap(({ name, folder }) => {
    const artefact = source.artefact(`${folder}${file}`);
    return artefact === undefined ? [] : [{ istiod: name, artefact }];
  });
}
