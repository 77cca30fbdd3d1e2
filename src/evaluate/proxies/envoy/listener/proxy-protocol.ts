import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { enumName, field, isTrue, unknown, unknownField } from '../proto-json.ts';
import type { AcceptedSocket } from './accepted-socket.ts';

const KNOWN = new Set([
  '@type',
  'rules',
  'allow_requests_without_proxy_protocol',
  'pass_through_tlvs',
  'disallowed_versions',
  'stat_prefix',
  'tlv_location',
]);
const VERSIONS = ['V1', 'V2'];

/**
 * envoy.filters.listener.proxy_protocol (source/extensions/filters/listener/proxy_protocol/proxy_protocol.cc): what the header of a
 * load balancer in front names takes the place of the client's address and of the local one, which counts as restored where it differs;
 * the peer's own address stays the direct one. A connection is closed for an address that is not unicast, and, unless requests without
 * a header are allowed, for want of one. A header of a version that is refused counts as none, and is left for whoever reads on.
 */
export function takeProxyHeader(socket: AcceptedSocket, config: Cursor): AcceptedSocket | 'closed' | Unknown {
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return beyond;
  const { proxyHeader: header, firstBytes } = socket;
  const allowed = isTrue(config, 'allow_requests_without_proxy_protocol');
  if (header === undefined)
    return allowed ? socket : unknown('whether the client sends a PROXY protocol header is not known', config);
  if (header === null) {
    if (allowed) return socket;
    return firstBytes.kind === 'unknown'
      ? unknown('a PROXY protocol header is awaited, and what the client sends is not known', config)
      : 'closed';
  }
  const refused = field(config, 'disallowed_versions')
    .items()
    .map((version) => enumName(version, VERSIONS));
  if (refused.includes(`V${header.version ?? 1}`)) return allowed ? socket : 'closed';
  const { source, destination } = header;
  if (!isUnicast(source.address) || !isUnicast(destination.address)) return 'closed';
  const moved = destination.address !== socket.localAddress || destination.port !== socket.localPort;
  return {
    ...socket,
    proxyHeader: null,
    remoteAddress: source.address,
    remotePort: source.port,
    localAddress: destination.address,
    localPort: destination.port,
    restored: socket.restored || moved,
  };
}

const BROADCAST = 0xffff_ffffn;

/** Neither any, broadcast nor multicast (isUnicastAddress, source/common/network/address_impl.h). */
function isUnicast(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || address.bits === 0n) return false;
  if (address.family === 6) return address.bits >> 120n !== 0xffn;
  return address.bits !== BROADCAST && address.bits >> 28n !== 0xen;
}
