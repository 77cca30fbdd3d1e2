import { parseAddress } from '../../model/address.ts';
import type { EnvoyFacts } from '../../model/envoy.ts';
import type { Flow } from '../../model/flow.ts';
import type { Cursor } from '../../model/json.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { Owner } from '../../model/trace.ts';
import type { World } from './world.ts';

/** Ports that istio-init redirects to by default: outbound and inbound interception. */
const ISTIO_PORTS = new Set([15001, 15006]);
const PROXY_PROCESS = /^envoy/;

type PodOwner = Owner & { readonly kind: 'pod' };

/** What was read of the pod's Envoy; undefined when nothing was, or when the pod has none. */
export function envoyOf(world: World, owner: PodOwner): EnvoyFacts | undefined {
  const facts = world.cluster(owner.cluster).facts.pod(owner.pod.namespace, owner.pod.name);
  return facts.envoySeen || hasIstioProxy(owner.pod) ? facts.envoy().value : undefined;
}

/**
 * Whether the packet's destination is a socket of the pod's proxy rather than of its application. A configuration that was not
 * read whole proves that a listener is there, but not that none is: then the sockets tell, or the pod's containers.
 */
export function proxyOwns(world: World, owner: PodOwner, flow: Flow): boolean {
  const config = envoyOf(world, owner)?.config ?? null;
  const bound = config?.listeners().some((listener) => listener.state === 'active' && binds(listener.config, flow));
  if (bound === true) return true;
  if (config?.complete === true) return false;
  const sockets = world.cluster(owner.cluster).netns(owner).sockets().value;
  if (sockets !== undefined) {
    const at = sockets.filter((socket) => socket.port === flow.destinationPort && socket.protocol === flow.protocol);
    return at.some((socket) => socket.processes.some((process) => PROXY_PROCESS.test(process.name)));
  }
  return hasIstioProxy(owner.pod) && (ISTIO_PORTS.has(flow.destinationPort) || isGateway(owner.pod));
}

/** Whether the pod runs Istio's proxy container. */
function hasIstioProxy(pod: PodFact): boolean {
  return pod.containers.some((container) => container.name === 'istio-proxy');
}

/** Whether the proxy is all that the pod runs, as in a gateway. */
function isGateway(pod: PodFact): boolean {
  return pod.containers.filter((container) => !container.init).every((container) => container.name === 'istio-proxy');
}

/** Whether the listener has a socket that takes the packet (Envoy binds every listener unless bind_to_port is false). */
function binds(listener: Cursor, flow: Flow): boolean {
  if (listener.at('bind_to_port').boolean() === false) return false;
  if (listener.at('deprecated_v1', 'bind_to_port').boolean() === false) return false;
  const additional = listener.at('additional_addresses').items();
  const addresses = [listener.at('address'), ...additional.map((one) => one.at('address'))];
  return addresses.some((address) => takes(address.at('socket_address'), flow));
}

function takes(socket: Cursor, flow: Flow): boolean {
  const protocol = socket.at('protocol').string() ?? 'TCP';
  if (protocol.toLowerCase() !== flow.protocol || socket.at('port_value').number() !== flow.destinationPort)
    return false;
  const address = parseAddress(socket.at('address').string() ?? '');
  if (address === undefined) return false;
  const wildcard = address.bits === 0n;
  const dual = address.family === 6 && socket.at('ipv4_compat').boolean() === true;
  return wildcard ? address.family === flow.family || dual : address.text === flow.destination;
}
