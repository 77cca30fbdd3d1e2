import { parseAddress } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { EndpointSliceFact, PodFact, ServiceFact, SliceEndpoint } from '../../model/kubernetes.ts';
import type { KubernetesZone } from './cluster-dns.ts';
import type { NameIndex } from './name-index.ts';

/** An answer of the cluster's DNS to one question, for both address families together. */
export type ZoneAnswer =
  | {
      readonly kind: 'addresses';
      readonly addresses: readonly {
        readonly ip: string;
        readonly evidence: Evidence | null;
        readonly pod: PodFact | null;
      }[];
      readonly service: ServiceFact | null;
      readonly reasons: readonly string[];
    }
  | { readonly kind: 'alias'; readonly target: string; readonly service: ServiceFact; readonly evidence: Evidence }
  | {
      readonly kind: 'no-data' | 'no-such-name';
      readonly reasons: readonly string[];
      readonly service: ServiceFact | null;
    }
  | { readonly kind: 'unknown'; readonly reason: string; readonly service: ServiceFact | null };

/**
 * What the kubernetes plugin of CoreDNS answers for a name in its zone (coredns 1.14 plugin/kubernetes: parse.go, kubernetes.go,
 * object/endpoint.go). A name that ends at a namespace has no data; one longer than `_port._protocol.service.namespace.svc` does
 * not exist.
 */
export function answerInZone(index: NameIndex, setup: KubernetesZone, zone: string, name: string): ZoneAnswer {
  const labels = name === zone ? [] : name.slice(0, name.length - zone.length - 1).split('.');
  const kind = labels.pop();
  if (kind === undefined) return nothing('no-data');
  if (labels.length === 1 && labels[0] === 'ns' && kind === 'dns')
    return { kind: 'unknown', reason: 'the address of the DNS server itself', service: null };
  if (kind !== 'svc' && kind !== 'pod') return nothing('no-such-name');
  const odd = setup.notEvaluated[0];
  if (odd !== undefined)
    return { kind: 'unknown', reason: `option ${odd} of CoreDNS's kubernetes plugin is not evaluated`, service: null };
  const namespace = labels.pop();
  if (namespace === undefined) return nothing('no-data');
  if (setup.namespaces?.has(namespace) === false)
    return nothing('no-such-name', `CoreDNS does not show namespace ${namespace}`);
  if (!index.hasNamespace(namespace)) {
    // a search list asks for many names that nobody meant: only `service.namespace` is worth a reason
    return nothing('no-such-name', labels.length === 1 ? `there is no namespace ${namespace}` : undefined);
  }
  const last = labels.pop();
  if (last === undefined) return nothing(kind === 'pod' && setup.podsMode === 'disabled' ? 'no-such-name' : 'no-data');
  if (labels.length > 2) return nothing('no-such-name');
  if (kind === 'pod') return podRecord(index, setup, namespace, last);
  return serviceRecord(index, setup, namespace, last, labels);
}

function nothing(kind: 'no-data' | 'no-such-name', reason?: string, service: ServiceFact | null = null): ZoneAnswer {
  return { kind, reasons: reason === undefined ? [] : [reason], service };
}

/** `10-244-1-5.ns.pod.zone` (findPods). */
function podRecord(index: NameIndex, setup: KubernetesZone, namespace: string, label: string): ZoneAnswer {
  if (setup.podsMode === null)
    return { kind: 'unknown', reason: 'whether CoreDNS answers for pod addresses is not known', service: null };
  if (setup.podsMode === 'disabled')
    return nothing('no-such-name', 'CoreDNS does not answer for pod addresses (pods disabled)');
  const dashes = label.split('-').length - 1;
  const text = dashes === 3 && !label.includes('--') ? label.replaceAll('-', '.') : label.replaceAll('-', ':');
  const address = parseAddress(text);
  if (address === undefined) return nothing('no-such-name');
  const pod = index.podAt(namespace, address.text) ?? null;
  if (setup.podsMode === 'verified' && pod === null)
    return nothing('no-such-name', `no pod of namespace ${namespace} has ${address.text}`);
  const how =
    setup.podsMode === 'verified' ? 'a pod of the namespace has it' : 'CoreDNS answers without looking (pods insecure)';
  const evidence = pod?.cursor.at('status', 'podIPs').evidence() ?? null;
  return { kind: 'addresses', addresses: [{ ip: address.text, evidence, pod }], service: null, reasons: [how] };
}

