import type { ServiceFact, ServicePort } from '../model/kubernetes.ts';
import { finding, type Check, type CheckContext } from './check.ts';
import { serviceName, serviceSubject, slicesOf } from './services-met.ts';

/** S17: a headless Service has no virtual address, so nothing translates its port to the target port. */
export const headlessPortCheck: Check = {
  code: 'KR109',
  run: (context) => {
    const { trace } = context;
    const { service, servicePort, port } = trace.question.target;
    if (service === null || servicePort === null || !service.headless) return [];
    const targetPort = listeningPort(context, service, servicePort);
    if (targetPort === null || targetPort === port) return [];
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

/** The port that pods listen on: the slices tell it for a named target port as well. */
function listeningPort(context: CheckContext, service: ServiceFact, port: ServicePort): number | null {
  if (typeof port.targetPort === 'number') return port.targetPort;
  const ports = slicesOf(context, service).flatMap((slice) => slice.ports);
  return ports.find((one) => (one.name ?? '') === (port.name ?? '') && one.protocol === port.protocol)?.port ?? null;
}
