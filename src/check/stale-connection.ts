import { formatEndpoint } from '../model/address.ts';
import { finding, visitsOf, type Check } from './check.ts';
import { endpointsKnown, endpointsOf } from './services-met.ts';

/** K19, K20: conntrack keeps sending a client's packets to an endpoint that no slice has any more. */
export const staleConnectionCheck: Check = {
  code: 'KR211',
  run: (context) => {
    return visitsOf(context, 'netns').flatMap(({ owner, flow, intended }) => {
      const service = intended?.find((outcome) => outcome.service !== null)?.service ?? null;
      if (owner.kind !== 'node' || service === null || !endpointsKnown(context, service)) return [];
      const known = new Set(endpointsOf(context, service).flatMap((endpoint) => endpoint.addresses));
      const entries = context.cluster.node(owner.node).netns.conntrack().value ?? [];
      const stale = entries.filter(
        (entry) =>
          entry.protocol === flow.protocol &&
          entry.original.source === flow.source &&
          entry.original.destination === flow.destination &&
          entry.original.destinationPort === flow.destinationPort &&
          entry.reply.source !== entry.original.destination &&
          !known.has(entry.reply.source) &&
          (entry.unreplied || entry.protocol === 'udp'),
      );
      return stale.slice(0, 3).map((entry) =>
        finding('KR211', {
          subject: `node ${owner.node}`,
          cause: `It tracks a ${entry.protocol} connection from ${formatEndpoint(entry.original.source, entry.original.sourcePort)} to ${formatEndpoint(flow.destination, flow.destinationPort)} that still leads to ${formatEndpoint(entry.reply.source, entry.reply.sourcePort)}, which is no endpoint any more.`,
          remedy: `Delete the entry on ${owner.node}: conntrack -D -p ${entry.protocol} --orig-src ${entry.original.source} --orig-dst ${entry.original.destination} --reply-src ${entry.reply.source}`,
          evidence: [entry.evidence],
        }),
      );
    });
  },
};
