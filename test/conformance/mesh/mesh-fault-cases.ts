import { INGRESS } from '../../lab/istio/install.ts';
import { KEYLESS_ISSUER } from '../../lab/topology/mesh-faults.ts';
import { signedToken } from '../../lab/topology/signed-tokens.ts';
import { unsignedToken } from '../../tokens.ts';
import type { Probe } from '../../lab/probe/probe.ts';
import type { RequestQuestion } from '../../agreement/request-question.ts';

/** A request that fails, and what the answer must find. */
export interface FaultCase extends RequestQuestion {
  /** The finding's code. */
  readonly code: string;
  /** What it says: the object and the field. */
  readonly says: RegExp;
  /** Pod whose proxy answers or closes, and writes it down so that it can be told from others; `gateway`: the ingress gateway's. */
  readonly at: string | null;
  /** What is sent before it is asked. */
  readonly before?: Pick<Probe, 'to'>;
}

const CLI = { pod: 'cli-a' };
const PLAIN = { pod: 'plain', namespace: 'plain' };
const LIMITED = { pod: 'cli', namespace: 'limited' };
const PATCHED = { pod: 'patched' };
const AT_CLIENT = 'bookinfo/cli-a';
const GATEWAY = `http://${INGRESS.v4}`;

/** A token that is well-formed, and signed by nobody. */
const KEYLESS = unsignedToken({ iss: KEYLESS_ISSUER }, { kid: 'k' });

function atGateway(about: string, host: string, code: string, says: RegExp): FaultCase {
  return { about, from: 'outside', to: `${GATEWAY}/`, node: 'node1', headers: { host }, code, says, at: 'gateway' };
}

function atGatewayTls(about: string, host: string, code: string, says: RegExp): FaultCase {
  const question = { from: 'outside', to: `https://${host}/`, address: INGRESS.v4, node: 'node1' } as const;
  return { about, ...question, headers: { host }, code, says, at: null };
}

