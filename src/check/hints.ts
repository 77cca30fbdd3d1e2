import { finding, objectsOf, type Check } from './check.ts';
import { nodeVisits } from './nodes-met.ts';
import { endpointsKnown, endpointsOf, serviceName, serviceSubject } from './services-met.ts';

/**
 * K11: zone hints count only when every ready endpoint has one and some are for the node's zone; else all endpoints are used.
 * Source: pkg/proxy/topology.go, topologyModeFromHints.
 */
export const hintsCheck: Check = {
  code: 'KR222',
  run: (context) =>
    nodeVisits(context).flatMap(({ node, intended }) => {
      const service = intended?.find((outcome) => outcome.service !== null)?.service ?? null;
      const own = objectsOf(context)?.nodes.find((one) => one.name === node);
      if (service === null || own === undefined || !endpointsKnown(context, service)) return [];
      const ready = endpointsOf(context, service).filter((one) => one.ready);
      const hinted = ready.filter((one) => one.hintZones !== null && one.hintZones.length > 0);
      if (hinted.length === 0) return [];
      const { zone } = own;
      const some = hinted.length < ready.length;
      const reached = zone !== null && hinted.some((one) => one.hintZones?.includes(zone) === true);
      if (!some && reached) return [];
      const why = some
        ? `${ready.length - hinted.length} of its ${ready.length} ready endpoints have no hint`
        : zone === null
          ? `node ${node} has no zone`
          : `no endpoint is meant for zone ${zone} of node ${node}`;
      return [
        finding('KR222', {
          subject: serviceSubject(service),
          cause: `Its topology hints are not followed on node ${node}: ${why}, so that endpoints of all zones of ${serviceName(service)} are used.`,
          remedy:
            'Run endpoints in every zone with clients, label nodes with topology.kubernetes.io/zone, and see whether the EndpointSlice controller is behind.',
          evidence: ready.slice(0, 5).map((one) => one.cursor.evidence()),
        }),
      ];
    }),
};
