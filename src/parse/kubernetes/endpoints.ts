import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { EndpointsFact, ObjectFact } from '../../model/kubernetes.ts';
import type { ItemReader } from './item-reader.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const ENDPOINTS: ObjectType = { kinds: ['Endpoints'], group: '' };

/** Reads legacy core/v1 Endpoints: each address of each subset with each of the subset's ports. */
export function parseEndpoints(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly EndpointsFact[]> {
  return readObjects(document, ENDPOINTS, (item, base: ObjectFact) => ({
    addresses: item.items('subsets').flatMap(readSubset),
    ...base,
  }));
}

function readSubset(subset: ItemReader): EndpointsFact['addresses'][number][] {
  const read = subset.items('ports').flatMap((port) => port.integer(1, 65535, 'port') ?? []);
  const ports = read.length === 0 ? [null] : read;
  const members = [
    ...subset.items('addresses').map((address) => ({ address, ready: true })),
    ...subset.items('notReadyAddresses').map((address) => ({ address, ready: false })),
  ];
  return members.flatMap(({ address, ready }) => {
    const ip = address.address('ip');
    return ip === undefined ? [] : ports.map((port) => ({ ip, ready, port }));
  });
}
