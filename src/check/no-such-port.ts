import { listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { serviceName, serviceSubject } from './services-met.ts';

/** S15: the client dials a port that the Service does not have. */
export const noSuchPortCheck: Check = {
  code: 'KR104',
  run: ({ trace }) => {
    const { target, protocol } = trace.question;
    const { service } = target;
    if (service === null || service.headless || service.type === 'ExternalName') return [];
    const wanted = protocol.toUpperCase();
    const nodePort = service.ports.some((port) => port.nodePort === target.port);
    if (nodePort || service.ports.some((port) => port.port === target.port && port.protocol === wanted)) return [];
    const ports = service.ports.map(
      (port) => `${port.name === null ? '' : `${port.name} `}${port.port}/${port.protocol}`,
    );
    return [
      finding('KR104', {
        subject: serviceSubject(service),
        cause: `It has no port ${target.port}/${wanted}; its ports are ${listText(ports)}.`,
        remedy: `Ask ${serviceName(service)} at one of its ports, or add ${target.port}/${wanted} to spec.ports.`,
        evidence: [service.cursor.at('spec', 'ports').evidence()],
      }),
    ];
  },
};
