import type { AccessNeed } from '../../../model/access.ts';
import { DNS_NAMESPACE } from '../objects/dns-configuration.ts';
import type { ServedKind } from '../objects/kinds.ts';

/** What is lacking without a kind, for those whose absence is felt most. */
const WITHOUT: Readonly<Record<string, string>> = {
  pods: 'no pod can be found: questions that name one cannot be asked',
  services: 'no Service can be found, and no name of one resolves',
  endpointslices: 'which pods stand behind a Service is not known',
  nodes: 'which node a packet passes is not known',
  namespaces: 'selectors of namespaces (NetworkPolicy) are not decided',
  networkpolicies: 'whether a NetworkPolicy forbids a request is not known',
  configmaps: 'the cluster DNS is taken to have its usual configuration',
};
const MESH = 'what a proxy should do is not known where it was not asked itself';
const FEW = 'few answers need it';

/** Everything that live collection may ask of a server that lists these kinds. */
export function accessNeeds(kinds: readonly ServedKind[]): readonly AccessNeed[] {
  const lists = kinds.map(({ group, plural, namespaced, extent }): AccessNeed => ({
    verb: 'list',
    group,
    resource: plural,
    namespace: extent === 'config-maps' ? DNS_NAMESPACE : null,
    namespaced,
    without: WITHOUT[plural] ?? (group.endsWith('istio.io') ? MESH : FEW),
    optional: WITHOUT[plural] === undefined || plural === 'configmaps',
  }));
  return [...lists, ...STREAMS];
}

/** What of a pod is asked one by one: its containers, before a process of one is looked for on the node. */
const PODS = ['', '/exec', '/portforward'] as const;
const WITHOUT_PART: Readonly<Record<(typeof PODS)[number], string>> = {
  '': 'network namespaces of pods are not entered',
  '/exec': 'rules and routes of nodes and pods are not seen as programmed',
  '/portforward': 'the configuration that proxies run is not seen',
};

/**
 * Nothing is written, but the API server counts a session with a pod as a creation: for SPDY always, for WebSockets beside `get` since
 * Kubernetes 1.35 (feature gate AuthorizePodWebsocketUpgradeCreatePermission).
 */
const STREAMS: readonly AccessNeed[] = PODS.flatMap((part) =>
  (part === '' ? ['get'] : ['create', 'get']).map((verb): AccessNeed => ({
    verb,
    group: '',
    resource: `pods${part}`,
    namespace: null,
    namespaced: true,
    without: WITHOUT_PART[part],
    optional: true,
  })),
);
