import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { ObjectFact } from '../../model/kubernetes.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const NAMESPACE: ObjectType = { kinds: ['Namespace'], group: '' };
const MUTATING_WEBHOOK: ObjectType = {
  kinds: ['MutatingWebhookConfiguration'],
  group: 'admissionregistration.k8s.io',
};

/** Istio's kinds that say something about traffic, by the plural that the API server lists them under. */
export const ISTIO_KINDS: Readonly<Record<string, ObjectType>> = {
  virtualservices: { kinds: ['VirtualService'], group: 'networking.istio.io' },
  destinationrules: { kinds: ['DestinationRule'], group: 'networking.istio.io' },
  gateways: { kinds: ['Gateway'], group: 'networking.istio.io' },
  serviceentries: { kinds: ['ServiceEntry'], group: 'networking.istio.io' },
  workloadentries: { kinds: ['WorkloadEntry'], group: 'networking.istio.io' },
  workloadgroups: { kinds: ['WorkloadGroup'], group: 'networking.istio.io' },
  sidecars: { kinds: ['Sidecar'], group: 'networking.istio.io' },
  envoyfilters: { kinds: ['EnvoyFilter'], group: 'networking.istio.io' },
  proxyconfigs: { kinds: ['ProxyConfig'], group: 'networking.istio.io' },
  authorizationpolicies: { kinds: ['AuthorizationPolicy'], group: 'security.istio.io' },
  peerauthentications: { kinds: ['PeerAuthentication'], group: 'security.istio.io' },
  requestauthentications: { kinds: ['RequestAuthentication'], group: 'security.istio.io' },
  telemetries: { kinds: ['Telemetry'], group: 'telemetry.istio.io' },
  wasmplugins: { kinds: ['WasmPlugin'], group: 'extensions.istio.io' },
};

/** Reads objects of any type: metadata, and a cursor for the rest. */
export function parseGenericObjects(
  artefact: Artefact,
  type: ObjectType,
  document: Document = parseDocument(artefact),
): Parsed<readonly ObjectFact[]> {
  return readObjects(document, type, (_item, base) => base);
}

/** Reads core/v1 Namespaces. */
export function parseNamespaces(artefact: Artefact, document?: Document): Parsed<readonly ObjectFact[]> {
  return parseGenericObjects(artefact, NAMESPACE, document);
}

/** Reads admissionregistration.k8s.io MutatingWebhookConfigurations. */
export function parseMutatingWebhookConfigurations(
  artefact: Artefact,
  document?: Document,
): Parsed<readonly ObjectFact[]> {
  return parseGenericObjects(artefact, MUTATING_WEBHOOK, document);
}
