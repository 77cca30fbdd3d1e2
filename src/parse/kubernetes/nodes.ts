import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { NodeFact, ObjectFact } from '../../model/kubernetes.ts';
import type { ItemReader } from './item-reader.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const NODE: ObjectType = { kinds: ['Node'], group: '' };

/** Reads core/v1 Nodes. Addresses come in the order in which kube-proxy takes them (pkg/util/node, GetNodeHostIPs). */
export function parseNodes(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly NodeFact[]> {
  return readObjects(document, NODE, readNode);
}

function readNode(item: ItemReader, base: ObjectFact): NodeFact {
  const addresses = item.items('status', 'addresses').flatMap((entry) => {
    const type = entry.string('type');
    if (type !== 'InternalIP' && type !== 'ExternalIP') return [];
    const address = entry.address('address');
    return address === undefined ? [] : [{ type, address }];
  });
  return {
    addresses: ['InternalIP', 'ExternalIP'].flatMap((type) => addresses.filter((one) => one.type === type)),
    podCIDRs: readPodCIDRs(item),
    zone: base.labels['topology.kubernetes.io/zone'] || null,
    ready: readReady(item),
    ...base,
  };
}

/** Objects from before dual stack have `podCIDR` alone. */
function readPodCIDRs(item: ItemReader): string[] {
  const all = item.strings('spec', 'podCIDRs');
  if (all.length > 0) return all;
  const one = item.string('spec', 'podCIDR');
  return one === undefined || one === '' ? [] : [one];
}

function readReady(item: ItemReader): boolean | null {
  const condition = item.items('status', 'conditions').find((one) => one.string('type') === 'Ready');
  const status = condition?.string('status');
  return status === undefined || status === 'Unknown' ? null : status === 'True';
}
