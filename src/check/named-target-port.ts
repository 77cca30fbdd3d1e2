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
