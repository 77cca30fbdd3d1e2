import type { AccessNeed } from '../../../model/access.ts';
import { AGENT_NAMESPACE } from '../node/exec-access.ts';
import { DEBUG_NAMESPACE } from '../node/debug-pod.ts';
import { DEFAULT_ISTIO_NAMESPACE } from '../../../model/istio-namespace.ts';
import type { CollectionOptions } from '../collection-options.ts';
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

/**
 * Everything that live collection may ask of a server that lists these kinds, in the way that the options choose.
 * @param namespace where objects are to be read; null: everywhere
 */
export function accessNeeds(
  kinds: readonly ServedKind[],
  { nodeAccess, debugNamespace, istioNamespace }: CollectionOptions,
  namespace: string | null,
): readonly AccessNeed[] {
  const lists = kinds.map(({ group, plural, namespaced, extent }): AccessNeed => ({
    verb: 'list',
    group,
    resource: plural,
    namespace: extent === 'config-maps' ? DNS_NAMESPACE : null,
    namespaced,
    without: WITHOUT[plural] ?? (group.endsWith('istio.io') ? MESH : FEW),
    optional: WITHOUT[plural] === undefined || plural === 'configmaps',
  }));
  const mesh = kinds.some(({ group }) => group.endsWith('istio.io'));
  return [
    ...lists,
    ...nodeNeeds(nodeAccess, debugNamespace ?? DEBUG_NAMESPACE, namespace),
    ...stream('portforward', null, 'the configuration that proxies run is not seen'),
    ...(mesh ? istiodNeeds(istioNamespace ?? DEFAULT_ISTIO_NAMESPACE, namespace) : []),
  ];
}

const UNSEEN = 'rules and routes of nodes and pods are not seen as programmed';
const UNENTERED = 'network namespaces of pods are not entered';
const UNASKED = "kube-proxy's own answers are not seen";

/** What reading nodes takes. */
function nodeNeeds(
  mode: CollectionOptions['nodeAccess'],
  debugNamespace: string,
  namespace: string | null,
): readonly AccessNeed[] {
  switch (mode) {
    case 'none':
      return [];
    case 'local':
      return [need('get', 'nodes', null, 'the node is not recognised where its name is not that of this machine')];
    case 'debug-pod':
      return [
        need('get', 'pods', null, UNENTERED),
        ...['create', 'delete', 'get'].map((verb) => need(verb, 'pods', debugNamespace, UNSEEN)),
        ...stream('exec', debugNamespace, UNSEEN),
        ...(namespace === null ? [] : stream('portforward', debugNamespace, UNASKED)),
      ];
    case 'auto':
    case 'exec':
      return [
        need('get', 'pods', null, UNENTERED),
        // Whoever may list pods everywhere finds the agents there too.
        ...(namespace === null ? [] : [need('list', 'pods', AGENT_NAMESPACE, UNSEEN)]),
        ...stream('exec', AGENT_NAMESPACE, UNSEEN),
        ...(namespace === null ? [] : stream('portforward', AGENT_NAMESPACE, UNASKED)),
      ];
  }
}

/** What `snapshot` asks istiod with. */
function istiodNeeds(place: string, namespace: string | null): readonly AccessNeed[] {
  const without = 'what istiod knows of the proxies is not in a snapshot';
  return [
    need('create', 'serviceaccounts/token', place, without),
    need('get', 'configmaps', place, without),
    ...(namespace === null ? [] : [need('list', 'pods', place, without), ...stream('portforward', place, without)]),
  ];
}

/**
 * Nothing is written, but the API server counts a session with a pod as a creation: for SPDY always, for WebSockets beside `get` since
 * Kubernetes 1.35 (feature gate AuthorizePodWebsocketUpgradeCreatePermission).
 */
function stream(part: 'exec' | 'portforward', namespace: string | null, without: string): readonly AccessNeed[] {
  return ['create', 'get'].map((verb) => need(verb, `pods/${part}`, namespace, without));
}

function need(verb: string, resource: string, namespace: string | null, without: string): AccessNeed {
  return { verb, group: '', resource, namespace, namespaced: resource !== 'nodes', without, optional: true };
}
