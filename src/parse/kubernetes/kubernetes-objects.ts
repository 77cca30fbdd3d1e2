/**
 * In: the Lists that were captured of one cluster, by plural. Out: its objects as typed facts, and what could not be read.
 * A List is parsed when somebody first asks for its kind. Must not do I/O, decide what an object means, or throw.
 */
import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import type { KubernetesObjects, ObjectFact } from '../../model/kubernetes.ts';
import { compareVersions } from './api-version.ts';
import { parseConfigMaps } from './config-maps.ts';
import { parseEndpointSlices } from './endpoint-slices.ts';
import { parseEndpoints } from './endpoints.ts';
import {
  ISTIO_KINDS,
  parseGenericObjects,
  parseMutatingWebhookConfigurations,
  parseNamespaces,
} from './generic-objects.ts';
import { parseNetworkPolicies } from './network-policies.ts';
import { parseNodes } from './nodes.ts';
import { byNamespaceAndName, groupOf, parseDocument, type Document } from './object-list.ts';
import { parsePods } from './pods.ts';
import { parseServiceCIDRs } from './service-cidrs.ts';
import { parseServices } from './services.ts';
import { parseWorkloads } from './workloads.ts';

const WORKLOADS = ['deployments', 'replicasets', 'statefulsets', 'daemonsets'];

type Parse<T> = (artefact: Artefact, document: Document) => Parsed<readonly T[]>;

/**
 * The objects of one cluster.
 *
 * @param artefacts Lists by the plural of their kind (`services`, `virtualservices` …). Several Lists of one plural may be given
 *   (API versions, loose files): an object that stands in more than one counts once, in its most stable API version.
 * @returns the objects, read on first use; and the gaps of what was read so far, in a stable order
 */
export function kubernetesObjects(artefacts: ReadonlyMap<string, readonly Artefact[]>): {
  readonly objects: KubernetesObjects;
  gaps(): readonly Gap[];
} {
  const documents = new Map<Artefact, Document>();
  const gaps = new Map<string, readonly Gap[]>();

  const listsOf = (plural: string): { artefact: Artefact; document: Document }[] =>
    [...(artefacts.get(plural) ?? [])]
      .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
      .map((artefact) => {
        const document = documents.get(artefact) ?? parseDocument(artefact);
        documents.set(artefact, document);
        return { artefact, document };
      });

  const read = <T>(plural: string, parse: Parse<T>): T[] =>
    listsOf(plural).flatMap(({ artefact, document }) => {
      const parsed = parse(artefact, document);
      gaps.set(`${plural} ${artefact.name}`, parsed.gaps);
      return parsed.value;
    });

  const objectsOf = <T extends ObjectFact>(plurals: readonly string[], parse: Parse<T>): readonly T[] =>
    once(plurals.flatMap((plural) => read(plural, parse)));

  const istio = (): ReadonlyMap<string, readonly ObjectFact[]> =>
    new Map(
      Object.entries(ISTIO_KINDS).flatMap(([plural, type]) => {
        if (!artefacts.has(plural)) return [];
        const facts = objectsOf([plural], (artefact, document) => parseGenericObjects(artefact, type, document));
        return [[type.kinds[0] ?? plural, facts] as const];
      }),
    );

  const objects = lazyMembers<KubernetesObjects>({
    services: () => objectsOf(['services'], parseServices),
    endpointSlices: () => objectsOf(['endpointslices'], parseEndpointSlices),
    endpoints: () => objectsOf(['endpoints'], parseEndpoints),
    pods: () => objectsOf(['pods'], parsePods),
    nodes: () => objectsOf(['nodes'], parseNodes),
    namespaces: () => objectsOf(['namespaces'], parseNamespaces),
    configMaps: () => objectsOf(['configmaps'], parseConfigMaps),
    networkPolicies: () => objectsOf(['networkpolicies'], parseNetworkPolicies),
    workloads: () => objectsOf(WORKLOADS, parseWorkloads),
    mutatingWebhookConfigurations: () =>
      objectsOf(['mutatingwebhookconfigurations'], parseMutatingWebhookConfigurations),
    serviceCIDRs: () => [...new Map(read('servicecidrs', parseServiceCIDRs).map((one) => [one.cidr, one])).values()],
    istio,
    captured: () => (plural: string) => listsOf(plural).some(({ document }) => document.root !== undefined),
  });
  const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
  return { objects, gaps: () => [...gaps.keys()].sort(order).flatMap((key) => gaps.get(key) ?? []) };
}

/** Each object once, in its most stable version; of equal versions the one of the first artefact. */
function once<T extends ObjectFact>(facts: readonly T[]): readonly T[] {
  const kept = new Map<string, T>();
  for (const fact of facts) {
    const key = `${groupOf(fact.apiVersion)}/${fact.kind}/${fact.namespace}/${fact.name}`;
    const before = kept.get(key);
    if (before === undefined || compareVersions(fact.apiVersion, before.apiVersion) > 0) kept.set(key, fact);
  }
  return [...kept.values()].sort(byNamespaceAndName);
}

/** An object whose members are made on first use. */
function lazyMembers<T extends object>(makers: { readonly [K in keyof T]: () => T[K] }): T {
  const target = {} as T;
  for (const key of Object.keys(makers) as (keyof T)[]) {
    let made: { readonly value: T[keyof T] } | undefined;
    Object.defineProperty(target, key, { enumerable: true, get: () => (made ??= { value: makers[key]() }).value });
  }
  return target;
}
