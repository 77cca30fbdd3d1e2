import type { ContainerFact, PodFact, ServiceFact } from '../../model/kubernetes.ts';

/** One environment variable that the kubelet makes of a Service. */
export interface ServiceVariable {
  readonly name: string;
  readonly value: string;
  readonly service: ServiceFact;
  /**
   * `set`: the container has it; `not-set`: the Service is younger than the container, which has no variable for it, or still that
   * of an earlier Service of the same name; `unknown`: one of the two times is not known.
   */
  readonly state: 'set' | 'not-set' | 'unknown';
}

/**
 * The variables about Services that a container got when it started (pkg/kubelet/kubelet_pods.go, getServiceEnvVarMap and
 * makeEnvironmentVariables; pkg/kubelet/envvars/envvars.go): of default/kubernetes always, of the Services of its namespace with
 * enableServiceLinks, not of headless and ExternalName ones. Variables that the container defines itself win. What changed since,
 * the container does not see.
 */
export function serviceEnvironment(
  pod: PodFact,
  container: ContainerFact,
  services: readonly ServiceFact[],
): ServiceVariable[] {
  const byName = new Map<string, ServiceFact>();
  for (const service of services) {
    if (service.clusterIPs[0] === undefined || service.headless) continue;
    const master = service.namespace === 'default' && service.name === 'kubernetes';
    if (master ? !byName.has(service.name) : service.namespace === pod.namespace && pod.enableServiceLinks) {
      byName.set(service.name, service);
    }
  }
  const own = new Set(container.env.map((one) => one.name));
  const started = container.startedAt ?? pod.startedAt;
  const variables = new Map<string, ServiceVariable>();
  for (const service of [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const state = stateOf(service, started);
    for (const [name, value] of variablesOf(service)) {
      if (!own.has(name)) variables.set(name, { name, value, service, state });
    }
  }
  return [...variables.values()];
}

function stateOf(service: ServiceFact, started: string | null): ServiceVariable['state'] {
  const [created, start] = [Date.parse(service.createdAt ?? ''), Date.parse(started ?? '')];
  if (Number.isNaN(created) || Number.isNaN(start)) return 'unknown';
  // both times are whole seconds: within the same one, which came first cannot be told
  if (created === start) return 'unknown';
  return created < start ? 'set' : 'not-set';
}

function variablesOf(service: ServiceFact): [string, string][] {
  const prefix = variableName(service.name);
  const host = service.clusterIPs[0] ?? '';
  const [first] = service.ports;
  if (first === undefined) return [];
  const named = service.ports.flatMap((port): [string, string][] =>
    port.name === null ? [] : [[`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]],
  );
  const links = service.ports.flatMap((port, at): [string, string][] => {
    const protocol = port.protocol.toLowerCase();
    const url = `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port.port}`;
    const link = `${prefix}_PORT_${port.port}_${port.protocol}`;
    return [
      ...(at === 0 ? ([[`${prefix}_PORT`, url]] satisfies [string, string][]) : []),
      [link, url],
      [`${link}_PROTO`, protocol],
      [`${link}_PORT`, String(port.port)],
      [`${link}_ADDR`, host],
    ];
  });
  return [[`${prefix}_SERVICE_HOST`, host], [`${prefix}_SERVICE_PORT`, String(first.port)], ...named, ...links];
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
