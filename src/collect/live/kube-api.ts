import type { RequestOptions } from 'node:https';
import type { KubeApi } from './api-access.ts';
import type { Connection } from './connection.ts';

/** What exec, port-forward and whoever stands on them need of a connection. */
export function kubeApi(connection: Connection): KubeApi {
  const { target, identity } = connection;
  return {
    access: {
      server: target.server.href.replace(/\/$/, ''),
      timeout: connection.timeout,
      options: async () => {
        const options: RequestOptions = { headers: { 'user-agent': 'kubectl-reach' } };
        await identity.applyToHTTPSOptions(options);
        return options;
      },
    },
    request: async (path, options) => await connection.request(path, options),
  };
}