/** findServices. `rest` is what stands before the Service: nothing, an endpoint, or port and protocol. */
function serviceRecord(
  index: NameIndex,
  setup: KubernetesZone,
  namespace: string,
  name: string,
  rest: readonly string[],
): ZoneAnswer {
  const service = index.service(namespace, name);
  if (service === undefined) {
    if (!index.knowsService(namespace, name))
      return { kind: 'unknown', reason: 'the Services were not captured', service: null };
    return nothing('no-such-name', rest.length === 0 ? `there is no Service ${namespace}/${name}` : undefined);
  }
  const unread = service.notUnderstood[0];
  if (unread !== undefined) return { kind: 'unknown', reason: `Service ${namespace}/${name}: ${unread}`, service };
  if (service.type === 'ExternalName')
    return rest.length > 0 ? nothing('no-such-name', undefined, service) : externalName(service);
  const endpoint = rest.length === 1 ? rest[0] : undefined;
  const port = rest.length === 2 ? { name: strip(rest[0] ?? ''), protocol: strip(rest[1] ?? '') } : null;
  if (service.headless || endpoint !== undefined) return endpointRecords(index, setup, service, endpoint, port);
  if (setup.ignoreEmptyService && !index.knowsSlices(service))
    return { kind: 'unknown', reason: 'the EndpointSlices were not captured', service };
  if (setup.ignoreEmptyService && !index.slices(service).some((slice) => slice.endpoints.some((one) => one.ready))) {
    return nothing('no-such-name', 'the Service has no ready endpoint (ignore empty_service)', service);
  }
  const matches =
    port === null ||
    service.ports.some((one) => (one.name ?? '') === port.name && one.protocol.toLowerCase() === port.protocol);
  if (!matches) return nothing('no-such-name', 'the Service has no such port', service);
  const several = service.cursor.at('spec', 'clusterIPs').exists;
  const addresses = service.clusterIPs.map((ip, at) => ({
    ip,
    evidence: (several
      ? service.cursor.at('spec', 'clusterIPs', at)
      : service.cursor.at('spec', 'clusterIP')
    ).evidence(),
    pod: null,
  }));
  if (addresses.length === 0)
    return { kind: 'unknown', reason: `Service ${namespace}/${name} has no cluster IP yet`, service };
  return { kind: 'addresses', addresses, service, reasons: [`cluster IP of Service ${namespace}/${name}`] };
}

/** An external name that is an address is no alias, and there is no other record (HostType in etcd/msg/type.go). */
function externalName(service: ServiceFact): ZoneAnswer {
  const target = (service.externalName ?? '').toLowerCase().replace(/\.$/, '');
  const evidence = service.cursor.at('spec', 'externalName').evidence();
  if (target === '' || parseAddress(target) !== undefined) {
    return nothing(
      'no-such-name',
      `externalName ${target || '(empty)'} is no name: cluster DNS cannot alias to an address`,
      service,
    );
  }
  return { kind: 'alias', target, service, evidence };
}

interface Member {
  readonly ip: string;
  readonly slice: EndpointSliceFact;
  readonly endpoint: SliceEndpoint;
}

/** Addresses of ready endpoints: all of a headless Service, or those with an endpoint's own name. */
function endpointRecords(
  index: NameIndex,
  setup: KubernetesZone,
  service: ServiceFact,
  wanted: string | undefined,
  port: { readonly name: string; readonly protocol: string } | null,
): ZoneAnswer {
  const name = `${service.namespace}/${service.name}`;
  if (setup.noEndpoints) return nothing('no-such-name', 'CoreDNS does not watch endpoints (noendpoints)', service);
  if (!index.knowsSlices(service)) return { kind: 'unknown', reason: 'the EndpointSlices were not captured', service };
  const slices = index.slices(service);
  const unread = slices.find((slice) => slice.notUnderstood.length > 0);
  if (unread !== undefined)
    return {
      kind: 'unknown',
      reason: `EndpointSlice ${unread.namespace}/${unread.name}: ${unread.notUnderstood[0]}`,
      service,
    };
  if (slices.some((slice) => slice.addressType === 'FQDN'))
    return { kind: 'unknown', reason: `endpoints of Service ${name} are names`, service };
  const members = slices.flatMap((slice) => (hasPort(slice, port) ? membersOf(slice) : []));
  const named = members.filter((one) => wanted === undefined || hostnameOf(one, setup) === wanted);
  const ready = named.filter((one) => one.endpoint.ready);
  const addresses = [...new Map(ready.map((one) => [one.ip, one])).values()].toSorted((a, b) =>
    a.ip < b.ip ? -1 : Number(a.ip > b.ip),
  );
  const left = named.length - ready.length;
  const leftOut =
    left === 0 ? [] : [`${left} that ${left === 1 ? 'is' : 'are'} not ready ${left === 1 ? 'is' : 'are'} left out`];
  if (addresses.length === 0) {
    const what =
      wanted === undefined
        ? `headless Service ${name} has no ready endpoint`
        : `no ready endpoint of Service ${name} is named ${wanted}`;
    return nothing('no-such-name', [what, ...leftOut].join('; '), service);
  }
  const what = wanted === undefined ? `headless Service ${name}` : `endpoint ${wanted} of Service ${name}`;
  return {
    kind: 'addresses',
    addresses: addresses.map((one) => ({
      ip: one.ip,
      evidence: one.endpoint.cursor.evidence(),
      pod: index.podOf(one.endpoint) ?? null,
    })),
    service,
    reasons: [what, ...leftOut],
  };
}

function membersOf(slice: EndpointSliceFact): Member[] {
  return slice.endpoints.flatMap((endpoint) => endpoint.addresses.map((ip) => ({ ip, slice, endpoint })));
}

/** A slice without ports counts as one with a port of no name. */
function hasPort(slice: EndpointSliceFact, port: { readonly name: string; readonly protocol: string } | null): boolean {
  if (port === null) return true;
  return slice.ports.some((one) => (one.name ?? '') === port.name && one.protocol.toLowerCase() === port.protocol);
}

/** endpointHostname: the hostname, the pod's name (endpoint_pod_names), or the address with dashes. */
function hostnameOf({ ip, endpoint }: Member, setup: KubernetesZone): string {
  if (endpoint.hostname !== null) return endpoint.hostname.toLowerCase();
  if (setup.endpointPodNames && endpoint.podName !== null && endpoint.podName.length < 64) return endpoint.podName;
  const dashed = ip.replaceAll(/[.:]/g, '-');
  return dashed.endsWith('-') ? `${dashed}0` : dashed;
}

function strip(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label;
}
