import path from 'node:path';
import { connect, type Connection } from '../../../src/collect/live/connection.ts';
import type { ConnectionFlags } from '../../../src/collect/live/connection-flags.ts';
import type { Environment } from '../../../src/collect/live/kubeconfig.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Flags of which none was given. */
export const NO_FLAGS: ConnectionFlags = {
  kubeconfig: null,
  context: null,
  cluster: null,
  user: null,
  namespace: null,
  server: null,
  token: null,
  as: null,
  asGroups: [],
  asUid: null,
  insecureSkipTlsVerify: false,
  certificateAuthority: null,
  tlsServerName: null,
  requestTimeout: null,
  clusterName: null,
};

/** Connects in an environment of its own: no kubeconfig of the person who runs the tests. */
export function connectTo(
  flags: Partial<ConnectionFlags>,
  environment: Environment = { HOME: '/nonexistent' },
  signal: AbortSignal = new AbortController().signal,
): Connection {
  return connect({ ...NO_FLAGS, ...flags }, { environment, hasTerminal: false, signal });
}

/** Writes a kubeconfig (JSON is YAML) into a folder that goes away with the test. */
export function writeKubeconfig(content: object): string {
  return path.join(temporaryFolder({ config: JSON.stringify(content) }), 'config');
}
