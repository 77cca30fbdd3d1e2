import { collectSnapshots } from '../collect/snapshot.ts';
import type { ProxySelection } from '../explain/proxy-config/target.ts';
import type { ArtefactSource } from '../model/artefact.ts';
import { podsWithProxy } from '../workspace/layout.ts';
import { once } from '../workspace/reader.ts';
import { clusterViews } from './cluster-views.ts';
import { DocumentReader, openSource, type Proxies } from './proxies.ts';

/**
 * The proxies of captured snapshots that are meant.
 * @throws InputError when a snapshot cannot be read, QuestionError when no such proxy is in it
 */
export async function openSnapshots(paths: readonly string[], selection: ProxySelection): Promise<Proxies> {
  return openSnapshot(await collectSnapshots(paths), selection);
}

/** The proxies of a snapshot that are meant. */
export function openSnapshot(source: ArtefactSource, selection: ProxySelection): Proxies {
  const views = once(() => clusterViews(source));
  return openSource(source, selection, podsWithProxy(source.names()), views, new DocumentReader());
}
