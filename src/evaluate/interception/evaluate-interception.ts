/**
 * In: how a pod's traffic is to be redirected, and the first packet of a connection in its network namespace. Out: which of the
 * proxy's ports it ends at, if any. Says what the rules that istio-iptables writes would do, without reading any.
 */
import { contains, parseAddress, parsePrefix } from '../../model/address.ts';
import type { Unknown } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import { evaluateAmbient } from './ambient.ts';
import { DEFAULTS, type Decision, type Destination, type InterceptedFlow, type Interception } from './interception.ts';

/** Where a connection is taken. */
export interface InterceptionResult {
  readonly to: Destination;
  /** The port that it is redirected to. */
  readonly port: number | null;
  /** Clauses: `port 15090 is excluded`. */
  readonly reasons: readonly string[];
  readonly evidence: readonly Evidence[];
  /** For `unknown`: why. */
  readonly unknown?: Unknown;
}

/**
 * Decides what happens to a connection. The order is that of the rules which istio-iptables writes
 * (tools/istio-iptables/pkg/capture/run.go, Run), which the native nftables variant keeps.
 */
export function evaluateInterception(
  config: Interception,
  direction: 'outbound' | 'inbound',
  flow: InterceptedFlow,
): InterceptionResult {
  const [odd] = config.notUnderstood;
  if (odd !== undefined) return result(config, { to: 'unknown', why: odd });
  if (config.mode === 'AMBIENT') return result(config, evaluateAmbient(config, direction, flow));
  return result(config, direction === 'outbound' ? outbound(config, flow) : inbound(config, flow));
}

function result(config: Interception, { to, why }: Decision): InterceptionResult {
  const { evidence } = config;
  if (to === 'unknown') return { to, port: null, reasons: [why], evidence, unknown: { reason: why, evidence } };
  const ports = {
    'outbound-proxy': config.outboundPort,
    'inbound-proxy': config.inboundPort,
    'dns-agent': DEFAULTS.dnsAgentPort,
    direct: null,
  };
  return { to, port: ports[to], reasons: [why], evidence };
}

function direct(why: string): Decision {
  return { to: 'direct', why };
}

/** nat OUTPUT: ISTIO_OUTPUT. */
function outbound(config: Interception, flow: InterceptedFlow): Decision {
  const { protocol, destinationPort: port } = flow;
  const lo = leavesByLo(config, flow);
  const byInterface = excludedInterface(config.excludeInterfaces, lo ? 'lo' : flow.outInterface);
  if (byInterface !== undefined) return byInterface;
  if (flow.family === 6 && !config.ipv6) return direct('there are no rules for IPv6');
  if (protocol !== 'sctp' && config.excludeOutboundPorts.includes(port))
    return direct(`outbound port ${port} is excluded`);
  if (lo && flow.source === (flow.family === 6 ? '::6' : '127.0.0.6'))
    return direct("the proxy's own connection to the application");
  const owned = byOwner(config, flow, lo);
  if (owned !== undefined) return owned;
  const dns = captureDns(config, flow);
  if (dns !== undefined) return dns;
  if (isLoopbackDestination(config, flow)) return direct(`${flow.destination} is the loopback address`);
  if (inRanges(config.excludeIPRanges, flow)) return direct(`${flow.destination} is in an excluded range`);
  if (protocol !== 'tcp') return direct(`${protocol} is not redirected`);
  if (config.includeOutboundPorts.includes(port))
    return { to: 'outbound-proxy', why: `outbound port ${port} is included` };
  if (inRanges(config.includeIPRanges, flow))
    return { to: 'outbound-proxy', why: `${flow.destination} is in an included range` };
  return direct(`${flow.destination} is in no included range`);
}

