import { formatEndpoint } from '../model/address.ts';
import { listText } from '../model/wording.ts';
import { finding, visitsOf, type Check } from './check.ts';

/** S03, S23: the packet arrives where no socket takes it. */
export const noListenerCheck: Check = {
  code: 'KR105',
  run: (context) =>
    visitsOf(context, 'socket').flatMap(({ owner, flow, listening, near, listed }) => {
      if (listening === null || listening.length > 0) return [];
      const subject = owner.kind === 'pod' ? `pod ${owner.pod.namespace}/${owner.pod.name}` : `node ${owner.node}`;
      const at = formatEndpoint(flow.destination, flow.destinationPort);
      const elsewhere = near.map((socket) => `${socket.protocol} ${formatEndpoint(socket.address, socket.port)}`);
      const but = elsewhere.length === 0 ? '' : `; the port is bound at ${listText(elsewhere)} only`;
      return [
        finding('KR105', {
          subject,
          cause: `Nothing there listens on ${at}/${flow.protocol}${but}.`,
          remedy:
            near.length === 0
              ? "Make the application listen on that port, or point the Service's targetPort at the port it listens on."
              : 'Make the application bind the wildcard address (0.0.0.0 or ::) instead.',
          evidence: listed,
        }),
      ];
    }),
};
