/** A kind of object that the tool reads. */
export interface ObjectKind {
  /** `''` for core. */
  readonly group: string;
  readonly plural: string;
  /** As the items of a List would name it. */
  readonly kind: string;
  readonly namespaced: boolean;
  /**
   * How much of it one question needs: `whole` lists are small even in large clusters, or everything depends on them; of `many`
   * only what is asked for is fetched where there are more than a page of them; `config-maps` may hold anything, so that only the
   * configuration of the cluster's DNS is kept.
   */
  readonly extent: 'whole' | 'many' | 'config-maps';
}

const whole = (group: string, plural: string, kind: string, namespaced = true): ObjectKind => ({
  group,
  plural,
  kind,
  namespaced,
  extent: 'whole',
});
const many = (group: string, plural: string, kind: string): ObjectKind => ({
  group,
  plural,
  kind,
  namespaced: true,
  extent: 'many',
});

/** Every kind that the tool reads. Secrets are not among them, and never will be. */
export const OBJECT_KINDS: readonly ObjectKind[] = [
  whole('', 'services', 'Service'),
  many('', 'pods', 'Pod'),
  many('', 'endpoints', 'Endpoints'),
  whole('', 'nodes', 'Node', false),
  whole('', 'namespaces', 'Namespace', false),
  { group: '', plural: 'configmaps', kind: 'ConfigMap', namespaced: true, extent: 'config-maps' },
  many('discovery.k8s.io', 'endpointslices', 'EndpointSlice'),
  whole('networking.k8s.io', 'networkpolicies', 'NetworkPolicy'),
  whole('networking.k8s.io', 'servicecidrs', 'ServiceCIDR', false),
  whole('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false),
  many('apps', 'deployments', 'Deployment'),
  many('apps', 'replicasets', 'ReplicaSet'),
  many('apps', 'statefulsets', 'StatefulSet'),
  many('apps', 'daemonsets', 'DaemonSet'),
  whole('networking.istio.io', 'virtualservices', 'VirtualService'),
  whole('networking.istio.io', 'destinationrules', 'DestinationRule'),
  whole('networking.istio.io', 'gateways', 'Gateway'),
  whole('networking.istio.io', 'serviceentries', 'ServiceEntry'),
  whole('networking.istio.io', 'workloadentries', 'WorkloadEntry'),
  whole('networking.istio.io', 'workloadgroups', 'WorkloadGroup'),
  whole('networking.istio.io', 'sidecars', 'Sidecar'),
  whole('networking.istio.io', 'envoyfilters', 'EnvoyFilter'),
  whole('networking.istio.io', 'proxyconfigs', 'ProxyConfig'),
  whole('security.istio.io', 'authorizationpolicies', 'AuthorizationPolicy'),
  whole('security.istio.io', 'peerauthentications', 'PeerAuthentication'),
  whole('security.istio.io', 'requestauthentications', 'RequestAuthentication'),
  whole('telemetry.istio.io', 'telemetries', 'Telemetry'),
  whole('extensions.istio.io', 'wasmplugins', 'WasmPlugin'),
];

/** Groups that every API server has, with the version that it lists the kinds above in. */
export const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ['', 'v1'],
  ['discovery.k8s.io', 'v1'],
  ['networking.k8s.io', 'v1'],
  ['admissionregistration.k8s.io', 'v1'],
  ['apps', 'v1'],
]);

/** A kind in the version in which the server lists it. */
export interface ServedKind extends ObjectKind {
  readonly version: string;
}

/** Name of the List of a kind in artefacts: `clusters/lab/resources/core/v1/pods.json`. */
export function listName(cluster: string, { group, version, plural }: ServedKind): string {
  return `clusters/${cluster}/resources/${group === '' ? 'core' : group}/${version}/${plural}.json`;
}

/** Path under which the API server lists a kind. @param namespace null: all of them */
export function listPath({ group, version, plural }: ServedKind, namespace: string | null): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === null ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}
