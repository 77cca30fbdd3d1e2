import type { PodFact, ServicePort } from '../model/kubernetes.ts';
import { listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { endpointsKnown, selectedPods, servicePortsMet, serviceName, serviceSubject } from './services-met.ts';

/** S04: a named target port is looked up in each pod; a pod without that name is no endpoint of the port. */
export const namedTargetPortCheck: Check = {
  code: 'KR103',
  run: (context) => {
    return servicePortsMet(context).flatMap(({ service, port }) => {
      const name = port.targetPort;
      if (typeof name !== 'string' || !endpointsKnown(context, service)) return [];
      const pods = selectedPods(context, service);
      const ports = pods.flatMap((pod) => pod.containers.flatMap((container) => container.ports));
      if (pods.length === 0 || ports.some((one) => one.name === name && one.protocol === port.protocol)) return [];
      const known = [...new Set(ports.map((one) => `${one.name ?? 'unnamed'} ${one.containerPort}/${one.protocol}`))];
      return [
        finding('KR103', {
          subject: serviceSubject(service),
          cause: `Port ${port.port} of ${serviceName(service)} leads to the container port named "${name}", which none of its ${pods.length} pods declares.`,
          remedy: `Set spec.ports[].targetPort to a port that the pods declare (${listText(known)}), or name the container's port "${name}".`,
          evidence: [port.cursor.at('targetPort').evidence()],
        }),
      ];
    });
  },
};

/** S04: as above, where some pods have the name and others have not. */
export const someNamedTargetPortsCheck: Check = {
  code: 'KR112',
  run: (context) =>
    servicePortsMet(context).flatMap(({ service, port }) => {
      if (typeof port.targetPort !== 'string' || !endpointsKnown(context, service)) return [];
      const pods = selectedPods(context, service);
      const lacking = pods.filter((pod) => !declares(pod, port));
      if (lacking.length === 0 || lacking.length === pods.length) return [];
      return [
        finding('KR112', {
          subject: serviceSubject(service),
          cause: `Port ${port.port} of ${serviceName(service)} leads to the container port named "${port.targetPort}", which ${lacking.length} of its ${pods.length} pods do not declare (${listText(lacking.map((pod) => pod.name))}), so they get none of its connections.`,
          remedy: `Name the port "${port.targetPort}" in all pods that the selector picks, or narrow the selector.`,
          evidence: [
            port.cursor.at('targetPort').evidence(),
            ...lacking.slice(0, 3).map((pod) => pod.cursor.at('spec', 'containers').evidence()),
          ],
        }),
      ];
    }),
};

function declares(pod: PodFact, { targetPort, protocol }: ServicePort): boolean {
  return pod.containers.some((container) =>
    container.ports.some((one) => one.name === targetPort && one.protocol === protocol),
  );
}
