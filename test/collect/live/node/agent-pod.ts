/** A pod of a node, as the API server lists it. */
export function agentPod(overrides: {
  name?: string;
  labels?: Record<string, string>;
  container?: string;
  securityContext?: object;
  hostNetwork?: boolean;
  hostPID?: boolean;
  running?: boolean;
  metadata?: object;
}): object {
  const { name = 'kube-proxy-x1', labels = { 'k8s-app': 'kube-proxy' }, container = 'kube-proxy' } = overrides;
  const { securityContext = { privileged: true }, hostNetwork = true, hostPID = false, running = true } = overrides;
  return {
    metadata: { namespace: 'kube-system', name, labels, ...overrides.metadata },
    spec: {
      nodeName: 'node1',
      hostNetwork,
      hostPID,
      containers: [{ name: 'side' }, { name: container, securityContext }],
    },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: container, state: running ? { running: {} } : { waiting: {} } }],
    },
  };
}
