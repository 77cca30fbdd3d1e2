import type { Sender } from '../lab/probe/probe.ts';
import type { RequestQuestion } from '../agreement/request-question.ts';

const CLI_A: Sender = { pod: 'cli-a' };
const CLI_B: Sender = { pod: 'cli-b' };
const NODE1: Sender = { node: 'node1' };
const NODE2: Sender = { node: 'node2' };

/** Every kind of Service, from pod, node and outside, by name and by address, over TCP, UDP and HTTP, IPv4 and IPv6. */
export const SERVICE_QUESTIONS: readonly RequestQuestion[] = [
  // ClusterIP
  { about: 'ClusterIP by name', from: CLI_A, to: 'http://web' },
  { about: 'ClusterIP by its full name, from the other node', from: CLI_B, to: 'http://web.shop.svc.cluster.local' },
  { about: 'ClusterIP by name and namespace, second port', from: CLI_A, to: 'tcp://web.shop:9090' },
  { about: 'ClusterIP by address', from: CLI_A, to: 'http://10.96.10.1' },
  { about: 'ClusterIP from a node', from: NODE2, to: 'http://10.96.10.1' },
  { about: 'ClusterIP from a backend of its own', from: { pod: 'web-a' }, to: 'http://10.96.10.1' },
  { about: 'ClusterIP, itself its only backend', from: { pod: 'solo-a' }, to: 'http://solo' },
  { about: 'ClusterIP whose backend is on a node’s own network', from: CLI_A, to: 'http://host' },
  { about: 'ClusterIP whose backend is on this node’s own network', from: CLI_B, to: 'http://host' },
  { about: 'ClusterIP from a pod on a node’s own network', from: { pod: 'host-a' }, to: 'http://10.96.10.1' },
  { about: 'named targetPort, one of two pods ready', from: CLI_A, to: 'http://api:443' },
  { about: 'targetPort that no container has', from: CLI_A, to: 'http://api-wrongport:443' },
  { about: 'publishNotReadyAddresses', from: CLI_A, to: 'http://api-not-ready:443' },
  { about: 'no endpoints', from: CLI_A, to: 'http://empty' },
  { about: 'no endpoints, from a node', from: NODE1, to: 'http://10.96.10.11' },
  { about: 'only a terminating endpoint', from: CLI_A, to: 'http://drain' },
  { about: 'session affinity', from: CLI_A, to: 'http://web-affinity', keepsBackend: true },
  { about: 'trafficDistribution PreferSameNode', from: CLI_B, to: 'http://web-samenode' },
  { about: 'internalTrafficPolicy Local without a local endpoint', from: CLI_A, to: 'tcp://db-internal-local:5432' },
  { about: 'internalTrafficPolicy Local with one', from: CLI_B, to: 'tcp://db-internal-local:5432' },
  { about: 'UDP', from: CLI_A, to: 'udp://dns:53' },
  { about: 'UDP by address, from a node', from: NODE1, to: 'udp://10.96.10.13:53' },
  { about: 'the same port over TCP', from: CLI_A, to: 'tcp://dns:53' },
  // No selector
  { about: 'a slice of one’s own, to an address outside', from: CLI_A, to: 'http://manual', leaves: true },
  { about: 'a slice of one’s own, from a node', from: NODE2, to: 'http://10.96.10.19', leaves: true },
  { about: 'mirrored Endpoints', from: CLI_B, to: 'http://mirrored', leaves: true },
  // Names
  { about: 'headless', from: CLI_A, to: 'http://web-headless:8080' },
  { about: 'headless, a port that nobody listens on', from: CLI_A, to: 'http://web-headless:81' },
  { about: 'ExternalName of a Service', from: CLI_A, to: 'http://elsewhere' },
  { about: 'ExternalName of an ExternalName', from: CLI_A, to: 'http://twice' },
  { about: 'a name that is not there', from: CLI_A, to: 'http://nosuch' },
  // A pod
  { about: 'a pod’s own port, as a headless name', from: CLI_B, to: 'http://api-headless:8443' },
  // Dual stack and IPv6
  { about: 'IPv6 alone, by name', from: CLI_A, to: 'http://web-v6' },
  { about: 'IPv6 alone, by address, from a node', from: NODE1, to: 'http://[fd00:96::109]' },
  { about: 'dual stack by its IPv6 address', from: CLI_B, to: 'http://[fd00:96::108]' },
  { about: 'dual stack by its IPv4 address', from: CLI_B, to: 'http://10.96.10.8' },
  { about: 'NodePort over IPv6 from outside', from: 'outside', to: 'http://[fd00:10::11]:30088', node: 'node1' },
  { about: 'NodePort over IPv6 from a pod', from: CLI_A, to: 'http://[fd00:10::12]:30088' },
  {
    about: 'load balancer over IPv6, Local, from outside',
    from: 'outside',
    to: 'http://[2001:db8:100::28]',
    node: 'node2',
    keepsBackend: true,
  },
  {
    about: 'external address over IPv6 from outside',
    from: 'outside',
    to: 'http://[2001:db8:100::29]',
    node: 'node1',
    keepsBackend: true,
  },
  { about: 'an address of no Service', from: CLI_A, to: 'http://10.96.99.99' },
  { about: 'a port that the Service lacks', from: CLI_A, to: 'http://10.96.10.1:81' },
  // NodePort
  { about: 'NodePort from outside', from: 'outside', to: 'http://10.10.0.11:30080', node: 'node1' },
  { about: 'NodePort of the other node from a pod', from: CLI_A, to: 'http://10.10.0.12:30080' },
  { about: 'NodePort of its own node from a pod', from: CLI_A, to: 'http://10.10.0.11:30080' },
  { about: 'NodePort from its node', from: NODE1, to: 'http://10.10.0.11:30080' },
  { about: 'NodePort from another node', from: NODE2, to: 'http://10.10.0.11:30080' },
  { about: 'NodePort on 127.0.0.1', from: NODE1, to: 'http://127.0.0.1:30080' },
  {
    about: 'NodePort Local at a node with an endpoint, from outside',
    from: 'outside',
    to: 'tcp://10.10.0.12:30083',
    node: 'node2',
  },
  {
    about: 'NodePort Local at a node without one, from outside',
    from: 'outside',
    to: 'tcp://10.10.0.11:30083',
    node: 'node1',
  },
  { about: 'NodePort Local at a node without one, from a pod', from: CLI_A, to: 'tcp://10.10.0.11:30083' },
  { about: 'NodePort of a Service without endpoints', from: 'outside', to: 'http://10.10.0.11:30084', node: 'node1' },
  { about: 'a port of the node that is nobody’s', from: 'outside', to: 'http://10.10.0.11:30099', node: 'node1' },
  // LoadBalancer and external addresses
  {
    about: 'load balancer from outside, in the source ranges',
    from: 'outside',
    to: 'http://198.51.100.3',
    node: 'node1',
  },
  { about: 'load balancer from a pod, not in the source ranges', from: CLI_A, to: 'http://198.51.100.3' },
  { about: 'load balancer from a node, in the source ranges', from: NODE1, to: 'http://198.51.100.3' },
  { about: 'load balancer, Local, from outside', from: 'outside', to: 'http://198.51.100.4', node: 'node2' },
  { about: 'load balancer, Local, from a pod', from: CLI_A, to: 'http://198.51.100.4' },
  {
    about: 'load balancer without NodePorts, from outside',
    from: 'outside',
    to: 'http://198.51.100.25',
    node: 'node1',
  },
  { about: 'load balancer of a Service without endpoints', from: 'outside', to: 'http://198.51.100.12', node: 'node1' },
  {
    about: 'load balancer with everything, from outside',
    from: 'outside',
    to: 'http://198.51.100.28',
    node: 'node2',
    keepsBackend: true,
  },
  // Nobody's rules have it: the balancer itself is to answer, and here is none.
  { about: 'load balancer of mode Proxy, from a pod', from: CLI_A, to: 'http://198.51.100.24', leaves: true },
  {
    about: 'load balancer of mode Proxy, from outside',
    from: 'outside',
    to: 'http://198.51.100.24',
    node: 'node1',
    leaves: true,
  },
  { about: 'NodePort behind a balancer of mode Proxy', from: 'outside', to: 'http://10.10.0.11:30085', node: 'node1' },
  {
    about: 'health check node port, at a node with an endpoint',
    from: 'outside',
    to: 'http://10.10.0.12:32000',
    node: 'node2',
    answer: /"localEndpoints": [12]/,
  },
  {
    about: 'health check node port, from a pod of the other node',
    from: CLI_A,
    to: 'http://10.10.0.12:32000',
    answer: /"localEndpoints": 2/,
  },
  { about: 'externalIP from outside', from: 'outside', to: 'http://198.51.100.10', node: 'node1' },
  { about: 'externalIP from a pod', from: CLI_A, to: 'http://198.51.100.10' },
];
