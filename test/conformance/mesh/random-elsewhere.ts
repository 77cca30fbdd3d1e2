/**
 * What other namespaces say about hosts of `bookinfo`, at random: the client's namespace, one without a mesh, and the root namespace. In: a
 * source of randomness and what may be named. Out: VirtualServices, DestinationRules, and who may see them.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { inNamespace, istio } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';
import { destinationRule } from './random-destination-rules.ts';
import { APPS, fullName, type Entries } from './random-names.ts';
import { routes } from './random-routes.ts';

const NAMESPACES = ['limited', 'plain', 'istio-system'];
/** Who sees an object: everybody, its own namespace, or some. */
const VISIBLE = [{}, { exportTo: ['*'] }, { exportTo: ['.'] }, { exportTo: ['bookinfo'] }, { exportTo: ['limited'] }];

export function randomElsewhere(random: Random, entries: Entries): readonly KubernetesObject[] {
  return [
    ...APPS.filter(() => random.chance(0.15)).map((app) => virtualService(random, app, [fullName(app)], entries)),
    ...(random.chance(0.1) ? [virtualService(random, 'every', ['*.bookinfo.svc.cluster.local'], entries)] : []),
    ...(random.chance(0.1) ? [virtualService(random, 'two', ['details', 'ratings'].map(fullName), entries)] : []),
    ...APPS.filter(() => random.chance(0.15)).map((app) => rule(random, app, fullName(app))),
    ...(random.chance(0.15) ? [rule(random, 'every', '*.bookinfo.svc.cluster.local')] : []),
  ];
}

function virtualService(random: Random, name: string, hosts: readonly string[], entries: Entries): KubernetesObject {
  return inNamespace(
    random.pick(NAMESPACES),
    istio('networking', 'VirtualService', `${name}-elsewhere`, {
      hosts,
      ...random.pick(VISIBLE),
      ...random.maybe(0.2, () => ({ gateways: ['mesh', 'bookinfo/front'] })),
      http: routes(random, random.pick(APPS), entries),
    }),
  );
}

function rule(random: Random, app: string, host: string): KubernetesObject {
  const { spec, metadata, ...rest } = destinationRule(random, app === 'every' ? 'details' : app);
  const moved = { ...metadata, name: `${app}-elsewhere` };
  return inNamespace(random.pick(NAMESPACES), {
    ...rest,
    metadata: moved,
    // One for selected clients is for those of its own namespace.
    spec: { ...(spec as object), host, ...('workloadSelector' in (spec as object) ? {} : random.pick(VISIBLE)) },
  });
}
