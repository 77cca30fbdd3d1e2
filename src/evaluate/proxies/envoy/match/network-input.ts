import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { TlsHello } from '../../../../model/request.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import { unknown } from '../proto-json.ts';
import { isEnvoyLoopback } from './address-match.ts';

const NETWORK = 'envoy.extensions.matching.common_inputs.network.v3.';
const SSL = 'envoy.extensions.matching.common_inputs.ssl.v3.';

/**
 * What the inputs that ask about a connection read (source/extensions/matching/network/common/inputs.h, .../ssl/inputs.h).
 * @param tls the TLS session that the proxy terminates; undefined: not known yet, as when the filter chain is chosen
 */
export function readNetworkInput(
  type: string,
  socket: AcceptedSocket,
  tls: TlsHello | null | undefined,
): string | null | Unknown {
  if (type === `${SSL}UriSanInput`) {
    if (tls === null) return null;
    const identity = tls?.clientIdentity;
    return identity === undefined ? unknown('the identity in the client certificate is not known') : identity;
  }
  switch (type.startsWith(NETWORK) ? type.slice(NETWORK.length) : '') {
    case 'DestinationIPInput':
      return socket.localAddress;
    case 'DestinationPortInput':
      return String(socket.localPort);
    case 'SourceIPInput':
      return socket.remoteAddress;
    case 'DirectSourceIPInput':
      return socket.directAddress;
    case 'SourcePortInput':
      return socket.remotePort === null ? unknown('the source port is not known') : String(socket.remotePort);
    case 'SourceTypeInput':
      return isSameIpOrLoopback(socket) ? 'local' : null;
    case 'ServerNameInput':
      return seen(socket, 'tls', socket.serverName);
    case 'TransportProtocolInput':
      // What no filter detected is named before the filter chain is chosen (ActiveTcpSocket::newConnection).
      return seen(socket, 'tls', socket.transportProtocol || 'raw_buffer');
    case 'ApplicationProtocolInput':
      return seen(socket, 'http', socket.applicationProtocols.map((name) => `'${name}'`).join(','));
    default:
      return unknown(`the input ${type} of a matcher is not understood`);
  }
}

/** source/common/network/utility.cc, isSameIpOrLoopback */
export function isSameIpOrLoopback(socket: AcceptedSocket): boolean {
  const remote = parseAddress(socket.remoteAddress);
  return remote !== undefined && (isEnvoyLoopback(remote) || remote.text === parseAddress(socket.localAddress)?.text);
}

/** What an inspector saw; no data when it saw nothing, not known when it looked at bytes that are not known. */
function seen(socket: AcceptedSocket, inspector: 'tls' | 'http', value: string): string | null | Unknown {
  const blind =
    socket.blindInspectors.includes(inspector) || (inspector === 'http' && socket.blindInspectors.includes('tls'));
  if (blind) return unknown('what the client sends first is not known');
  return value === '' ? null : value;
}
