/** The endpoints of a Service with a selector against the pods that it picks: what its slices have and the pods do not, and the reverse. */
import type { Finding } from '../model/explanation.ts';
import type { EndpointSliceFact, PodFact, ServiceFact } from '../model/kubernetes.ts';
import { listText } from '../model/wording.ts';
import type { Code } from './catalogue.ts';
import { finding, objectsOf, type Check, type CheckContext } from './check.ts';
import { endpointsKnown, selectedPods, servicesMet, serviceName, serviceSubject, slicesOf } from './services-met.ts';

/** A Service with a selector, its slices, and the pods that it picks. */
interface Joined {
  readonly service: ServiceFact;
  readonly slices: readonly EndpointSliceFact[];
  readonly pods: readonly PodFact[];
}

/** S10: a slice that nobody keeps (an orphan, or a mirrored one) holds addresses of pods that are gone. */
export const gonePodCheck: Check = {
  code: 'KR114',
  run: (context) =>
    joined(context).flatMap(({ service, slices, pods }) => {
      const live = new Set(pods.flatMap((pod) => pod.ips));
      const gone = slices
        .filter((slice) => slice.addressType !== 'FQDN')
        .flatMap((slice) => slice.endpoints.map((endpoint) => ({ slice, endpoint })))
        .filter(({ endpoint: { addresses, ready } }) => ready && addresses.every((address) => !live.has(address)));
      if (gone.length === 0) return [];
      const addresses = gone.map(({ endpoint }) => endpoint.addresses[0] ?? 'no address');
      const names = [...new Set(gone.map(({ slice }) => slice.name))];
      return about('KR114', service, {
        cause: `EndpointSlice ${listText(names)} has ${listText(addresses)}, which no pod that the selector picks has.`,
        remedy: `See who keeps the slice (label endpointslice.kubernetes.io/managed-by): delete it when nobody does, else see why its controller is behind.`,
        evidence: gone.slice(0, 5).map(({ endpoint }) => endpoint.cursor.at('addresses').evidence()),
      });
    }),
};

/** S11: the pod of that name was made anew; what now has the address may be somebody else's. */
export const replacedPodCheck: Check = {
  code: 'KR115',
  run: (context) =>
    joined(context).flatMap(({ service, slices, pods }) => {
      const live = new Map(pods.map((pod) => [pod.name, pod]));
      const replaced = slices
        .flatMap((slice) => slice.endpoints)
        .flatMap((endpoint) => {
          const pod = endpoint.podName === null ? undefined : live.get(endpoint.podName);
          const known = endpoint.podUid !== null && pod !== undefined && pod.uid !== null;
          return known && pod.uid !== endpoint.podUid ? [{ endpoint, pod }] : [];
        });
      if (replaced.length === 0) return [];
      return about('KR115', service, {
        cause: `Its EndpointSlices name earlier pods of the names ${listText(replaced.map(({ pod }) => pod.name))}: the ones that live have other uids.`,
        remedy:
          'See why the EndpointSlice controller is behind (log of kube-controller-manager), or delete the slice, which it then makes anew.',
        evidence: replaced
          .slice(0, 3)
          .flatMap(({ endpoint, pod }) => [
            endpoint.cursor.at('targetRef').evidence(),
            pod.cursor.at('metadata', 'uid').evidence(),
          ]),
      });
    }),
};

/** S12: the slice controller has not yet seen that a pod is ready. */
export const missingPodCheck: Check = {
  code: 'KR116',
  run: (context) =>
    joined(context).flatMap(({ service, slices, pods }) => {
      const listed = new Set(slices.flatMap((slice) => slice.endpoints.flatMap((one) => one.addresses)));
      const absent = pods.filter(
        (pod) => pod.ready && pod.deletedAt === null && pod.ips.length > 0 && !pod.ips.some((ip) => listed.has(ip)),
      );
      if (absent.length === 0) return [];
      return about('KR116', service, {
        cause: `Pods ${listText(absent.map((pod) => pod.name))} are ready and picked by the selector, but no EndpointSlice of ${serviceName(service)} has them.`,
        remedy:
          'See whether the EndpointSlice controller works (kube-controller-manager, its log and lease); the slices may also be older than the pods.',
        evidence: absent.slice(0, 3).map((pod) => pod.cursor.at('status', 'podIPs').evidence()),
      });
    }),
};

function joined(context: CheckContext): readonly Joined[] {
  return servicesMet(context).flatMap((service) => {
    if (service.selector === null || objectsOf(context) === undefined || !endpointsKnown(context, service)) return [];
    return [{ service, slices: slicesOf(context, service), pods: selectedPods(context, service) }];
  });
}

function about(code: Code, service: ServiceFact, rest: Pick<Finding, 'cause' | 'remedy' | 'evidence'>): Finding[] {
  return [finding(code, { subject: serviceSubject(service), ...rest })];
}
