import { overlaps, parsePrefix } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import { finding, objectsOf, visitsOf, type Check } from './check.ts';

/** S20: an address of a pod or node that is a Service's as well is translated away, or never given out. */
export const serviceRangeCheck: Check = {
  code: 'KR119',
  run: (context) => {
    const objects = objectsOf(context);
    if (objects === undefined || visitsOf(context, 'netns').length === 0) return [];
    const taken = objects.nodes.flatMap((node) => [
      ...node.podCIDRs.flatMap((cidr) => {
        const range = parsePrefix(cidr);
        return range === undefined
          ? []
          : [{ range, text: `the pod range ${cidr} of node ${node.name}`, cursor: node.cursor.at('spec') }];
      }),
      ...node.addresses.flatMap(({ address }) => {
        const range = parsePrefix(address);
        return range === undefined
          ? []
          : [
              {
                range,
                text: `the address ${address} of node ${node.name}`,
                cursor: node.cursor.at('status', 'addresses'),
              },
            ];
      }),
    ]);
    return objects.serviceCIDRs.flatMap(({ cidr, cursor }) => {
      const range = parsePrefix(cidr);
      const clash = range === undefined ? undefined : taken.find((one) => overlaps(range, one.range));
      if (clash === undefined) return [];
      const evidence: readonly Evidence[] = [cursor.evidence(), clash.cursor.evidence()];
      return [
        finding('KR119', {
          subject: `Service range ${cidr}`,
          cause: `It overlaps with ${clash.text}, so that one address may be a Service's and a machine's at once.`,
          remedy:
            'Give Services, pods and nodes ranges that are apart (--service-cluster-ip-range, --cluster-cidr, the ServiceCIDR objects).',
          evidence,
        }),
      ];
    });
  },
};