/** Causes that are brought about in the lab. */
export const FAULT_CASES: readonly FaultCase[] = [
  // Routes
  {
    about: 'VirtualService to a subset that no DestinationRule defines',
    from: CLI,
    to: 'http://no-subset:8080',
    code: 'KR402',
    says: /VirtualService bookinfo\/no-subset.+subset/,
    at: AT_CLIENT,
  },
  {
    about: 'a subset that no pod has',
    from: CLI,
    to: 'http://empty-subset:8080',
    code: 'KR401',
    says: /subset v9 labels of DestinationRule bookinfo\/empty-subset/,
    at: AT_CLIENT,
  },
  {
    about: 'VirtualService to a host without Service',
    from: CLI,
    to: 'http://no-host:8080',
    code: 'KR402',
    says: /VirtualService bookinfo\/no-host.+host/,
    at: AT_CLIENT,
  },
  {
    about: 'VirtualService to a port that the Service lacks',
    from: CLI,
    to: 'http://no-port:8080',
    code: 'KR402',
    says: /VirtualService bookinfo\/no-port.+port/,
    at: AT_CLIENT,
  },
  {
    about: 'a short host means the namespace of the VirtualService',
    from: CLI,
    to: 'http://short-host:8080',
    code: 'KR402',
    says: /VirtualService plain\/short-host.+host/,
    at: AT_CLIENT,
  },
  {
    about: 'no route for the path',
    from: CLI,
    to: 'http://narrow:8080/other',
    code: 'KR403',
    says: /spec\.http\[\]\.match of VirtualService bookinfo\/narrow/,
    at: AT_CLIENT,
  },
  {
    about: 'an injected abort',
    from: CLI,
    to: 'http://faulty:8080',
    code: 'KR404',
    says: /spec\.http\[\]\.fault from VirtualService bookinfo\/faulty/,
    at: AT_CLIENT,
  },
  {
    about: 'an injected delay and abort',
    from: CLI,
    to: 'http://late:8080',
    code: 'KR404',
    says: /spec\.http\[\]\.fault from VirtualService bookinfo\/late/,
    at: AT_CLIENT,
  },
  {
    about: 'a path that only the second VirtualService of a host has',
    from: CLI,
    to: 'http://twice:8080/other',
    code: 'KR403',
    says: /VirtualService bookinfo\/twice/,
    at: AT_CLIENT,
  },
  {
    about: 'a host that a VirtualService rewrites to one that the gateway does not have',
    from: CLI,
    to: 'http://renamed:8080',
    code: 'KR403',
    says: /nobody\.example\.test/,
    at: 'gateway',
  },
  // Endpoints
  {
    about: 'a selector that no pod has',
    from: CLI,
    to: 'http://gone:8080',
    code: 'KR101',
    says: /Service bookinfo\/gone.+selector/,
    at: AT_CLIENT,
  },
  {
    about: 'a port on which the application does not listen',
    from: CLI,
    to: 'http://shut:8080',
    code: 'KR105',
    says: /pod bookinfo\/store.+8099.+targetPort/,
    at: 'bookinfo/store',
  },
  {
    about: 'an application that listens on loopback alone',
    from: CLI,
    to: 'http://loopback:8080',
    code: 'KR105',
    says: /pod bookinfo\/loopback.+127\.0\.0\.1:8080/,
    at: 'bookinfo/loopback',
  },
  {
    about: 'an endpoint that outlier detection ejected',
    from: CLI,
    to: 'http://ejected:8080',
    before: { to: 'http://ejected:8080/status/500' },
    code: 'KR401',
    says: /ejected.+DestinationRule bookinfo\/ejected.+outlierDetection/,
    at: AT_CLIENT,
  },
  // TLS of both sides
  {
    about: 'all shares of a distribution over localities go where no endpoint is',
    from: CLI,
    to: 'http://far:8080',
    code: 'KR401',
    says: /localityLbSetting of DestinationRule bookinfo\/far/,
    at: AT_CLIENT,
  },
  {
    about: 'STRICT, from a pod without sidecar',
    from: PLAIN,
    to: 'http://vault.bookinfo:8080',
    code: 'KR410',
    says: /PeerAuthentication bookinfo\/vault.+spec\.mtls\.mode/,
    at: 'bookinfo/vault',
  },
  {
    about: 'STRICT at a port alone, from a pod without sidecar',
    from: PLAIN,
    to: 'http://ports.bookinfo:8082',
    code: 'KR410',
    says: /PeerAuthentication bookinfo\/ports.+spec\.portLevelMtls/,
    at: 'bookinfo/ports',
  },
  {
    about: 'STRICT, and DestinationRule DISABLE',
    from: CLI,
    to: 'http://vault-plaintext:8080',
    code: 'KR410',
    says: /DestinationRule bookinfo\/vault-plaintext.+tls\.mode/,
    at: AT_CLIENT,
  },
  {
    about: 'STRICT, from a sidecar that the port goes past',
    from: { pod: 'bypass' },
    to: 'http://vault:8080',
    code: 'KR410',
    says: /pod bookinfo\/bypass.+traffic\.sidecar\.istio\.io\/excludeOutboundPorts/,
    at: 'bookinfo/vault',
  },
  {
    about: 'mutual TLS to a port where it is switched off',
    from: CLI,
    to: 'http://open-mutual:8080',
    code: 'KR411',
    says: /DestinationRule bookinfo\/open-mutual.+tls\.mode/,
    at: AT_CLIENT,
  },
  {
    about: 'mutual TLS to a pod without sidecar',
    from: CLI,
    to: 'http://raw.plain:8080',
    code: 'KR411',
    says: /DestinationRule bookinfo\/raw.+tls\.mode/,
    at: AT_CLIENT,
  },
  {
    about: 'TLS to a port that speaks plain text',
    from: CLI,
    to: 'http://tls-to-http:8080',
    code: 'KR411',
    says: /DestinationRule bookinfo\/tls-to-http.+tls\.mode/,
    at: AT_CLIENT,
  },
  {
    about: 'a certificate of another name than the DestinationRule asks for',
    from: CLI,
    to: 'http://other-name:8080',
    code: 'KR412',
    says: /DestinationRule bookinfo\/other-name.+subjectAltNames/,
    at: AT_CLIENT,
  },
  // Access control
  {
    about: 'AuthorizationPolicy DENY',
    from: { pod: 'productpage-v1' },
    to: 'http://guarded:8080/secret',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/no-secrets.+spec\.rules/,
    at: 'bookinfo/guarded',
  },
  {
    about: 'no AuthorizationPolicy allows it',
    from: CLI,
    to: 'http://guarded:8080/',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/guarded.+spec\.rules/,
    at: 'bookinfo/guarded',
  },
  {
    about: 'an AuthorizationPolicy with rules for HTTP, at a port of TCP, denies everything',
    from: { pod: 'productpage-v1' },
    to: 'http://guarded:8082/',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/no-secrets.+spec\.rules/,
    at: 'bookinfo/productpage-v1',
  },
  {
    about: 'an AuthorizationPolicy that allows nothing',
    from: CLI,
    to: 'http://locked:8080/',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/locked.+spec\.rules/,
    at: 'bookinfo/locked',
  },
  {
    about: 'no token',
    from: CLI,
    to: 'http://tokens:8080/',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/tokens.+spec\.rules/,
    at: 'bookinfo/tokens',
  },
  {
    about: 'something that is no token',
    from: CLI,
    to: 'http://tokens:8080/',
    headers: { authorization: 'Bearer nonsense' },
    code: 'KR405',
    says: /RequestAuthentication bookinfo\/tokens.+spec\.jwtRules/,
    at: 'bookinfo/tokens',
  },
  {
    about: 'a token of somebody else',
    from: CLI,
    to: 'http://tokens:8080/',
    headers: { authorization: `Bearer ${signedToken({ sub: 'bob' })}` },
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/tokens.+spec\.rules/,
    at: 'bookinfo/tokens',
  },
  {
    about: 'a token that somebody else has signed',
    from: CLI,
    to: 'http://tokens:8080/',
    headers: { authorization: `Bearer ${signedToken({ sub: 'alice' }).slice(0, -8)}AAAAAAAA` },
    code: 'KR405',
    says: /RequestAuthentication bookinfo\/tokens.+spec\.jwtRules/,
    at: 'bookinfo/tokens',
  },
  {
    about: 'a token that has run out',
    from: CLI,
    to: 'http://tokens:8080/',
    headers: { authorization: `Bearer ${signedToken({ sub: 'alice', exp: 1_700_000_000 })}` },
    code: 'KR405',
    says: /RequestAuthentication bookinfo\/tokens.+spec\.jwtRules/,
    at: 'bookinfo/tokens',
  },
  {
    about: 'a token whose keys istiod could not fetch',
    from: CLI,
    to: 'http://keyless:8080/',
    headers: { authorization: `Bearer ${KEYLESS}` },
    code: 'KR405',
    says: /RequestAuthentication bookinfo\/keyless.+could not fetch the keys.+spec\.jwtRules\[\]\.jwksUri/,
    at: 'bookinfo/keyless',
  },
  {
    about: 'an external authorization without endpoints',
    from: CLI,
    to: 'http://asking:8080/',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/asking.+no host.+spec\.provider/,
    at: 'bookinfo/asking',
  },
  {
    about: 'an external authorization that the mesh does not define',
    from: CLI,
    to: 'http://asking-nobody:8080/',
    code: 'KR405',
    says: /AuthorizationPolicy bookinfo\/asking-nobody.+extensionProviders in spec\.provider\.name/,
    at: 'bookinfo/asking-nobody',
  },
  // Hosts that the mesh does not know, or knows wrongly
  {
    about: 'ServiceEntry STATIC without endpoints',
    from: CLI,
    to: 'http://240.240.2.1:8090',
    code: 'KR401',
    says: /ServiceEntry bookinfo\/nobody-static.+spec\.endpoints/,
    at: AT_CLIENT,
  },
  {
    about: 'ServiceEntry STATIC, at whose address nobody listens',
    from: CLI,
    to: 'http://240.240.2.4:8090',
    code: 'KR105',
    says: /pod plain\/raw.+8099/,
    at: AT_CLIENT,
  },
  {
    about: 'ServiceEntry DNS with a name that nobody has',
    from: CLI,
    to: 'http://240.240.2.3:8090',
    code: 'KR401',
    says: /ServiceEntry bookinfo\/unresolved.+spec\.endpoints/,
    at: AT_CLIENT,
  },
  {
    about: 'Sidecar hides the host, REGISTRY_ONLY',
    from: LIMITED,
    to: 'http://vault.bookinfo:8080',
    code: 'KR413',
    says: /Sidecar limited\/default.+spec\.egress\[\]\.hosts/,
    at: 'limited/cli',
  },
  {
    about: 'Sidecar hides the host, REGISTRY_ONLY, TCP',
    from: LIMITED,
    to: 'tcp://10.96.20.30:9000',
    code: 'KR413',
    says: /Sidecar limited\/default.+spec\.egress\[\]\.hosts/,
    at: 'limited/cli',
  },
  {
    about: 'EnvoyFilter that the proxy rejects',
    from: PATCHED,
    to: 'http://newcomer:8077',
    code: 'KR409',
    says: /spec\.configPatches of EnvoyFilter bookinfo\/broken/,
    at: null,
  },
  // The gateway
  atGateway(
    'a host that no Gateway has',
    'nobody.example.test',
    'KR403',
    /nobody\.example\.test.+hosts of the Gateway/,
  ),
  atGateway(
    'VirtualService for a host that its Gateway lacks',
    'other.example.test',
    'KR403',
    /VirtualService bookinfo\/other-host.+Gateway bookinfo\/shop.+spec\.servers\[\]\.hosts/,
  ),
  atGateway(
    'VirtualService bound to a Gateway that is not there',
    'idle.example.test',
    'KR403',
    /VirtualService bookinfo\/wrong-gateway.+spec\.gateways.+bookinfo\/shops/,
  ),
  atGateway(
    'VirtualService of another namespace that names the Gateway without its own',
    'plain.example.test',
    'KR403',
    /VirtualService plain\/no-namespace.+spec\.gateways.+plain\/shop/,
  ),
  atGateway(
    'a Gateway whose selector no workload has',
    'unselected.example.test',
    'KR403',
    /Gateway bookinfo\/unselected.+spec\.selector/,
  ),
  atGatewayTls(
    'a Gateway whose Secret is not there',
    'unsigned.example.test',
    'KR414',
    /spec\.servers\[\]\.tls\.credentialName of Gateway bookinfo\/unsigned names Secret no-such-secret/,
  ),
  atGatewayTls(
    'a server name that no Gateway has',
    'unheard.example.test',
    'KR403',
    /server name unheard\.example\.test.+spec\.servers\[\]\.hosts/,
  ),
  {
    about: 'a Gateway at a port that its Service does not have',
    from: 'outside',
    to: `http://${INGRESS.v4}:8085/`,
    headers: { host: 'unexposed.example.test' },
    node: 'node1',
    leaves: true,
    code: 'KR104',
    says: /Service istio-system\/istio-ingressgateway.+8085.+spec\.ports/,
    at: null,
  },
];
