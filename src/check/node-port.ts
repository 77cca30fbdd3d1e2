import type { ServiceFact } from '../model/kubernetes.ts';
import { formatEndpoint } from '../model/address.ts';
import { finding, objectsOf, type Check, type CheckContext } from './check.ts';
import { nodeVisits, type NodeVisit } from './nodes-met.ts';
import { serviceName, serviceSubject } from './services-met.ts';

/** K17: node ports answer at the addresses of nodePortAddresses alone; in nftables mode at the node IPs unless told, never on localhost. */
export const nodePortAddressCheck: Check = {
  code: 'KR216',
  run: (context) =>
    nodeVisits(context).flatMap((visit) => {
      const { node, facts, flow, intended } = visit;
      const config = facts.kubeProxy().value;
      const untouched = intended?.every((outcome) => outcome.action === 'pass' && outcome.service === null) === true;
      if (!untouched || config?.captured !== true || !isOwn(context, visit)) return [];
      const service = withNodePort(context, visit);
      if (service === undefined) return [];
      const given = config.nodePortAddresses;
      const why =
        given.length > 0
          ? `nodePortAddresses is ${given.join(', ')}`
          : `in ${config.mode ?? 'this'} mode it is not among the node IPs`;
      return [
        finding('KR216', {
          subject: serviceSubject(service),
          cause: `Node port ${flow.destinationPort} does not answer at ${flow.destination} of node ${node}: ${why}.`,
          remedy: `Ask at another address of ${node}, or add ${flow.destination} to nodePortAddresses of kube-proxy.`,
          evidence: config.evidence,
        }),
      ];
    }),
};

/** K18: the rules come first, so that the process never gets what is sent to the port from outside. */
export const nodePortTakenCheck: Check = {
  code: 'KR217',
  run: (context) =>
    nodeVisits(context).flatMap(({ node, facts, flow, intended }) => {
      const asked = intended?.find((outcome) => outcome.addressKind === 'nodePort');
      const service = asked?.service ?? null;
      if (service === null) return [];
      const sockets = (facts.netns.sockets().value ?? []).filter(
        (socket) =>
          socket.port === flow.destinationPort &&
          socket.protocol === flow.protocol &&
          (socket.state === 'LISTEN' || socket.state === 'UNCONN') &&
          // Older releases hold the ports themselves, so that nobody else takes them.
          socket.processes.every((one) => one.name !== 'kube-proxy'),
      );
      const [socket] = sockets;
      if (socket === undefined) return [];
      const who = socket.processes[0] === undefined ? 'A process' : `Process ${socket.processes[0].name}`;
      return [
        finding('KR217', {
          subject: `node ${node}`,
          cause: `${who} of node ${node} listens on ${formatEndpoint(socket.address, socket.port)}, which is the node port of ${serviceName(service)}: the rules take its connections away.`,
          remedy:
            'Let the process listen on a port outside the range of node ports, or give the Service another node port.',
          evidence: sockets.slice(0, 3).map((one) => one.evidence),
        }),
      ];
    }),
};

function isOwn(context: CheckContext, { node, facts, flow }: NodeVisit): boolean {
  const captured = facts.netns.addresses().value ?? [];
  const own = objectsOf(context)?.nodes.find((one) => one.name === node)?.addresses ?? [];
  return [...captured, ...own].some((one) => one.address === flow.destination);
}

function withNodePort(context: CheckContext, { flow }: NodeVisit): ServiceFact | undefined {
  return (objectsOf(context)?.services ?? []).find((service) =>
    service.ports.some(
      (port) => port.nodePort === flow.destinationPort && port.protocol.toLowerCase() === flow.protocol,
    ),
  );
}
