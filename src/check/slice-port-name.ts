import { listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { endpointsKnown, servicePortsMet, serviceSubject, slicesOf } from './services-met.ts';

/** S13: kube-proxy and Istio join a Service port and a slice port by name and protocol. */
export const slicePortNameCheck: Check = {
  code: 'KR107',
  run: (context) => {
    return servicePortsMet(context).flatMap(({ service, port }) => {
      if (service.selector !== null || !endpointsKnown(context, service)) return [];
      const slices = slicesOf(context, service).filter((slice) => slice.endpoints.length > 0);
      const ports = slices.flatMap((slice) => slice.ports);
      if (
        slices.length === 0 ||
        ports.some((one) => (one.name ?? '') === (port.name ?? '') && one.protocol === port.protocol)
      )
        return [];
      const names = [...new Set(ports.map((one) => `"${one.name ?? ''}"/${one.protocol}`))];
      return [
        finding('KR107', {
          subject: serviceSubject(service),
          cause: `Its port is named "${port.name ?? ''}"/${port.protocol}, but its EndpointSlices have only ${listText(names)}, so no endpoint belongs to the port.`,
          remedy: "Give the slice's port the name of the Service's port.",
          evidence: [port.cursor.evidence(), ...slices.slice(0, 3).map((slice) => slice.cursor.at('ports').evidence())],
        }),
      ];
    });
  },
};
