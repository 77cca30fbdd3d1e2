import { createHash } from 'node:crypto';
import type { NodePlace } from '../network.ts';
import type { KubernetesObject } from '../control-plane/objects.ts';
import type { PodSpec, Topology } from './topology.ts';

/** Name under which the node's container runtime knows the agent. */
export const AGENT_IMAGE = 'lab.test/agent:1';

/** A pod as it is created. */
export function podObject(spec: PodSpec): KubernetesObject {
  const ports = spec.ports ?? [];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: spec.name,
      namespace: spec.namespace,
      labels: spec.labels ?? {},
      annotations: spec.annotations ?? {},
    },
    spec: {
      nodeName: spec.node,
      ...(spec.serviceAccount === undefined ? {} : { serviceAccountName: spec.serviceAccount }),
      hostNetwork: spec.hostNetwork ?? false,
      terminationGracePeriodSeconds: spec.terminating === true ? 600 : 1,
      containers: [
        {
          name: 'app',
          image: AGENT_IMAGE,
          imagePullPolicy: 'Never',
          args: agentArguments(spec),
          env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          ports: ports.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
          ...(spec.ready === false ? { readinessProbe: { exec: { command: ['/agent', 'fail'] } } } : {}),
        },
      ],
    },
  };
}

/**
 * Pods as a kubelet would have reported them, for a cluster without kubelets: running, with addresses of their node's range.
 */
export function podObjectsWithStatus(topology: Topology, nodes: readonly NodePlace[]): KubernetesObject[] {
  const used = new Map<string, number>();
  return topology.pods.map((spec) => {
    const node = nodes.find(({ name }) => name === spec.node);
    if (node === undefined) throw new Error(`pod ${spec.name} is on a node that is not there: ${spec.node}`);
    const number = (used.get(node.name) ?? 9) + 1;
    used.set(node.name, number);
    const v4 = spec.hostNetwork === true ? node.address.v4 : node.podRange.v4.replace(/0\/24$/, String(number));
    const v6 = spec.hostNetwork === true ? node.address.v6 : node.podRange.v6.replace(/\/64$/, number.toString(16));
    return { ...podObject(spec), status: runningStatus(spec, node, v4, v6) };
  });
}

/** The node object that a kubelet would register. */
export function nodeObject(node: NodePlace, at: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: { 'kubernetes.io/hostname': node.name, 'topology.kubernetes.io/zone': `zone-${at + 1}` },
    },
    spec: { podCIDR: node.podRange.v4, podCIDRs: [node.podRange.v4, node.podRange.v6] },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.address.v4 },
        { type: 'InternalIP', address: node.address.v6 },
        { type: 'Hostname', address: node.name },
      ],
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
    },
  };
}

/** Id of a pod's only container, as a runtime would have drawn it. */
export function containerId({ namespace, name }: PodSpec): string {
  return createHash('sha256').update(`${namespace}/${name}`).digest('hex');
}

function runningStatus(spec: PodSpec, node: NodePlace, v4: string, v6: string): object {
  const { ready = true } = spec;
  const status = ready ? 'True' : 'False';
  return {
    phase: 'Running',
    hostIP: node.address.v4,
    hostIPs: [{ ip: node.address.v4 }, { ip: node.address.v6 }],
    podIP: v4,
    podIPs: [{ ip: v4 }, { ip: v6 }],
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: type.endsWith('eady') ? status : 'True',
    })),
    containerStatuses: [
      {
        name: 'app',
        image: AGENT_IMAGE,
        imageID: '',
        containerID: `containerd://${containerId(spec)}`,
        ready,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  };
}

/** What the agent of a pod is told. */
export function agentArguments({ ports = [] }: PodSpec): readonly string[] {
  return [
    'serve',
    ...ports.map(
      ({ port, protocol, speaks, address }) =>
        `${address === undefined ? '' : `${address}:`}${port}/${agentProtocol(protocol, speaks)}`,
    ),
  ];
}

function agentProtocol(protocol: 'TCP' | 'UDP', speaks: 'http' | 'https' | 'text' = 'http'): string {
  if (protocol === 'UDP') return 'udp';
  return speaks === 'text' ? 'tcp' : speaks;
}
