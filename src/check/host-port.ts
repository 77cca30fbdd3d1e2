import type { TransportProtocol } from '../model/flow.ts';
import type { PodFact } from '../model/kubernetes.ts';
import { listText } from '../model/wording.ts';
import type { Evidence } from '../model/evidence.ts';
import { finding, objectsOf, visitsOf, type Check, type CheckContext } from './check.ts';
import { nodeAt } from './nodes-met.ts';
import { selectedPods, serviceName, servicesMet } from './services-met.ts';

const FINISHED = new Set(['Succeeded', 'Failed']);
/** What the scheduler says of nodes where another pod has the port (pkg/scheduler/framework/plugins/nodeports, ErrReason). */
const NO_FREE_PORT = "didn't have free ports for the requested pod ports";
const ANY_ADDRESS = new Set(['', '0.0.0.0', '::']);

/** A port of a node that a pod wants for itself. */
interface Claim {
  readonly pod: PodFact;
  /** The address of the node that it is for; `''`: all. */
  readonly address: string;
  readonly evidence: Evidence;
}

/** S25: pods that want one port of a node get in each other's way, or find no node. */
export const nodePortClashCheck: Check = {
  code: 'KR121',
  run: (context) => [...clashes(context), ...withoutNode(context)],
};

function clashes(context: CheckContext) {
  return portsMet(context).flatMap(({ node, port, protocol }) => {
    const claims = claimsOf(context, node, port, protocol);
    const rivals = claims.filter((one) => claims.some((other) => other.pod !== one.pod && meet(one, other)));
    const pods = [...new Set(rivals.map(({ pod }) => `${pod.namespace}/${pod.name}`))];
    if (pods.length < 2) return [];
    return [
      finding('KR121', {
        subject: `node ${node}`,
        cause: `Pods ${listText(pods)} all want port ${port}/${protocol.toUpperCase()} of node ${node}: connections reach the one that has it.`,
        remedy: 'Give one of them another port (containers[].ports[].hostPort), or let them run on different nodes.',
        evidence: rivals.slice(0, 5).map(({ evidence }) => evidence),
      }),
    ];
  });
}

/** The ports of nodes that packets came to, each once. */
function portsMet(context: CheckContext) {
  const visits = [...visitsOf(context, 'netns'), ...visitsOf(context, 'socket')];
  const met = visits.flatMap(({ flow: { destination, destinationPort, protocol } }) => {
    const node = nodeAt(context, destination);
    return node === null
      ? []
      : [[`${node} ${destinationPort} ${protocol}`, { node, port: destinationPort, protocol }] as const];
  });
  return [...new Map(met).values()];
}

/** A pod on the node's own network has its ports there; the API server sets their hostPort to the same. */
function claimsOf(context: CheckContext, node: string, port: number, protocol: TransportProtocol): readonly Claim[] {
  return (objectsOf(context)?.podsHaving(node) ?? []).flatMap((pod) => {
    if (pod.nodeName !== node || pod.deletedAt !== null || FINISHED.has(pod.phase ?? '')) return [];
    return pod.containers.flatMap(({ ports, cursor }) =>
      ports.flatMap(({ containerPort, hostPort, protocol: spoken }) => {
        const wanted = pod.hostNetwork ? containerPort : hostPort;
        if (wanted !== port || spoken.toLowerCase() !== protocol) return [];
        const place = cursor
          .at('ports')
          .items()
          .find(
            (one) =>
              one.at('containerPort').number() === containerPort && (one.at('protocol').string() ?? 'TCP') === spoken,
          );
        return place === undefined
          ? []
          : [{ pod, address: place.at('hostIP').string() ?? '', evidence: place.evidence() }];
      }),
    );
  });
}

function meet(one: Claim, other: Claim): boolean {
  return one.address === other.address || ANY_ADDRESS.has(one.address) || ANY_ADDRESS.has(other.address);
}

/** Pods of the Services that are asked, for which no node has the port left. */
function withoutNode(context: CheckContext) {
  return servicesMet(context).flatMap((service) =>
    selectedPods(context, service).flatMap((pod) => {
      if (pod.nodeName !== null || pod.phase !== 'Pending') return [];
      const told = pod.cursor
        .at('status', 'conditions')
        .items()
        .map((condition) => condition.at('message'))
        .find((message) => message.string()?.includes(NO_FREE_PORT) === true);
      if (told === undefined) return [];
      return [
        finding('KR121', {
          subject: `pod ${pod.namespace}/${pod.name}`,
          cause: `Pod ${pod.namespace}/${pod.name} of Service ${serviceName(service)} runs nowhere: on nodes that it may run on, other pods have the port that it wants.`,
          remedy:
            'Give it another hostPort, run no more replicas than there are nodes, or do without hostPort and hostNetwork.',
          evidence: [told.evidence()],
        }),
      ];
    }),
  );
}
