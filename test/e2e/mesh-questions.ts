import { INGRESS } from '../lab/istio/install.ts';
import type { Sender } from '../lab/probe/probe.ts';
import type { RequestQuestion } from '../agreement/request-question.ts';

const CLI_A: Sender = { pod: 'cli-a' };
const CLI_B: Sender = { pod: 'cli-b' };
const PRODUCTPAGE: Sender = { pod: 'productpage-v1' };
const PLAIN: Sender = { pod: 'plain', namespace: 'plain' };
const LIMITED: Sender = { pod: 'cli', namespace: 'limited' };
const NODE1: Sender = { node: 'node1' };
const NODE2: Sender = { node: 'node2' };
const GATEWAY = `http://${INGRESS.v4}`;

/** An inbound port takes TLS and plain text: which, the first bytes tell, and a client that waits for the server sends none. */
const FIRST_BYTES = /the filter chain depends on what the client sends first, which is not known/;

/** A request from outside, for a host of the ingress gateway. */
function atGateway(about: string, host: string, path: string, more: Partial<RequestQuestion> = {}): RequestQuestion {
  const { headers, ...rest } = more;
  return { about, from: 'outside', to: `${GATEWAY}${path}`, node: 'node1', headers: { host, ...headers }, ...rest };
}

/** Requests through sidecars and around them, through the gateway, and whatever Istio's resources do to them. */
export const MESH_QUESTIONS: readonly RequestQuestion[] = [
  // Sidecar to sidecar
  { about: 'short name, other node', from: CLI_A, to: 'http://details:9080/details/0' },
  { about: 'same node', from: CLI_B, to: 'http://details:9080/details/0' },
  { about: 'full name', from: CLI_A, to: 'http://details.bookinfo.svc.cluster.local:9080/details/0' },
  { about: 'name and namespace', from: CLI_B, to: 'http://ratings.bookinfo:9080/ratings/0' },
  { about: 'three backends on two nodes', from: CLI_A, to: 'http://reviews:9080/reviews/0' },
  { about: 'ClusterIP', from: CLI_A, to: 'http://10.96.20.1:8080' },
  { about: 'pod address of a Service’s pod', from: CLI_A, to: 'http://{store}:8080' },
  { about: 'headless', from: CLI_A, to: 'http://store-headless:8080' },
  { about: 'TCP', from: CLI_A, to: 'tcp://store:9000' },
  { about: 'TCP by ClusterIP', from: CLI_B, to: 'tcp://10.96.20.1:9000' },
  { about: 'TCP, headless', from: CLI_A, to: 'tcp://store-headless:9000' },
  { about: 'TCP by pod address', from: CLI_A, to: 'tcp://{store}:9000' },
  { about: 'UDP goes past sidecars', from: CLI_A, to: 'udp://store:5300' },
  { about: 'a port without a protocol is sniffed', from: CLI_A, to: 'http://untyped:8080' },
  { about: 'itself by its Service', from: { pod: 'store' }, to: 'http://store.bookinfo:8080' },
  { about: 'itself by its host name', from: { pod: 'store' }, to: 'http://store:8080', keepsBackend: true },
  { about: 'a Service of IPv6 alone', from: CLI_A, to: 'http://store-v6:8080' },
  { about: 'pod address over IPv6', from: CLI_A, to: 'http://{store/6}:8080' },
  { about: 'a name that is not there', from: CLI_A, to: 'http://nosuch:8080' },
  { about: 'ExternalName', from: CLI_A, to: 'http://elsewhere:8080' },
  { about: 'an application that fails', from: CLI_A, to: 'http://store:8080/status/500' },
  { about: 'a port that nobody listens on', from: CLI_A, to: 'http://shut:8080' },
  { about: 'no endpoints', from: CLI_A, to: 'http://gone:8080' },
  { about: 'no endpoints, TCP', from: CLI_A, to: 'tcp://gone:9000' },
  { about: 'a port that the Service lacks', from: CLI_A, to: 'http://details:9999' },
  // No sidecar to sidecar
  { about: 'plain text, PERMISSIVE', from: PLAIN, to: 'http://details.bookinfo:9080/details/0' },
  { about: 'plain text, TCP', from: PLAIN, to: 'http://store.bookinfo:8082' },
  {
    about: 'plain text, TCP, the server speaks first',
    from: PLAIN,
    to: 'tcp://store.bookinfo:9000',
    unknown: FIRST_BYTES,
  },
  { about: 'plain text, STRICT', from: PLAIN, to: 'http://vault.bookinfo:8080' },
  { about: 'plain text, STRICT, TCP', from: PLAIN, to: 'http://vault.bookinfo:8082' },
  { about: 'plain text, mutual TLS switched off', from: PLAIN, to: 'http://open.bookinfo:8080' },
  { about: 'plain text to a port that is excluded', from: PLAIN, to: 'http://open.bookinfo:8081' },
  { about: 'plain text by pod address', from: PLAIN, to: 'http://{details-v1}:9080' },
  { about: 'plain text over IPv6', from: PLAIN, to: 'http://{store/6}:8080' },
  { about: 'plain text, nobody listens', from: PLAIN, to: 'http://shut.bookinfo:8080' },
  { about: 'plain text, no endpoints', from: PLAIN, to: 'http://gone.bookinfo:8080' },
  { about: 'a pod that refused its sidecar', from: { pod: 'opted-out' }, to: 'http://details:9080/details/0' },
  { about: 'a pod on its node’s network', from: { pod: 'on-host' }, to: 'http://10.96.20.1:8080' },
  { about: 'outbound port excluded', from: { pod: 'bypass' }, to: 'http://store:8080' },
  { about: 'outbound port excluded, STRICT', from: { pod: 'bypass' }, to: 'http://vault:8080' },
  { about: 'from a node', from: NODE1, to: 'http://10.96.20.1:8080' },
  { about: 'from a node, TCP', from: NODE2, to: 'http://10.96.20.1:8082' },
  { about: 'from a node, STRICT', from: NODE2, to: 'http://10.96.20.4:8080' },
  // Sidecar to no sidecar
  { about: 'to a pod without a sidecar', from: CLI_A, to: 'http://raw.plain:8080' },
  { about: 'to a pod without a sidecar, TCP', from: CLI_B, to: 'tcp://raw.plain:9000' },
  { about: 'to an address of no Service', from: CLI_A, to: 'http://{opted-out}:8080' },
  // TLS of client and server
  { about: 'mutual TLS, STRICT', from: CLI_A, to: 'http://vault:8080' },
  { about: 'mutual TLS, STRICT, TCP', from: CLI_A, to: 'tcp://vault:9000' },
  { about: 'DestinationRule DISABLE, STRICT', from: CLI_A, to: 'http://vault-plaintext:8080' },
  { about: 'mutual TLS switched off', from: CLI_A, to: 'http://open:8080' },
  { about: 'excluded inbound port', from: CLI_A, to: 'http://open:8081' },
  { about: 'DestinationRule ISTIO_MUTUAL, switched off', from: CLI_A, to: 'http://open-mutual:8080' },
  { about: 'DestinationRule SIMPLE to plain text', from: CLI_A, to: 'http://tls-to-http:8080' },
  // VirtualServices and DestinationRules
  { about: 'weights', from: CLI_A, to: 'http://weighted:8080' },
  { about: 'header matches', from: CLI_A, to: 'http://matched:8080', headers: { 'end-user': 'jason' } },
  { about: 'method matches', from: CLI_A, to: 'http://matched:8080', method: 'PUT' },
  { about: 'query matches', from: CLI_A, to: 'http://matched:8080/x?a=1&beta=yes' },
  { about: 'regular expression matches', from: CLI_A, to: 'http://matched:8080/r12/x' },
  { about: 'without a header', from: CLI_A, to: 'http://matched:8080/plain' },
  { about: 'with that header', from: CLI_A, to: 'http://matched:8080/plain', headers: { 'x-trace': '1' } },
  { about: 'nothing matches', from: CLI_A, to: 'http://matched:8080/else' },
  { about: 'redirect', from: CLI_A, to: 'http://moved:8080' },
  { about: 'rewrite', from: CLI_A, to: 'http://rewritten:8080/old/x' },
  { about: 'injected fault', from: CLI_A, to: 'http://faulty:8080' },
  { about: 'injected fault, for half of them', from: CLI_A, to: 'http://half-faulty:8080', varies: true },
  { about: 'injected delay', from: CLI_A, to: 'http://late:8080' },
  { about: 'direct response', from: CLI_A, to: 'http://direct:8080' },
  { about: 'no route', from: CLI_A, to: 'http://narrow:8080/other' },
  { about: 'one route', from: CLI_A, to: 'http://narrow:8080/only' },
  { about: 'no route, from no sidecar', from: PLAIN, to: 'http://narrow.bookinfo:8080/other' },
  { about: 'a subset without pods', from: CLI_A, to: 'http://empty-subset:8080' },
  { about: 'a subset that no rule defines', from: CLI_A, to: 'http://no-subset:8080' },
  { about: 'consistent hash', from: CLI_A, to: 'http://affine:8080', headers: { 'x-user': 'a' }, keepsBackend: true },
  { about: 'another Service answers', from: CLI_A, to: 'http://sent-away:8080' },
  { about: 'another Service answers, TCP', from: CLI_A, to: 'tcp://tcp-sent-away:9000' },
  { about: 'a mirrored request', from: CLI_A, to: 'http://mirrored:8080' },
  // AuthorizationPolicies
  { about: 'allowed by identity, method and path', from: PRODUCTPAGE, to: 'http://guarded:8080/open/1' },
  { about: 'another method', from: PRODUCTPAGE, to: 'http://guarded:8080/open/1', method: 'POST' },
  { about: 'another path', from: PRODUCTPAGE, to: 'http://guarded:8080/closed' },
  { about: 'a path that is denied', from: PRODUCTPAGE, to: 'http://guarded:8080/open/secret' },
  { about: 'another identity', from: CLI_A, to: 'http://guarded:8080/open/1' },
  { about: 'a header', from: CLI_A, to: 'http://guarded:8080/everybody', headers: { 'x-token': 'yes' } },
  { about: 'no identity', from: PLAIN, to: 'http://guarded.bookinfo:8080/open/1' },
  {
    about: 'no identity is asked for',
    from: PLAIN,
    to: 'http://guarded.bookinfo:8080/everybody',
    headers: { 'x-token': 'yes' },
  },
  { about: 'allowed by identity, TCP', from: PRODUCTPAGE, to: 'http://guarded:8082' },
  { about: 'another identity, TCP', from: CLI_A, to: 'http://guarded:8082' },
  // ServiceEntries
  { about: 'ServiceEntry by its address', from: CLI_A, to: 'http://240.240.1.1:8080' },
  { about: 'ServiceEntry, TCP', from: CLI_A, to: 'tcp://240.240.1.2:9000' },
  { about: 'ServiceEntry to the outside', from: CLI_A, to: 'http://240.240.1.3:8090', leaves: true },
  {
    about: 'a name outside of the cluster',
    from: CLI_A,
    to: 'http://db.example.test:8090',
    unknown: /db\.example\.test is not a name of this cluster/,
  },
  // A Sidecar resource
  { about: 'egress allowed', from: LIMITED, to: 'http://store.bookinfo:8080' },
  { about: 'egress allowed, TCP', from: LIMITED, to: 'tcp://store.bookinfo:9000' },
  { about: 'egress not listed', from: LIMITED, to: 'http://details.bookinfo:9080/details/0' },
  { about: 'egress not listed, same port', from: LIMITED, to: 'http://vault.bookinfo:8080' },
  { about: 'egress not listed, TCP', from: LIMITED, to: 'tcp://10.96.20.4:9000' },
  // The gateway
  atGateway('gateway', 'bookinfo.example.test', '/productpage'),
  atGateway('gateway, prefix', 'bookinfo.example.test', '/api/v1/products/0'),
  atGateway('gateway, no route', 'bookinfo.example.test', '/other'),
  atGateway('gateway, no such host', 'nobody.example.test', '/productpage'),
  atGateway('gateway, rewrite, at the other node', 'shop.example.test', '/store/x', { node: 'node1' }),
  atGateway('gateway, subset by header', 'shop.example.test', '/reviews/1', { headers: { 'end-user': 'jason' } }),
  atGateway('gateway, all subsets', 'shop.example.test', '/reviews/1'),
  atGateway('gateway to STRICT', 'shop.example.test', '/vault'),
  atGateway('gateway, denied', 'shop.example.test', '/guarded'),
  atGateway('gateway to no sidecar', 'shop.example.test', '/plain'),
  atGateway('gateway, no endpoints', 'shop.example.test', '/gone'),
  atGateway('gateway, no such Service', 'shop.example.test', '/nowhere'),
  atGateway('gateway, redirect to https', 'secure.example.test', '/store'),
  atGateway('gateway, wildcard host', 'a.wild.example.test', '/'),
  atGateway('gateway, a host without routes', 'idle.example.test', '/'),
  { about: 'gateway, a port without listener', from: 'outside', to: `${GATEWAY}:443`, node: 'node1' },
  {
    about: 'gateway from a sidecar',
    from: CLI_B,
    to: 'http://istio-ingressgateway.istio-system/productpage',
    headers: { host: 'bookinfo.example.test' },
  },
];
