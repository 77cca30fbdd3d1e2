import type { Evidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';
import type { Cursor } from '../../model/json.ts';
import type { ContainerFact, PodFact } from '../../model/kubernetes.ts';

const SIDECARS = new Set(['istio-proxy', 'linkerd-proxy']);

/**
 * Evidence that a TCP port of a pod answers though its sockets were not seen: the container is ready, and its readiness probe
 * connects to that very port of the pod's address (kubelet probes the pod IP unless the probe names another host). In a pod
 * with a sidecar proxy the probe may have reached the proxy, which accepts any port, so there it proves nothing.
 * @returns null when no probe proves it
 */
export function probedPort(pod: PodFact, flow: Flow): readonly Evidence[] | null {
  if (flow.protocol !== 'tcp' || pod.containers.some((container) => SIDECARS.has(container.name))) return null;
  for (const container of pod.containers) {
    if (container.init || container.ready !== true) continue;
    const probe = container.cursor.at('readinessProbe');
    for (const kind of ['httpGet', 'tcpSocket', 'grpc'] as const) {
      const action = probe.at(kind);
      if (!action.exists || action.at('host').exists) continue;
      if (portNumber(action.at('port'), container) === flow.destinationPort) return [action.evidence()];
    }
  }
  return null;
}

function portNumber(port: Cursor, container: ContainerFact): number | undefined {
  const name = port.string();
  if (name === undefined || /^\d+$/.test(name)) return port.number();
  return container.ports.find((one) => one.name === name)?.containerPort;
}
