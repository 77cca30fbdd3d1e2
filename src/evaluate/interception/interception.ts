import type { Evidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';

/** What a pod's traffic is to be redirected to, as its own objects ask for it. */
export interface Interception {
  /** `AMBIENT`: to the node's ztunnel, which listens inside the pod's network namespace. */
  readonly mode: 'REDIRECT' | 'TPROXY' | 'AMBIENT';
  /** Who writes the rules: the pod's own init container, the CNI plugin when the pod starts, or the CNI agent (ambient). */
  readonly writtenBy: 'istio-init' | 'istio-cni' | 'istio-cni-agent';
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Inbound traffic to it (HBONE) is left alone. */
  readonly tunnelPort: number;
  /** Owners whose traffic is the proxy's own. */
  readonly proxyUids: readonly number[];
  readonly proxyGids: readonly number[];
  /** CIDRs, or `*` alone: everything. */
  readonly includeIPRanges: readonly string[];
  readonly excludeIPRanges: readonly string[];
  /** Ports, or `*`: all but the excluded ones. */
  readonly includeInboundPorts: readonly number[] | '*';
  readonly excludeInboundPorts: readonly number[];
  readonly includeOutboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  readonly excludeInterfaces: readonly string[];
  /** Interfaces of virtual machines, whose incoming traffic is treated as outbound. */
  readonly rerouteInterfaces: readonly string[];
  /** Groups whose traffic is redirected, or left alone. */
  readonly ownerGroups: { readonly except: boolean; readonly gids: readonly number[] };
  /** DNS questions that go to the agent at port 15053: none, all, or those to the servers in resolv.conf. */
  readonly dnsCapture: 'off' | 'all' | 'servers' | 'unknown';
  /** For `servers`: their addresses; null: not known. */
  readonly dnsServers: readonly string[] | null;
  /** What counts as talking to oneself over IPv4. */
  readonly loopback: string;
  /** Whether rules for IPv6 are written. */
  readonly ipv6: boolean;
  /** The pod's own addresses: packets to them leave by lo. */
  readonly ownAddresses: readonly string[];
  /** What stands there but was not understood; then nothing can be said about the traffic. */
  readonly notUnderstood: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** Defaults of istio-iptables (tools/common/config/config.go, DefaultConfig and FillConfigFromEnvironment). */
export const DEFAULTS = {
  outboundPort: '15001',
  inboundPort: '15006',
  tunnelPort: '15008',
  proxyUid: '1337',
  loopback: '127.0.0.1/32',
  dnsAgentPort: 15053,
} as const;

/** A packet of the pod: leaving a process (outbound), or arriving from an interface (inbound). */
export type InterceptedFlow = Pick<
  Flow,
  'family' | 'protocol' | 'source' | 'destination' | 'destinationPort' | 'inInterface' | 'mark' | 'uid' | 'gid'
> & {
  /** The device that an outbound packet leaves by; undefined: not known, but lo for the pod's own addresses. */
  readonly outInterface?: string | undefined;
};

/** Where a connection goes. */
export type Destination =
  /** the proxy's port for what the application sends */
  | 'outbound-proxy'
  /** the proxy's port for what the application receives */
  | 'inbound-proxy'
  /** the agent's DNS port */
  | 'dns-agent'
  /** nowhere else */
  | 'direct'
  | 'unknown';

/** What a rule decided, and one clause why. */
export interface Decision {
  readonly to: Destination;
  readonly why: string;
}
