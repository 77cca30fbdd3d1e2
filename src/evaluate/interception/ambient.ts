import type { Decision, InterceptedFlow, Interception } from './interception.ts';

/** Mark of what ztunnel itself sends (cni/pkg/config, InpodMark and InpodMask). */
const ZTUNNEL_MARK = 0x539;
const MARK_MASK = 0xfff;

/** Where probes of the kubelet seem to come from (HostProbeSNATAddress). */
const PROBE_SOURCE: Readonly<Record<4 | 6, string>> = {
  4: '169.254.7.127',
  6: 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff',
};

/**
 * The rules of ambient mode inside a pod (cni/pkg/iptables/iptables.go, AppendInpodRules): ztunnel listens there, at the same ports
 * as a sidecar would.
 */
export function evaluateAmbient(
  config: Interception,
  direction: 'outbound' | 'inbound',
  flow: InterceptedFlow,
): Decision {
  if (flow.family === 6) return { to: 'unknown', why: 'whether the CNI agent writes rules for IPv6 is not known' };
  const marked = (flow.mark & MARK_MASK) === ZTUNNEL_MARK;
  return direction === 'outbound' ? outbound(config, flow, marked) : inbound(config, flow, marked);
}

function outbound(config: Interception, flow: InterceptedFlow, marked: boolean): Decision {
  const { protocol, destination, destinationPort: port } = flow;
  const lo =
    flow.outInterface === undefined
      ? config.ownAddresses.includes(destination) || destination.startsWith('127.')
      : flow.outInterface === 'lo';
  if (protocol === 'tcp' && destination === PROBE_SOURCE[4])
    return { to: 'direct', why: 'an answer to a probe of the kubelet' };
  if (marked) return { to: 'direct', why: "ztunnel's own traffic" };
  const dns = port === 53 && ((protocol === 'udp' && !lo) || (protocol === 'tcp' && destination !== '127.0.0.1'));
  if (dns && config.dnsCapture === 'all') return { to: 'dns-agent', why: 'DNS is captured' };
  if (dns && config.dnsCapture === 'unknown')
    return { to: 'unknown', why: 'whether the CNI agent captures DNS is not known' };
  if (destination === '127.0.0.1') return { to: 'direct', why: `${destination} is the loopback address` };
  if (lo) return { to: 'direct', why: 'the pod talks to itself' };
  return protocol === 'tcp'
    ? { to: 'outbound-proxy', why: 'ambient mode redirects what the pod sends' }
    : { to: 'direct', why: `${protocol} is not redirected` };
}

function inbound(config: Interception, flow: InterceptedFlow, marked: boolean): Decision {
  const { protocol, destinationPort: port, inInterface } = flow;
  if (protocol !== 'tcp') return { to: 'direct', why: `${protocol} is not redirected` };
  if (config.rerouteInterfaces.length > 0) {
    if (inInterface === undefined)
      return { to: 'unknown', why: 'the incoming interface is not known, and some are treated apart' };
    if (inInterface !== null && config.rerouteInterfaces.includes(inInterface))
      return { to: 'outbound-proxy', why: `${inInterface} is an interface of a virtual machine` };
  }
  if (config.includeInboundPorts !== '*') return { to: 'direct', why: 'ambient.istio.io/bypass-inbound-capture' };
  if (flow.source === PROBE_SOURCE[4]) return { to: 'direct', why: 'a probe of the kubelet' };
  if (marked || flow.destination === '127.0.0.1') return { to: 'direct', why: "ztunnel's own traffic" };
  if (port === config.tunnelPort) return { to: 'direct', why: `${port} is the tunnel port` };
  return { to: 'inbound-proxy', why: 'ambient mode redirects what the pod receives' };
}
