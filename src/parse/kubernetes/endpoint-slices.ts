import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { EndpointSliceFact, EndpointSlicePort, ObjectFact, SliceEndpoint } from '../../model/kubernetes.ts';
import type { ItemReader } from './item-reader.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const ENDPOINT_SLICE: ObjectType = { kinds: ['EndpointSlice'], group: 'discovery.k8s.io' };

/**
 * Reads discovery.k8s.io/v1 EndpointSlices. Port defaults are the API server's (pkg/apis/discovery/v1/defaults.go); absent
 * conditions read as kube-proxy reads them (pkg/proxy/endpointslicecache.go, addEndpoints).
 */
export function parseEndpointSlices(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly EndpointSliceFact[]> {
  return readObjects(document, ENDPOINT_SLICE, readSlice);
}

function readSlice(item: ItemReader, base: ObjectFact): EndpointSliceFact | undefined {
  const addressType = item.oneOf(['IPv4', 'IPv6', 'FQDN'], 'addressType');
  if (addressType === undefined) {
    if (item.value('addressType') === undefined) item.reject('has no addressType', []);
    return undefined;
  }
  return {
    serviceName: base.labels['kubernetes.io/service-name'] || null,
    addressType,
    ports: item.items('ports').flatMap((port) => readPort(port) ?? []),
    endpoints: item.items('endpoints').flatMap((endpoint) => readEndpoint(endpoint, addressType === 'FQDN') ?? []),
    ...base,
  };
}

function readPort(port: ItemReader): EndpointSlicePort | undefined {
  const protocol = port.value('protocol') === undefined ? 'TCP' : port.oneOf(['TCP', 'UDP', 'SCTP'], 'protocol');
  const number = port.integer(0, 65535, 'port');
  if (protocol === undefined || (number === undefined && port.value('port') !== undefined)) return undefined;
  return {
    name: port.string('name') || null,
    protocol,
    port: number ?? null,
    appProtocol: port.string('appProtocol') ?? null,
  };
}

function readEndpoint(endpoint: ItemReader, names: boolean): SliceEndpoint | undefined {
  const addresses = names ? endpoint.strings('addresses') : endpoint.addresses('addresses');
  if (addresses.length === 0) return endpoint.reject('has no address', []);
  const isPod = endpoint.string('targetRef', 'kind') === 'Pod';
  return {
    addresses,
    ready: endpoint.boolean('conditions', 'ready') ?? true,
    serving: endpoint.boolean('conditions', 'serving') ?? true,
    terminating: endpoint.boolean('conditions', 'terminating') ?? false,
    nodeName: endpoint.string('nodeName') ?? null,
    zone: endpoint.string('zone') ?? null,
    hostname: endpoint.string('hostname') || null,
    hintZones: readHints(endpoint, 'forZones'),
    hintNodes: readHints(endpoint, 'forNodes'),
    podName: (isPod && endpoint.string('targetRef', 'name')) || null,
    podNamespace: (isPod && endpoint.string('targetRef', 'namespace')) || null,
    podUid: (isPod && endpoint.string('targetRef', 'uid')) || null,
    cursor: endpoint.cursor,
  };
}

/** null: no hints of that kind; kube-proxy takes an empty list for none. */
function readHints(endpoint: ItemReader, kind: 'forZones' | 'forNodes'): string[] | null {
  if (endpoint.value('hints', kind) === undefined) return null;
  const names = endpoint.items('hints', kind).flatMap((hint) => hint.string('name') ?? []);
  return names.length === 0 ? null : names;
}
