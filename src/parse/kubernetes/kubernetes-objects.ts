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
import { byNamespaceAndName, groupOf, holdsObjects, parseDocument, type Document } from './object-list.ts';
import { parsePods } from './pods.ts';
import { parseServiceCIDRs } from './service-cidrs.ts';
import { parseServices } from './services.ts';
import { parseWorkloads } from './workloads.ts';
import { compareText } from '../../model/order.ts';
import type { Selection } from '../../model/selection.ts';

const WORKLOADS = ['deployments', 'replicasets', 'statefulsets', 'daemonsets'];

/** Lists of one plural, or who reads them: then they are read when somebody first asks for the kind. */
export type Lists = readonly Artefact[] | (() => readonly Artefact[]);

type Parse<T> = (artefact: Artefact, document: Document) => Parsed<readonly T[]>;

/**
 * The objects of one cluster.
 *
 * @param artefacts Lists by the plural of their kind (`services`, `virtualservices` …). Several Lists of one plural may be given
 *   (API versions, loose files): an object that stands in more than one counts once, in its most stable API version.
 * @returns the objects, read on first use; and the gaps of what was read so far, in a stable order
 */
export function kubernetesObjects(artefacts: ReadonlyMap<string, Lists>): {
  readonly objects: KubernetesObjects;
  readonly gaps: () => readonly Gap[];
} {
  const lists = openLists(artefacts);
  const kind = <T extends ObjectFact>(plurals: readonly string[], parse: Parse<T>): (() => readonly T[]) =>
    lazy(() => once(plurals.flatMap((plural) => lists.read(plural, parse))));
  const services = kind(['services'], parseServices);
  const endpointSlices = kind(['endpointslices'], parseEndpointSlices);
  const endpoints = kind(['endpoints'], parseEndpoints);
  const pods = kind(['pods'], parsePods);
  const nodes = kind(['nodes'], parseNodes);
  const namespaces = kind(['namespaces'], parseNamespaces);
  const configMaps = kind(['configmaps'], parseConfigMaps);
  const networkPolicies = kind(['networkpolicies'], parseNetworkPolicies);
  const workloads = kind(WORKLOADS, parseWorkloads);
  const webhooks = kind(['mutatingwebhookconfigurations'], parseMutatingWebhookConfigurations);
  const serviceCIDRs = lazy(() => {
    const ranges = lists.read('servicecidrs', parseServiceCIDRs);
    return [...new Map(ranges.map((one) => [one.cidr, one])).values()];
  });
  const istio = new Map(
    Object.entries(ISTIO_KINDS).map(([plural, type]): [string, () => readonly ObjectFact[]] => [
      type.kinds[0] ?? plural,
      kind([plural], (artefact, document) => parseGenericObjects(artefact, type, document)),
    ]),
  );
  const objects: KubernetesObjects = {
    get services() {
      return services();
    },
    get endpointSlices() {
      return endpointSlices();
    },
    get endpoints() {
      return endpoints();
    },
    get pods() {
      return pods();
    },
    get nodes() {
      return nodes();
    },
    get namespaces() {
      return namespaces();
    },
    get configMaps() {
      return configMaps();
    },
    get networkPolicies() {
      return networkPolicies();
    },
    get workloads() {
      return workloads();
    },
    get mutatingWebhookConfigurations() {
      return webhooks();
    },
    get serviceCIDRs() {
      return serviceCIDRs();
    },
    istio: (name) => istio.get(name)?.() ?? [],
    captured: lists.captured,
    holds: lists.holds,
  };
  return { objects, gaps: lists.gaps };
}

/** The Lists of a cluster as documents, each parsed once, with the gaps of what was read. */
function openLists(artefacts: ReadonlyMap<string, Lists>) {
  const documents = new Map<Artefact, Document>();
  const gaps = new Map<string, readonly Gap[]>();
  const captured = new Map<string, boolean>();
  const open = (plural: string): { readonly artefact: Artefact; readonly document: Document }[] =>
    artefactsOf(artefacts.get(plural) ?? [])
      .toSorted((a, b) => compareText(a.name, b.name))
      .map((artefact) => {
        const document = documents.get(artefact) ?? parseDocument(artefact);
        documents.set(artefact, document);
        return { artefact, document };
      });
  return {
    read: <T>(plural: string, parse: Parse<T>): T[] =>
      open(plural).flatMap(({ artefact, document }) => {
        const parsed = parse(artefact, document);
        gaps.set(`${plural} ${artefact.name}`, parsed.gaps);
        return parsed.value;
      }),
    captured: (plural: string): boolean => {
      const known =
        captured.get(plural) ??
        open(plural).some(({ artefact, document }) => artefact.part === undefined && holdsObjects(document));
      captured.set(plural, known);
      return known;
    },
    holds: (plural: string, selection: Selection): boolean =>
      open(plural).some(
        ({ artefact: { part }, document }) => (part === undefined || part.holds(selection)) && holdsObjects(document),
      ),
    // a List of many kinds that cannot be read is one gap, however many kinds were asked for
    gaps: (): readonly Gap[] => [
      ...new Set([...gaps.keys()].toSorted(compareText).flatMap((key) => gaps.get(key) ?? [])),
    ],
  };
}

function artefactsOf(lists: Lists): readonly Artefact[] {
  return typeof lists === 'function' ? lists() : lists;
}

/** Each object once, in its most stable version; of equal versions the one of the first artefact. */
function once<T extends ObjectFact>(facts: readonly T[]): readonly T[] {
  const kept = new Map<string, T>();
  for (const fact of facts) {
    const key = `${groupOf(fact.apiVersion)}/${fact.kind}/${fact.namespace}/${fact.name}`;
    const before = kept.get(key);
    if (before === undefined || compareVersions(fact.apiVersion, before.apiVersion) > 0) kept.set(key, fact);
  }
  return [...kept.values()].toSorted(byNamespaceAndName);
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
