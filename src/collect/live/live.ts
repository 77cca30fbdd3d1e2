/**
 * A live cluster. In: what kubectl's flags and kubeconfig say. Out: a source of artefacts that grows by what is asked of it, in
 * rounds. A bundle of its own: nothing that works without a cluster may pay for what stands here.
 */
import { setMaxListeners } from 'node:events';
import type { ConnectionFlags } from './connection-flags.ts';
import { DEFAULT_COLLECTION, type CollectionOptions } from './collection-options.ts';
import { connect, type ConnectionSurroundings, type Traffic } from './connection.ts';
import type { AccessReport } from '../../model/access.ts';
import { reviewAccess } from './access/review-access.ts';
import { kubeApi } from './kube-api.ts';
import { LiveSource, type Place } from './live-source.ts';
import { ListCollector } from './objects/list-collector.ts';
import { ObjectCollector } from './objects/object-collector.ts';
import { openPlaces } from './places.ts';
import type { RequestRefused } from './refusal.ts';
import { concernsServer } from './refusal.ts';

/** An open cluster. */
export interface LiveCluster {
  readonly source: LiveSource;
  /** Namespace of the context; null: none is set. */
  readonly namespace: string | null;
  readonly server: string;
  /** Names of the Lists of objects that the cluster has. */
  readonly lists: readonly string[];
  /**
   * Collectors of everything that a snapshot holds.
   * @param namespaces those whose objects are listed where a whole List is refused
   */
  readonly capturePlaces: (namespaces: readonly string[]) => readonly Place[];
  readonly traffic: () => Traffic;
  /** Sentences for people: through what each node was read. */
  readonly notes: () => readonly string[];
  /** Takes away what was made and ends connections; never throws. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a cluster.
 * @throws InputError when kubeconfig or flags name none, RequestRefused when it cannot be asked at all
 */
export async function openCluster(
  flags: ConnectionFlags,
  surroundings: ConnectionSurroundings,
  collection: CollectionOptions = DEFAULT_COLLECTION,
): Promise<LiveCluster> {
  // Every request and every stream listens to Ctrl-C.
  setMaxListeners(0, surroundings.signal);
  const connection = connect(flags, surroundings);
  const objects = new ObjectCollector(connection);
  const { refused } = await objects.open(surroundings.signal);
  if (refused !== null && isFatal(refused)) {
    connection.close();
    throw refused;
  }
  const { places, notes, close } = openPlaces(kubeApi(connection), collection);
  return {
    source: new LiveSource(objects, places),
    namespace: connection.target.namespace,
    server: connection.target.server.origin,
    lists: objects.names(),
    capturePlaces: (namespaces) => {
      const lists = new ListCollector(objects.lists(), namespaces);
      return [{ collects: (name) => lists.collects(name), collector: lists, remedy: 'run it again' }, ...places];
    },
    traffic: () => connection.traffic,
    notes,
    close: async () => {
      await close();
      connection.close();
    },
  };
}

/**
 * Asks what the identity of flags and kubeconfig may collect.
 * @throws InputError when they name no cluster, RequestRefused when it cannot be asked
 */
export async function openAccess(
  flags: ConnectionFlags,
  surroundings: ConnectionSurroundings,
  collection: CollectionOptions,
): Promise<AccessReport> {
  const connection = connect(flags, surroundings);
  try {
    return await reviewAccess(connection, connection.target.namespace, collection);
  } finally {
    connection.close();
  }
}

/** Whether nothing else would be answered either. */
function isFatal({ kind }: RequestRefused): boolean {
  return (
    concernsServer(kind) ||
    kind === 'not-kubernetes' ||
    kind === 'interrupted' ||
    kind === 'timeout' ||
    kind === 'connection-lost'
  );
}
