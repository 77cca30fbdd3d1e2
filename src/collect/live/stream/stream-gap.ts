import type { Gap, GapKind } from '../../../model/artefact.ts';
import type { PodName } from '../api-access.ts';
import type { StreamError, StreamFailure } from './stream-error.ts';

/** What a failed stream means to somebody who wanted what it carries. */
export interface StreamGap {
  readonly gap: GapKind;
  /** One clause. */
  readonly problem: string;
  /** One clause; null: the caller knows better. */
  readonly remedy: string | null;
}

type Subresource = 'exec' | 'portforward';
const DOING: Readonly<Record<Subresource, string>> = { exec: 'exec in', portforward: 'port-forward to' };

/** Remedies by failure; those that are not here depend on what was wanted. */
const REMEDIES: Readonly<Partial<Record<StreamFailure, string>>> = {
  gone: 'check its name and namespace, or run it again: the pod was replaced in between',
  'no-websocket': 'check what stands between here and the API server: it must let WebSocket upgrades pass',
  unreachable: 'check the network and the server of the kubeconfig',
  'cut-off': 'run it again; check the network and what stands between here and the API server',
  timeout: 'run it again; see how busy the node and its kubelet are',
  aborted: 'run it again and let it finish',
};

/** What would allow a stream. Before 1.35 the verb was `get` for WebSocket and `create` for SPDY; since then it is both. */
export function allowStream(subresource: Subresource, namespace: string): string {
  return `allow get and create of pods/${subresource} in namespace ${namespace} (\`kubectl reach access -o yaml\` prints the role)`;
}

/** Where there was nothing to read; what could not be read, although it may be there, is unreadable. */
const KINDS: Readonly<Partial<Record<StreamFailure, GapKind>>> = {
  gone: 'missing',
  'port-closed': 'missing',
  'too-large': 'too-large',
};

/** The gap of a stream to a pod that failed. */
export function streamGap(
  { failure, message }: StreamError,
  { namespace, pod }: PodName,
  subresource: Subresource,
): StreamGap {
  const problem = `${DOING[subresource]} pod ${namespace}/${pod}: ${message}`;
  if (failure === 'forbidden') {
    return { gap: 'forbidden', problem, remedy: allowStream(subresource, namespace) };
  }
  return { gap: KINDS[failure] ?? 'unreadable', problem, remedy: REMEDIES[failure] ?? null };
}

/** The gap of an artefact that a port of a pod did not give. */
export function forwardGap(artefact: string, error: StreamError, pod: PodName): Gap {
  const { gap: kind, problem, remedy } = streamGap(error, pod, 'portforward');
  return { kind, artefact, problem, ...(remedy === null ? {} : { remedy }) };
}
