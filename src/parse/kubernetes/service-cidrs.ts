import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { KubernetesObjects, ObjectFact } from '../../model/kubernetes.ts';
import { parsePrefix } from '../../model/address.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const SERVICE_CIDR: ObjectType = { kinds: ['ServiceCIDR'], group: 'networking.k8s.io' };

/** Reads networking.k8s.io ServiceCIDRs: the ranges that cluster IPs are taken from. */
export function parseServiceCIDRs(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<KubernetesObjects['serviceCIDRs']> {
  const parsed = readObjects(document, SERVICE_CIDR, (item, base: ObjectFact) => ({
    cidrs: item.strings('spec', 'cidrs').flatMap((cidr, index) => {
      if (cidr.includes('/') && parsePrefix(cidr) !== undefined)
        return [{ cidr, cursor: item.cursor.at('spec', 'cidrs', index) }];
      item.reject('is no CIDR', ['spec', 'cidrs', index]);
      return [];
    }),
    ...base,
  }));
  return { value: parsed.value.flatMap((one) => one.cidrs), gaps: parsed.gaps };
}
