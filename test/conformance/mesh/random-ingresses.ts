/** Ingresses of Kubernetes at random, which istiod serves by the ingress gateway. In: a source of randomness. Out: objects. */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Random } from '../envoy/random.ts';
import { OF_MESH } from './gateway-secrets.ts';
import { APPS, portOf } from './random-names.ts';

/** Hosts that are asked. */
export const INGRESS_HOSTS = ['one.ingress.example.test', 'two.ingress.example.test'];

export function randomIngresses(random: Random): readonly KubernetesObject[] {
  return ['ingress', 'ingress-too']
    .filter(() => random.chance(0.6))
    .map((name) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name,
        namespace: 'bookinfo',
        annotations: { 'kubernetes.io/ingress.class': random.pick(['istio', 'istio', 'istio', 'other']) },
      },
      spec: {
        ...random.maybe(0.2, () => ({ defaultBackend: backend(random) })),
        ...random.maybe(0.4, () => ({ tls: [{ hosts: [random.pick(INGRESS_HOSTS)], secretName: OF_MESH }] })),
        rules: random.some([...INGRESS_HOSTS, '*.ingress.example.test', ''], 1, 2).map((host) => ({
          ...(host === '' ? {} : { host }),
          http: { paths: Array.from({ length: 1 + random.below(3) }, () => path(random)) },
        })),
      },
    }));
}

function path(random: Random): object {
  return {
    path: random.pick(['/', '/a', '/a/b', '/b', '/c/']),
    pathType: random.pick(['Prefix', 'Prefix', 'Exact', 'ImplementationSpecific']),
    backend: backend(random),
  };
}

function backend(random: Random): object {
  const name = random.pick([...APPS, ...APPS, 'nowhere']);
  return { service: { name, port: random.chance(0.8) ? { number: portOf(name) } : { name: 'http' } } };
}
