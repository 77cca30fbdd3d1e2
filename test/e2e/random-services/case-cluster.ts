import type { ApiClient } from '../../lab/control-plane/api-client.ts';
import type { Files, NamespaceCluster } from '../../lab/namespace-cluster.ts';

/** A cluster whose Services can be exchanged while it stands, and whose nodes can be read again and again. */
export type CaseCluster = Pick<
  NamespaceCluster,
  'nodes' | 'pods' | 'enterAt' | 'untilProgrammed' | 'forgetConnections' | 'send'
> & {
  readonly api: ApiClient;
  /** What stays, as files of a snapshot: kube-proxy's configuration, and the networks of nodes and pods. */
  lastingFiles(): Promise<Files>;
  /** API objects, and the rules of every node. */
  changingFiles(): Promise<Files>;
  stop(): Promise<void>;
};
