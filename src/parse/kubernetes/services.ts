import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { LoadBalancerIngress, ObjectFact, ServiceFact, ServicePort } from '../../model/kubernetes.ts';
import type { ItemReader } from './item-reader.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const SERVICE: ObjectType = { kinds: ['Service'], group: '' };
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const POLICIES = ['Cluster', 'Local'] as const;

/** v1.DefaultClientIPServiceAffinitySeconds */
const DEFAULT_AFFINITY_SECONDS = 10800;

/** Reads core/v1 Services. Defaults are the API server's (pkg/apis/core/v1/defaults.go, SetDefaults_Service). */
export function parseServices(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly ServiceFact[]> {
  return readObjects(document, SERVICE, readService);
}

function readService(item: ItemReader, base: ObjectFact): ServiceFact | undefined {
  if (item.value('spec') === undefined) return item.reject('has no spec', []);
  const clusterIPs = item.value('spec', 'clusterIPs') === undefined ? undefined : item.strings('spec', 'clusterIPs');
  const headless = (clusterIPs?.[0] ?? item.value('spec', 'clusterIP')) === 'None';
  return {
    type: item.oneOf(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'], 'spec', 'type') ?? 'ClusterIP',
    clusterIPs: headless ? [] : readClusterIPs(item, clusterIPs !== undefined),
    headless,
    ports: item.items('spec', 'ports').flatMap((port) => readPort(port) ?? []),
    selector: item.value('spec', 'selector') === undefined ? null : item.stringMap('spec', 'selector'),
    externalName: item.string('spec', 'externalName') || null,
    externalIPs: item.addresses('spec', 'externalIPs'),
    loadBalancerIngress: item.items('status', 'loadBalancer', 'ingress').map(readIngress),
    loadBalancerSourceRanges: item.strings('spec', 'loadBalancerSourceRanges'),
    loadBalancerClass: item.string('spec', 'loadBalancerClass') ?? null,
    allocateLoadBalancerNodePorts: item.boolean('spec', 'allocateLoadBalancerNodePorts') ?? true,
    healthCheckNodePort: item.port('spec', 'healthCheckNodePort') ?? null,
    affinitySeconds: readAffinity(item),
    internalTrafficPolicy: item.oneOf(POLICIES, 'spec', 'internalTrafficPolicy') ?? 'Cluster',
    externalTrafficPolicy: item.oneOf(POLICIES, 'spec', 'externalTrafficPolicy') ?? 'Cluster',
    trafficDistribution: item.string('spec', 'trafficDistribution') ?? null,
    publishNotReadyAddresses: item.boolean('spec', 'publishNotReadyAddresses') ?? false,
    ipFamilies: item.strings('spec', 'ipFamilies'),
    ...base,
  };
}

/** Objects from before dual stack have `clusterIP` alone. */
function readClusterIPs(item: ItemReader, several: boolean): string[] {
  if (several) return item.addresses('spec', 'clusterIPs');
  const one = item.address('spec', 'clusterIP');
  return one === undefined ? [] : [one];
}

function readPort(port: ItemReader): ServicePort | undefined {
  const number = port.integer(1, 65535, 'port');
  const protocol = port.value('protocol') === undefined ? 'TCP' : port.oneOf(PROTOCOLS, 'protocol');
  if (number === undefined && port.value('port') === undefined) port.reject('has no port', []);
  if (number === undefined || protocol === undefined) return undefined;
  return {
    name: port.string('name') || null,
    protocol,
    port: number,
    targetPort: readTargetPort(port),
    nodePort: port.port('nodePort') ?? null,
    appProtocol: port.string('appProtocol') ?? null,
    cursor: port.cursor,
  };
}

/** IntOrString; 0 and the empty text stand for none. */
function readTargetPort(port: ItemReader): number | string | null {
  if (typeof port.value('targetPort') !== 'string') return port.port('targetPort') ?? null;
  return port.string('targetPort') || null;
}

function readIngress(ingress: ItemReader): LoadBalancerIngress {
  const mode = ingress.oneOf(['VIP', 'Proxy'], 'ipMode');
  return {
    ip: ingress.address('ip') ?? null,
    hostname: ingress.string('hostname') || null,
    // kube-proxy takes an absent mode for VIP and programs no other (pkg/proxy/util/utils.go, IsVIPMode)
    ipMode: mode ?? (ingress.value('ipMode') === undefined ? 'VIP' : 'Proxy'),
    cursor: ingress.cursor,
  };
}

function readAffinity(item: ItemReader): number | null {
  if (item.oneOf(['None', 'ClientIP'], 'spec', 'sessionAffinity') !== 'ClientIP') return null;
  const seconds = item.integer(0, 86400, 'spec', 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds');
  return seconds ?? DEFAULT_AFFINITY_SECONDS;
}
