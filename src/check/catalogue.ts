import type { Severity } from '../model/explanation.ts';

/** What every code means. A code is never reused; a retired one stays here with `retired: true`. Each has a page under docs/codes. */
export interface CatalogueEntry {
  readonly severity: Severity;
  /** The cause in a few words, as the page's title. */
  readonly title: string;
}

export const CATALOGUE = {
  KR101: { severity: 'error', title: "The Service's selector matches no pod" },
  KR102: { severity: 'error', title: 'No endpoint of the Service is ready' },
  KR103: { severity: 'error', title: 'The named target port exists on no pod' },
  KR104: { severity: 'error', title: 'The Service has no such port' },
  KR105: { severity: 'error', title: 'Nothing listens on the target port' },
  KR106: { severity: 'warning', title: 'Only terminating endpoints answer' },
  KR107: { severity: 'error', title: 'No EndpointSlice port has the name of the Service port' },
  KR108: { severity: 'error', title: 'The name does not resolve' },
  KR109: { severity: 'error', title: 'A headless Service is asked at its port, but pods listen on the target port' },
  KR110: { severity: 'error', title: 'The client has no such Service environment variable' },
  KR111: { severity: 'error', title: 'The Service has no address or endpoint of this family' },
  KR112: { severity: 'warning', title: 'Some pods lack the named target port' },
  KR113: { severity: 'warning', title: 'Endpoints that are not ready get connections' },
  KR114: { severity: 'warning', title: "A slice has an endpoint that is none of the selector's pods" },
  KR115: { severity: 'warning', title: 'A slice names a pod that was replaced' },
  KR116: { severity: 'warning', title: 'A ready pod is in no slice' },
  KR117: { severity: 'warning', title: 'The client says the name of an ExternalName Service' },
  KR118: { severity: 'error', title: 'externalName is an address' },
  KR119: { severity: 'warning', title: 'The range of Services overlaps with pods or nodes' },
  KR120: { severity: 'error', title: 'Two pods have the same address' },
  KR201: { severity: 'error', title: 'A node does not have the Service in its rules' },
  KR202: { severity: 'error', title: "A node's rules send to an endpoint that the EndpointSlices do not have" },
  KR203: { severity: 'warning', title: "A node's rules lack an endpoint that the EndpointSlices have" },
  KR204: { severity: 'warning', title: "A node's rules differ from what the API objects ask" },
  KR205: { severity: 'warning', title: 'Rules in both the nf_tables and the legacy back end' },
  KR206: { severity: 'error', title: 'Traffic policy Local without a local endpoint' },
  KR207: { severity: 'error', title: 'The load balancer source ranges leave the client out' },
  KR208: { severity: 'error', title: 'The answer does not find its way back' },
  KR209: { severity: 'error', title: 'The node does not forward packets' },
  KR210: { severity: 'info', title: 'Session affinity keeps a client on one endpoint' },
  KR211: { severity: 'warning', title: 'A tracked connection leads to an endpoint that is gone' },
  KR212: { severity: 'error', title: 'kube-proxy does not run on the node' },
  KR213: { severity: 'warning', title: 'Rules of another mode of kube-proxy are left' },
  KR214: { severity: 'warning', title: 'kube-proxy works in another mode than configured' },
  KR215: { severity: 'warning', title: "kube-proxy takes the node's pods for strangers" },
  KR216: { severity: 'error', title: 'The node port does not answer at this address' },
  KR217: { severity: 'warning', title: 'A process of the node listens on a node port' },
  KR218: { severity: 'error', title: 'The connection table is nearly full' },
  KR219: { severity: 'error', title: "A rule that is not kube-proxy's ends the connection" },
  KR220: { severity: 'error', title: "The node's route does not lead to the pod's node" },
  KR221: { severity: 'warning', title: 'Cilium replaces kube-proxy, and kube-proxy has rules too' },
  KR222: { severity: 'info', title: 'Topology hints are not followed' },
  KR223: { severity: 'warning', title: 'The MTU of the pod is larger than that of the way' },
  KR301: { severity: 'error', title: 'A NetworkPolicy does not allow the connection' },
  KR401: { severity: 'error', title: 'A cluster or subset has no endpoint' },
  KR402: { severity: 'error', title: 'A route leads to a cluster that does not exist' },
  KR403: { severity: 'error', title: 'No virtual host or route takes the request' },
  KR404: { severity: 'error', title: 'A fault is injected' },
  KR405: { severity: 'error', title: 'An authorization policy denies the request' },
  KR406: { severity: 'warning', title: 'The mesh does not know the host and passes the request through' },
  KR407: { severity: 'warning', title: 'The proxy could not connect to the endpoint before' },
  KR408: { severity: 'warning', title: "The proxy's endpoints differ from the EndpointSlices" },
  KR409: { severity: 'warning', title: 'The proxy rejected a part of its configuration' },
  KR501: { severity: 'warning', title: 'Replicas are answered differently' },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

export type Code = keyof typeof CATALOGUE;
