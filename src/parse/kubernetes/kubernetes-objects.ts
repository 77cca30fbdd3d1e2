/**
 * In: the Lists that were captured of one cluster, by plural. Out: its objects as typed facts, and what could not be read.
 * A List is parsed when somebody first asks for its kind. Must not do I/O, decide what an object means, or throw.
 */
import type { Gap } from '../../model/artefact.ts';
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
import { byNamespaceAndName, groupOf } from './object-list.ts';
import { openLists, type Lists, type OpenLists, type Parse } from './open-lists.ts';
import { parsePods } from './pods.ts';
import { parseServiceCIDRs } from './service-cidrs.ts';
import { parseServices } from './services.ts';
import { parseWorkloads } from './workloads.ts';

const WORKLOADS = ['deployments', 'replicasets', 'statefulsets', 'daemonsets'];

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
  const services = searched(lists, 'services', parseServices);
  const endpointSlices = searched(lists, 'endpointslices', parseEndpointSlices);
  const endpoints = kind(['endpoints'], parseEndpoints);
  const pods = searched(lists, 'pods', parsePods);
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
      return services.all();
    },
    get endpointSlices() {
      return endpointSlices.all();
    },
    get endpoints() {
      return endpoints();
    },
    get pods() {
      return pods.all();
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
    servicesHaving: services.having,
    endpointSlicesHaving: endpointSlices.having,
    podsHaving: pods.having,
    istio: (name) => istio.get(name)?.() ?? [],
    captured: lists.captured,
    holds: lists.holds,
  };
  return { objects, gaps: lists.gaps };
}

interface Searched<T> {
  readonly all: () => readonly T[];
  readonly having: (text: string, key?: 'name') => readonly T[];
}

/** Who asks for more texts than these is about to see all of the List: reading it once costs less than searching it each time. */
const MOST_SEARCHES = 256;

/** Objects of a kind, all of them or those that hold a text; the same object is the same fact in both. */
function searched<T extends ObjectFact>(lists: OpenLists, plural: string, parse: Parse<T>): Searched<T> {
  const met = new Map<string, T>();
  const answers = new Map<string, readonly T[]>();
  const same = (fact: T): T => {
    const { pointer } = fact.cursor;
    const before = met.get(pointer);
    if (before === undefined) met.set(pointer, fact);
    return before ?? fact;
  };
  let whole: readonly T[] | undefined;
  const all = (): readonly T[] => {
    if (whole !== undefined) return whole;
    const facts = lists.read(plural, parse);
    whole = once(met.size === 0 ? facts : facts.map(same));
    return whole;
  };
  return {
    all,
    having: (text, key) => {
      // Nobody searches for what has been read already.
      if (whole !== undefined) return whole;
      const asked = `${key ?? ''} ${text}`;
      const known = answers.get(asked);
      if (known !== undefined) return known;
      if (answers.size >= MOST_SEARCHES) return all();
      const found = lists.having(plural, parse, text, key);
      if (found === undefined) return all();
      const answer = once(found.map(same));
      answers.set(asked, answer);
      return answer;
    },
  };
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
