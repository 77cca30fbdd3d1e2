import { finding, type Check } from './check.ts';
import { serviceName, serviceSubject } from './services-met.ts';

/** S17: a headless Service has no virtual address, so nothing translates its port to the target port. */
export const headlessPortCheck: Check = {
  code: 'KR109',
  run: ({ trace }) => {
    const { service, servicePort, port } = trace.question.target;
    if (service === null || servicePort === null || !service.headless) return [];
    const { targetPort } = servicePort;
    if (typeof targetPort !== 'number' || targetPort === port) return [];
    if (trace.branches.every((branch) => branch.disposition === 'delivered')) return [];
    return [
      finding('KR109', {
        subject: serviceSubject(service),
        cause: `It is headless, so its name leads straight to pod addresses and port ${port} is not translated to the target port ${targetPort}.`,
        remedy: `Ask ${serviceName(service)} at port ${targetPort}, or give spec.ports[].port the same number.`,
        evidence: [servicePort.cursor.evidence()],
      }),
    ];
  },
};
