/** Environment, arguments and annotations of pods: what is kept of them is what says how traffic is redirected. */
import type { Hiding } from './hiding.ts';
import { isSecretName } from './names-of-secrets.ts';

/** Containers whose arguments and environment decide what happens to traffic. */
const MESH_CONTAINERS = new Set([
  'istio-init',
  'istio-validation',
  'istio-proxy',
  'kube-proxy',
  'coredns',
  'discovery',
  'install-cni',
]);

/** Variables that istio-init, istio-proxy and the sidecar's bootstrap read, and that hold no secret. */
const MESH_VARIABLE =
  /^(?:ISTIO_META_(?!.*(?:TOKEN|SECRET|PASSWORD|KEY))|ISTIO_(?:DUAL_STACK|OUTBOUND_)|INVALID_DROP$|PILOT_|POD_(?:NAME|NAMESPACE|IP)$|INSTANCE_IP$|HOST_IP$|SERVICE_ACCOUNT$|TRUST_DOMAIN$|CA_ADDR$|PROXY_CONFIG$|ENABLE_|ENVOY_|INBOUND_|OUTBOUND_|REDIRECT_DNS$|CAPTURE_ALL_DNS$|PROXY_[UG]ID$|KUBE_VIRT_INTERFACES$|DROP_INVALID$|DUAL_STACK$|CNI_MODE$)/;

/** Annotations that the mesh and kube-proxy read. */
const MESH_ANNOTATION =
  /(?:^|\.)(?:istio\.io)\/|^(?:service|endpoints|endpointslice|discovery|node|topology|networking)\.(?:beta\.)?kubernetes\.io\/|^k8s\.v1\.cni\.cncf\.io\/|^prometheus\.io\/|^kubectl\.kubernetes\.io\/default-container$/;

/** `true`, `8080`, `10s`: nobody's secret. */
export function isPlain(value: string): boolean {
  return /^(?:|true|false|\d{1,5}|\d{1,5}(?:ms|s|m|h))$/i.test(value);
}

export function isMeshContainer(name: string | undefined): boolean {
  return name !== undefined && MESH_CONTAINERS.has(name);
}

/** The value of an environment variable. */
export function hideVariable(name: string, value: string, hiding: Hiding): string {
  if (isSecretName(name)) return hiding.value(value, true);
  if (isPlain(value)) return value;
  return MESH_VARIABLE.test(name) ? hiding.text(value) : hiding.value(value, false);
}

/** An argument; `before` is the one before it. */
export function hideArgument(argument: string, before: string | undefined, mesh: boolean, hiding: Hiding): string {
  if (before !== undefined && /^--?[A-Za-z]/.test(before) && !before.includes('=') && isSecretName(before)) {
    return hiding.value(argument, true);
  }
  const [, flag = '', value = ''] = /^(--?[A-Za-z][\w.-]*=)([^]*)$/.exec(argument) ?? [];
  if (flag !== '' && isSecretName(flag)) return flag + hiding.value(value, true);
  if (mesh) return hiding.text(argument);
  if (isPlain(argument) || /^--?[A-Za-z][A-Za-z0-9_.-]{0,60}$/.test(argument)) return hiding.text(argument);
  if (flag !== '') return flag + (isPlain(value) ? value : hiding.value(value, false));
  return hiding.value(argument, false);
}

/** The value of an annotation. */
export function hideAnnotation(key: string, value: string, hiding: Hiding): string {
  if (isPlain(value)) return value;
  return MESH_ANNOTATION.test(key) && !isSecretName(key) ? hiding.text(value) : hiding.value(value, false);
}
