import { parseEndpoint } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { restoresDestination } from '../listener/listener-filters.ts';
import type { HeaderView } from '../match/header-match.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';

export interface Destination {
  readonly address: string;
  readonly port: number;
  readonly reason: string;
}

const KNOWN = new Set(['use_http_header', 'http_header_name', 'upstream_port_override']);
const DEFAULT_HEADER = 'x-envoy-original-dst-host';

/**
 * Where an ORIGINAL_DST cluster connects to: the address in a header, when the cluster asks for one and it holds an address, else
 * what the client had asked for before interception (OriginalDstCluster::LoadBalancer::chooseHost,
 * source/extensions/clusters/original_dst/original_dst_cluster.cc). null: there is no such address, hence no host: the listener does not
 * look for it, as those of Istio's gateways.
 */
export function originalDestination(
  cluster: Cursor,
  context: ConnectionContext,
  headers: HeaderView | null,
): Destination | null | Unknown {
  const options = field(cluster, 'original_dst_lb_config');
  const beyond = unknownField(options, KNOWN);
  if (beyond !== undefined) return beyond;
  if (headers !== null && isTrue(options, 'use_http_header')) {
    const configured = field(options, 'http_header_name').string() ?? '';
    const name = configured === '' ? DEFAULT_HEADER : configured.toLowerCase();
    const value = headers.get(name);
    if (isUnknown(value)) return value;
    const named = value === null ? undefined : parseEndpoint(value);
    if (named !== undefined) return { address: named.address.text, port: named.port, reason: `the header ${name}` };
  }
  const { socket } = context;
  if (!socket.restored) {
    if (!restoresDestination(context.listener.config)) return null;
    return unknown(
      'the connection was not redirected: whether the proxy sees an original destination depends on connection tracking',
    );
  }
  const override = field(options, 'upstream_port_override').number();
  return {
    address: socket.localAddress,
    port: override ?? socket.localPort,
    reason: override === undefined ? 'the original destination' : `the original destination, port ${override} instead`,
  };
}
