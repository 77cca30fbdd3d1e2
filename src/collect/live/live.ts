/**
 * A live cluster. In: what kubectl's flags and kubeconfig say. Out: a source of artefacts that grows by what is asked of it, in
 * rounds. A bundle of its own: nothing that works without a cluster may pay for what stands here.
 */
import { setMaxListeners } from 'node:events';
import type { ConnectionFlags } from './connection-flags.ts';
import { DEFAULT_COLLECTION, type CollectionOptions } from './collection-options.ts';
import { connect, type ConnectionSurroundings, type Traffic } from './connection.ts';
import { DEFAULT_ISTIO_NAMESPACE } from '../../model/istio-namespace.ts';
import type { AccessReport } from '../../model/access.ts';
import { startDeadline } from './deadline.ts';
import { reviewAccess } from './access/review-access.ts';
import type { PodName } from './api-access.ts';
import { ISTIO_ADMIN_PORT, podAdmin } from './envoy/envoy-admin.ts';
import { IstiodClient } from './istiod/istiod-client.ts';
import { kubeApi } from './kube-api.ts';
import { LiveSource, type Place } from './live-source.ts';
import { ListCollector } from './objects/list-collector.ts';
import { ObjectCollector } from './objects/object-collector.ts';
import { openPlaces } from './places.ts';
import { concernsServer, RequestRefused } from './refusal.ts';
import { quoted, StreamError } from './stream/stream-error.ts';
import { streamGap } from './stream/stream-gap.ts';

/** What an istiod answered, or why it did not, and what would help: two clauses. */
export type IstiodTold = { readonly body: string } | { readonly problem: string; readonly remedy: string };

/** An open cluster. */
export interface LiveCluster {
  readonly source: LiveSource;
  /** Its name in artefacts. */
  readonly name: string;
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
  /**
   * POSTs to the admin interface of a pod's proxy, which may change it.
   * @throws RequestRefused
   */
  readonly postAdmin: (pod: PodName, path: string) => Promise<string>;
  /**
   * The answer of a debug endpoint of an istiod (`edsz?proxyID=reviews-v1.bookinfo`), whatever it is.
   * @param milliseconds that it may take; null: for ever
   */
  readonly askIstiod: (istiod: string, path: string, milliseconds: number | null) => Promise<IstiodTold>;
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
  const api = kubeApi(connection);
  const { places, notes, close } = openPlaces(api, collection);
  const { signal } = surroundings;
  const istioNamespace = collection.istioNamespace ?? DEFAULT_ISTIO_NAMESPACE;
  const istiods = new IstiodClient(api, istioNamespace);
  return {
    source: new LiveSource(objects, places),
    name: connection.target.clusterName,
    namespace: connection.target.namespace,
    server: connection.target.server.origin,
    lists: objects.names(),
    capturePlaces: (namespaces) => {
      const lists = new ListCollector(objects.lists(), namespaces);
      return [{ collects: (name) => lists.collects(name), collector: lists, remedy: 'run it again' }, ...places];
    },
    postAdmin: async (pod, path) =>
      await orRefused(pod, async () => {
        const admin = podAdmin(api, pod, collection.proxyAdminPort ?? ISTIO_ADMIN_PORT);
        const { status, body } = await admin.post(path, signal);
        const text = body.toString('utf8');
        if (status === 200) return text;
        throw new StreamError('refused', `${admin.place} answers ${path} with status ${status}: ${quoted(text)}`);
      }),
    askIstiod: async (istiod, path, milliseconds) => {
      const deadline = startDeadline(milliseconds, [signal]);
      try {
        return { body: (await istiods.debugText(istiod, path, deadline.signal)).toString('utf8') };
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        const slow = new StreamError('timeout', `there was no answer within ${(milliseconds ?? 0) / 1000} s`);
        return unanswered(deadline.expired() ? slow : error, { namespace: istioNamespace, pod: istiod });
      } finally {
        deadline.done();
      }
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
    return await reviewAccess(connection, connection.target.namespace, flags.namespace !== null, collection);
  } finally {
    connection.close();
  }
}

/** Runs what asks a port of a pod. @throws RequestRefused */
async function orRefused<T>(pod: PodName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    const { problem, remedy } = unanswered(error, pod);
    throw new RequestRefused('rejected', problem, remedy);
  }
}

function unanswered(error: StreamError, pod: PodName): { readonly problem: string; readonly remedy: string } {
  const { problem, remedy } = streamGap(error, pod, 'portforward');
  return { problem, remedy: remedy ?? 'see whether the pod runs, and which ports it listens on' };
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
