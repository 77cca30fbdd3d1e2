import type { IstioReference } from '../../../model/envoy.ts';
import type { Cursor } from '../../../model/json.ts';
import { field, fields } from './proto-json.ts';

/** Plural-free lower-case kinds as istiod writes them (pilot/pkg/networking/util, BuildConfigInfoMetadata) to their kinds. */
const KINDS: Readonly<Record<string, string>> = {
  'virtual-service': 'VirtualService',
  'destination-rule': 'DestinationRule',
  'envoy-filter': 'EnvoyFilter',
  'service-entry': 'ServiceEntry',
  gateway: 'Gateway',
  sidecar: 'Sidecar',
  'http-route': 'HTTPRoute',
  'grpc-route': 'GRPCRoute',
  'tcp-route': 'TCPRoute',
  'tls-route': 'TLSRoute',
};

/** A reference, and the member of the metadata that names it. */
export interface CitedReference {
  readonly reference: IstioReference;
  readonly cursor: Cursor;
}

/**
 * The Istio object behind a listener, route or cluster, from `metadata.filter_metadata.istio.config`:
 * `/apis/networking.istio.io/v1/namespaces/bookinfo/virtual-service/reviews`.
 * @param metadata the `metadata` message of the resource
 */
export function configReference(metadata: Cursor): CitedReference | undefined {
  const cursor = fields(metadata, 'filter_metadata').at('istio', 'config');
  const parts = /^\/apis\/[^/]+\/[^/]+\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(cursor.string() ?? '');
  if (parts === null) return undefined;
  const [, namespace = '', kind = '', name = ''] = parts;
  const subset = fields(metadata, 'filter_metadata').at('istio', 'subset').string();
  const part = subset === undefined ? {} : { part: `subset ${subset}` };
  return { reference: { kind: KINDS[kind] ?? kind, namespace, name, ...part }, cursor };
}

/** As istiod names a rule of a route without a name: `bookinfo.reviews.0` (pilot/pkg/config/kube/gateway, convertHTTPRoute, convertGRPCRoute). */
const RULE_NAME = /^([^.]+)\.(.+)\.(\d+)$/;

/**
 * The object behind a route: what its metadata names. istiod makes VirtualServices of Gateway API's routes, several of one host into one,
 * by names that no object of Kubernetes can have (`bookinfo~9080~reviews.bookinfo.svc.cluster.local`); the rule stands in the route's name.
 */
export function routeReference(route: Cursor): CitedReference | undefined {
  const made = configReference(field(route, 'metadata'));
  if (made?.reference.name.includes('~') !== true) return made;
  const cursor = field(route, 'name');
  const [, namespace, name, rule] = RULE_NAME.exec(cursor.string() ?? '') ?? [];
  // A rule with a name of its own does not tell whose it is.
  if (namespace !== made.reference.namespace || name === undefined || rule === undefined) return undefined;
  return { reference: { kind: 'HTTPRoute or GRPCRoute', namespace, name, part: `rule ${rule}` }, cursor };
}

/** Services that a cluster stands for: `metadata.filter_metadata.istio.services[].{namespace,name}`. */
export function serviceReferences(metadata: Cursor): CitedReference[] {
  const external = fields(metadata, 'filter_metadata').at('istio', 'external').boolean() === true;
  return fields(metadata, 'filter_metadata')
    .at('istio', 'services')
    .items()
    .flatMap((cursor) => {
      const namespace = field(cursor, 'namespace').string();
      const name = field(cursor, 'name').string();
      if (namespace === undefined || name === undefined) return [];
      return [{ reference: { kind: external ? 'ServiceEntry' : 'Service', namespace, name }, cursor }];
    });
}

/** `ns[bookinfo]-policy[no-delete]-rule[0]`; of action CUSTOM with its provider before it. */
const POLICY_NAME =
  /^(?:istio-ext-authz-(?:[^[\]]*-)?)?ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\](?:-deny-due-to-bad-CUSTOM-action)?$/;

/**
 * The AuthorizationPolicy behind an RBAC policy, from the name that istiod gives it (pilot/pkg/security/authz/builder, policyName). One whose
 * action is CUSTOM and whose provider istiod does not find denies everything, and says so in its name.
 */
export function policyReference(name: string): IstioReference | undefined {
  const parts = POLICY_NAME.exec(name);
  if (parts === null) return undefined;
  const [, namespace = '', policy = '', rule = ''] = parts;
  return { kind: 'AuthorizationPolicy', namespace, name: policy, part: `rule ${rule}` };
}
