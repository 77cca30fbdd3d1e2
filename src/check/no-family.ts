import { finding, type Check } from './check.ts';
import { serviceSubject } from './services-met.ts';

/** S21: the client's address family and the Service's do not meet. */
export const noFamilyCheck: Check = {
  code: 'KR111',
  run: ({ trace }) => {
    const { service } = trace.question.target;
    const { source } = trace.question;
    if (service === null || source.kind !== 'pod' || service.clusterIPs.length === 0) return [];
    const has = (addresses: readonly string[], six: boolean): boolean =>
      addresses.some((one) => one.includes(':') === six);
    const shared = [true, false].some((six) => has(service.clusterIPs, six) && has(source.pod.ips, six));
    if (shared || source.pod.ips.length === 0) return [];
    const six = has(service.clusterIPs, true);
    return [
      finding('KR111', {
        subject: serviceSubject(service),
        cause: `It has only IPv${six ? 6 : 4} addresses, and pod ${source.pod.namespace}/${source.pod.name} only IPv${six ? 4 : 6}.`,
        remedy:
          'Give the Service both families (spec.ipFamilyPolicy: PreferDualStack), or the pod network a second one.',
        evidence: [service.cursor.at('spec', 'clusterIPs').evidence()],
      }),
    ];
  },
};
