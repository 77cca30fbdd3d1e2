import type { KubernetesObject } from '../control-plane/objects.ts';
import type { PodSpec } from './topology.ts';

/** Where all of it is, unless told. */
export const NAMESPACE = 'bookinfo';
/** Ports of pods: HTTP, text that the server begins, HTTP that no proxy knows for it, since its Service calls the port TCP, and TLS. */
export const HTTP = { name: 'http', port: 8080, protocol: 'TCP' } as const;
export const TCP = { name: 'tcp', port: 9000, protocol: 'TCP', speaks: 'text' } as const;
export const TLS = { name: 'tls', port: 8443, protocol: 'TCP', speaks: 'https' } as const;
export const BYTES = { name: 'bytes', port: 8082, protocol: 'TCP' } as const;

export function pod(name: string, node: string, ports: NonNullable<PodSpec['ports']>): PodSpec {
  return { name, namespace: NAMESPACE, node, labels: { app: name }, ports };
}

export function port(name: string, number: number): object {
  return { name, port: number, protocol: 'TCP', targetPort: number };
}

/** A Service; it has port `http` 8080 unless told. */
export function service(name: string, number: number, app: string, spec: object = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { clusterIP: `10.96.20.${number}`, selector: { app }, ports: [port('http', 8080)], ...spec },
  };
}

export function istio(group: 'networking' | 'security', kind: string, name: string, spec: object): KubernetesObject {
  const version = kind === 'EnvoyFilter' ? 'v1alpha3' : 'v1';
  return { apiVersion: `${group}.istio.io/${version}`, kind, metadata: { name, namespace: NAMESPACE }, spec };
}

/** For the host of a Service of this name. */
export function virtualService(name: string, http: readonly object[]): KubernetesObject {
  return istio('networking', 'VirtualService', name, { hosts: [name], http });
}

export function destinationRule(name: string, trafficPolicy: object): KubernetesObject {
  return istio('networking', 'DestinationRule', name, { host: name, trafficPolicy });
}

export function subsets(name: string, versions: readonly string[]): KubernetesObject {
  return istio('networking', 'DestinationRule', name, {
    host: name,
    subsets: versions.map((version) => ({ name: version, labels: { version } })),
  });
}

export function peerAuthentication(app: string, mode: string): KubernetesObject {
  return istio('security', 'PeerAuthentication', app, { selector: { matchLabels: { app } }, mtls: { mode } });
}

export function serviceEntry(name: string, spec: object): KubernetesObject {
  return istio('networking', 'ServiceEntry', name, { location: 'MESH_INTERNAL', ...spec });
}

export function of(host: string, subset: string): object {
  return { host, subset };
}

export function to(host: string, number: number): object {
  return { host, port: { number } };
}

export function aborted(httpStatus: number, value = 100): object {
  return { abort: { httpStatus, percentage: { value } } };
}

/** The same object elsewhere. */
export function inNamespace(namespace: string, object: KubernetesObject): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
