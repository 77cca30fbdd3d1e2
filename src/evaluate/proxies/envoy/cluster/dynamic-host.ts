import { formatEndpoint, parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyStep } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { field, fields, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step } from '../walk.ts';
import { reachNamed } from './reach.ts';
import type { Reached } from './reach.ts';
import { upstreamTransport } from './transport-socket.ts';

/** Name of the cluster type. */
export const DYNAMIC_FORWARD_PROXY = 'envoy.clusters.dynamic_forward_proxy';

/** Fields of its configuration that do not decide which host it is. */
const KNOWN = new Set(['@type', 'dns_cache_config', 'allow_insecure_cluster_options', 'allow_coalesced_connections']);

/** The host that a cluster of a dynamic forward proxy connects to. */
export interface DynamicHost {
  /** An IP address, or a name that DNS resolves. */
  readonly address: string;
  readonly port: number;
  readonly isAddress: boolean;
}

/**
 * The host that an authority names, with port 80 where it names none, 443 where the cluster speaks TLS (Cluster::LoadBalancer::chooseHost,
 * source/extensions/clusters/dynamic_forward_proxy/cluster.cc).
 */
export function dynamicHost(
  { facts, config }: Pick<ConnectionContext, 'facts' | 'config'>,
  cluster: Cursor,
  authority: string,
): DynamicHost | Unknown {
  const beyond = unknownField(fields(cluster, 'cluster_type', 'typed_config'), KNOWN);
  if (beyond !== undefined) return beyond;
  const transport = upstreamTransport(facts, config, cluster, null);
  if (isUnknown(transport)) return transport;
  if (transport.tls === 'unknown') return unknown('whether the cluster speaks TLS is not known', cluster.at('name'));
  const [, bracketed, plain = '', given] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const name = bracketed ?? plain;
  const port = given === undefined ? (transport.tls === 'none' ? 80 : 443) : Number(given);
  const address = parseAddress(name);
  if (name === '' || port === 0 || port > 65_535 || (bracketed !== undefined && address?.family !== 6))
    return unknown(`the host ${JSON.stringify(authority)} is not one that is evaluated`);
  return { address: address?.text ?? name.toLowerCase(), port, isAddress: address !== undefined };
}

/**
 * How the host is reached that a request names.
 * @param authority as it is sent on; null: it has none of its own
 * @param resolved the authority that a filter has resolved before; null: none has
 */
export function reachDynamicHost(
  context: Pick<ConnectionContext, 'facts' | 'config'>,
  cluster: Cursor,
  authority: string | null,
  resolved: string | null,
): { readonly step: EnvoyStep; readonly reached: Reached } | Unknown {
  if (authority === null || resolved !== authority)
    return unknown('no filter of the dynamic forward proxy has resolved the host', cluster.at('name'));
  const host = dynamicHost(context, cluster, authority);
  if (isUnknown(host)) return host;
  const reached = reachNamed(context, cluster, host);
  if (isUnknown(reached)) return reached;
  const selected = step('endpoint', 'selected', formatEndpoint(host.address, host.port), {
    reasons: [host.isAddress ? 'the request names it' : 'the request names it, its address is what DNS says'],
    cites: [field(cluster, 'cluster_type').at('name')],
  });
  return { step: selected, reached };
}
