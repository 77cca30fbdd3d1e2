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

/** Nothing is written, but the API server counts a session with a pod as a creation. */
const STREAMS: readonly AccessNeed[] = [
  { resource: 'pods/exec', without: 'rules and routes of nodes and pods are not seen as programmed' },
  { resource: 'pods/portforward', without: 'the configuration that proxies run is not seen' },
].map((stream) => ({ verb: 'create', group: '', namespace: null, namespaced: true, optional: true, ...stream }));
