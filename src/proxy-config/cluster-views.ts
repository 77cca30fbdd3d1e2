import { createClusterView, type ClusterView } from '../explain/world/cluster-view.ts';
import type { ArtefactSource } from '../model/artefact.ts';
import { createWorkspace } from '../workspace.ts';

/** Views of the clusters of a source, as far as it holds them by now. */
export function clusterViews(source: ArtefactSource): readonly ClusterView[] {
  return createWorkspace(source).clusters.map(createClusterView);
}
