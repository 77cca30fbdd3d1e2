/**
 * A live cluster. In: what kubectl's flags and kubeconfig say. Out: a source of artefacts that grows by what is asked of it, in
 * rounds. A bundle of its own: nothing that works without a cluster may pay for what stands here.
 */
import type { ConnectionFlags } from './connection-flags.ts';
import { connect, type Connection, type ConnectionSurroundings, type Traffic } from './connection.ts';
import type { AccessReport } from '../../model/access.ts';
import { reviewAccess } from './access/review-access.ts';
import { LiveSource, type Place } from './live-source.ts';
import { ObjectCollector } from './objects/object-collector.ts';
import type { RequestRefused } from './refusal.ts';
import { concernsServer } from './refusal.ts';

/** An open cluster. */
export interface LiveCluster {
  readonly source: LiveSource;
  /** Namespace of the context; null: none is set. */
  readonly namespace: string | null;
  readonly server: string;
  readonly traffic: () => Traffic;
  readonly close: () => void;
}

/**
 * Opens a cluster.
 * @throws InputError when kubeconfig or flags name none, RequestRefused when it cannot be asked at all
 */
export async function openCluster(flags: ConnectionFlags, surroundings: ConnectionSurroundings): Promise<LiveCluster> {
  const connection = connect(flags, surroundings);
  const objects = new ObjectCollector(connection);
  const { refused } = await objects.open(surroundings.signal);
  if (refused !== null && isFatal(refused)) {
    connection.close();
    throw refused;
  }
  return {
    source: new LiveSource(objects, placesOf(connection)),
    namespace: connection.target.namespace,
    server: connection.target.server.origin,
    traffic: () => connection.traffic,
    close: () => connection.close(),
  };
}

/**
 * Asks what the identity of flags and kubeconfig may collect.
 * @throws InputError when they name no cluster, RequestRefused when it cannot be asked
 */
export async function openAccess(flags: ConnectionFlags, surroundings: ConnectionSurroundings): Promise<AccessReport> {
  const connection = connect(flags, surroundings);
  try {
    return await reviewAccess(connection, connection.target.namespace);
  } finally {
    connection.close();
  }
}

/** Who collects what, besides the API objects. */
function placesOf(_connection: Connection): readonly Place[] {
  return [];
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