/** Rules about the socket's owner: the proxy itself, talking to oneself, and groups. */
function byOwner(config: Interception, flow: InterceptedFlow, lo: boolean): Decision | undefined {
  if (flow.uid === undefined || flow.gid === undefined)
    return { to: 'unknown', why: 'the user and group of the sending process are not known' };
  const { protocol, destinationPort: port } = flow;
  const captured = config.dnsCapture !== 'off';
  const looped = [...config.includeIPRanges].some((range) => /^127\.|^::1\//.test(range));
  const toSelf = lo && protocol === 'tcp' && !isLoopbackDestination(config, flow) && port !== config.tunnelPort;
  const keepsToItself = lo && !looped && (!captured || (protocol === 'tcp' && port !== 53));
  const owners = [
    ...config.proxyUids.map((id) => ({ mine: flow.uid === id, what: `user ${id}`, dns: captured && port === 53 })),
    ...config.proxyGids.map((id) => ({ mine: flow.gid === id, what: `group ${id}`, dns: false })),
  ];
  for (const { mine, what, dns } of owners) {
    if (mine && toSelf && !dns) return { to: 'inbound-proxy', why: `the proxy (${what}) calls the pod itself` };
    if (!mine && keepsToItself) return direct('the pod talks to itself');
    if (mine) return direct(`the proxy's own traffic (${what})`);
  }
  const { except, gids } = config.ownerGroups;
  if (gids.includes(flow.gid) === except) return direct(`group ${flow.gid} is ${except ? 'excluded' : 'not included'}`);
  return undefined;
}

/** ISTIO_OUTPUT_DNS. */
function captureDns(config: Interception, flow: InterceptedFlow): Decision | undefined {
  if (config.dnsCapture === 'off' || flow.destinationPort !== 53 || flow.protocol === 'sctp') return undefined;
  if (config.dnsCapture === 'all') return { to: 'dns-agent', why: 'DNS is captured' };
  if (config.dnsCapture === 'unknown' || config.dnsServers === null)
    return { to: 'unknown', why: 'which DNS questions are captured is not known' };
  return config.dnsServers.includes(flow.destination)
    ? { to: 'dns-agent', why: `DNS to ${flow.destination} is captured` }
    : undefined;
}

/** nat PREROUTING, or mangle PREROUTING with TPROXY: ISTIO_INBOUND. */
function inbound(config: Interception, flow: InterceptedFlow): Decision {
  const { protocol, destinationPort: port, inInterface } = flow;
  const rerouted = config.rerouteInterfaces.length > 0 ? fromVirtualMachine(config, flow) : undefined;
  if (rerouted !== undefined) return rerouted;
  const byInterface = excludedInterface(config.excludeInterfaces, inInterface ?? undefined);
  if (byInterface !== undefined) return byInterface;
  if (flow.family === 6 && !config.ipv6) return direct('there are no rules for IPv6');
  if (protocol !== 'tcp') return direct(`${protocol} is not redirected`);
  const tproxy = config.mode === 'TPROXY';
  if (tproxy && inInterface === 'lo') return direct('TPROXY leaves alone what comes over lo, but for the proxy itself');
  if (tproxy && isLoopbackDestination(config, flow)) return direct(`${flow.destination} is the loopback address`);
  if (!tproxy && port === config.tunnelPort) return direct(`${port} is the tunnel port`);
  if (config.includeInboundPorts !== '*') {
    return config.includeInboundPorts.includes(port)
      ? { to: 'inbound-proxy', why: `inbound port ${port} is included` }
      : direct(`inbound port ${port} is not included`);
  }
  if (config.excludeInboundPorts.includes(port)) return direct(`inbound port ${port} is excluded`);
  return { to: 'inbound-proxy', why: 'all inbound ports are included' };
}

/** kube-virt-interfaces: what comes from a virtual machine is treated as outbound, and never as inbound. */
function fromVirtualMachine(config: Interception, flow: InterceptedFlow): Decision | undefined {
  if (flow.inInterface === undefined)
    return { to: 'unknown', why: 'the incoming interface is not known, and some are treated apart' };
  if (flow.inInterface === null || !config.rerouteInterfaces.includes(flow.inInterface)) return undefined;
  const included =
    flow.protocol === 'tcp' && inRanges(config.includeIPRanges, flow) && (flow.family === 4 || config.ipv6);
  return included
    ? { to: 'outbound-proxy', why: `${flow.inInterface} is an interface of a virtual machine` }
    : direct(`${flow.inInterface} is an interface of a virtual machine`);
}

function excludedInterface(excluded: readonly string[], name: string | undefined): Decision | undefined {
  if (excluded.length === 0) return undefined;
  if (name === undefined) return { to: 'unknown', why: 'the interface is not known, and some are excluded' };
  return excluded.includes(name) ? direct(`interface ${name} is excluded`) : undefined;
}

function leavesByLo(config: Interception, flow: InterceptedFlow): boolean {
  if (flow.outInterface !== undefined) return flow.outInterface === 'lo';
  return (
    config.ownAddresses.includes(flow.destination) || flow.destination.startsWith('127.') || flow.destination === '::1'
  );
}

function isLoopbackDestination(config: Interception, flow: InterceptedFlow): boolean {
  return inRanges([flow.family === 6 ? '::1/128' : config.loopback], flow);
}

function inRanges(ranges: readonly string[], flow: InterceptedFlow): boolean {
  const address = parseAddress(flow.destination);
  if (address === undefined) return false;
  return ranges.some((text) => {
    const range = text === '*' ? undefined : parsePrefix(text);
    return text === '*' || (range !== undefined && contains(range, address));
  });
}
