import type { Cursor } from '../../../../model/json.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import { memoised } from '../memo.ts';
import { stripPort, stripTrailingDot } from './host.ts';
import { managerOptions } from './manager-options.ts';
import type { ManagerOptions } from './manager-options.ts';
import { findVirtualHost } from './virtual-host.ts';
import type { VirtualHostMatch } from './virtual-host.ts';

/** Looks for virtual hosts in one route configuration, as one connection manager does. */
export interface HostSearch {
  readonly hcm: Cursor;
  readonly routeConfig: Cursor;
  /** The virtual host of an authority as it was sent; undefined: none takes it. */
  readonly find: (authority: string, socket: Pick<AcceptedSocket, 'localPort'>) => VirtualHostMatch | undefined;
}

/** There is one search for each route configuration of a connection manager. */
export function hostSearch(hcm: Cursor, routeConfig: Cursor): HostSearch {
  return searchesOf(hcm)(routeConfig);
}

const searchesOf = memoised((hcm) => {
  const options = managerOptions(hcm);
  return memoised((routeConfig): HostSearch => ({
    hcm,
    routeConfig,
    find: (authority, socket) => findVirtualHost(routeConfig, normaliseAuthority(options, authority, socket)),
  }));
});

/** Trailing dot first, then the port (ConnectionManagerUtility::maybeNormalizeHost). */
export function normaliseAuthority(
  options: ManagerOptions,
  authority: string,
  socket: Pick<AcceptedSocket, 'localPort'>,
): string {
  const dotless = options.stripsTrailingDot ? stripTrailingDot(authority) : authority;
  if (options.stripsPort === 'any') return stripPort(dotless);
  return options.stripsPort === 'matching' ? stripPort(dotless, socket.localPort) : dotless;
}
