import type { ContainerFact, PodFact } from './kubernetes.ts';

const ENVOY_IMAGE = /envoy|proxyv2/;
/** Its container has the name of Istio's sidecar. */
const ZTUNNEL_IMAGE = /ztunnel/;

/** Whether a pod has an Envoy: a container of Istio's name, or with an image that is one; a native sidecar is an init container. */
export function hasProxy({ containers }: PodFact): boolean {
  return containers.some(isEnvoy);
}

function isEnvoy({ name, image, init, sidecar }: ContainerFact): boolean {
  const isSidecar = name === 'istio-proxy' && !ZTUNNEL_IMAGE.test(image ?? '');
  return (!init || sidecar) && (isSidecar || ENVOY_IMAGE.test(image ?? ''));
}
