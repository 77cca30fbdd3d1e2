/**
 * TLS that clients speak to applications themselves, at random: through the ingress gateway, which passes it on by the name that it asks
 * for, and through the mesh. In: a source of randomness. Out: objects, and what to ask.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { INGRESS } from '../../lab/istio/install.ts';
import { inNamespace, istio } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';
import { fullName } from './random-names.ts';
import type { Place } from './random-services.ts';

/** Names of the gateway's TLS that is passed on; the last is of no server. */
const NAMES = [
  'one.pass.example.test',
  'two.pass.example.test',
  'far.two.pass.example.test',
  'pass.example.test',
  'gone.example.test',
];
/** Names that cover them, as one VirtualService may have them: none covers another of it. */
const SPELT = [
  ['one.pass.example.test', 'two.pass.example.test'],
  ['one.pass.example.test', '*.two.pass.example.test'],
  ['two.pass.example.test'],
  ['*.pass.example.test'],
  ['*.pass.example.test', 'gone.example.test'],
  ['*.two.pass.example.test'],
];

/** Asked from outside. */
export const PASSED_ON: readonly Place[] = NAMES.map((host) => ({
  host,
  port: 443,
  address: INGRESS.v4,
  speaks: 'https',
}));

/** Services that speak TLS themselves, as clients in the mesh call them. */
export const TLS_PLACES: readonly Place[] = ['store.bookinfo', 'raw.plain'].flatMap((name) =>
  [name, `${name}.svc.cluster.local`].map((host): Place => ({ host, port: 8443, speaks: 'https' })),
);

export function randomPassage(random: Random): readonly KubernetesObject[] {
  const hosts = random.pick([
    ['*.pass.example.test', 'gone.example.test'],
    ['*.pass.example.test'],
    ['one.pass.example.test', '*.pass.example.test'],
    NAMES.slice(0, 2),
  ]);
  const modes = ['PASSTHROUGH', 'PASSTHROUGH', 'PASSTHROUGH', 'AUTO_PASSTHROUGH'];
  const gateway = istio('networking', 'Gateway', 'passing', {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 443, name: 'tls', protocol: random.pick(['TLS', 'TLS', 'HTTPS']) },
        hosts,
        tls: { mode: random.pick(modes) },
      },
    ],
  });
  return [
    ...(random.chance(0.95) ? [gateway] : []),
    ...['passing', 'passing-too'].filter(() => random.chance(0.85)).map((name) => throughGateway(random, name)),
    ...['store', 'raw.plain'].filter(() => random.chance(0.25)).map((name) => throughMesh(random, name)),
  ];
}

function throughGateway(random: Random, name: string): KubernetesObject {
  const hosts = random.pick(SPELT);
  return istio('networking', 'VirtualService', name, {
    hosts,
    gateways: random.pick([['passing'], ['passing'], ['bookinfo/passing', 'mesh']]),
    tls: Array.from({ length: 1 + random.below(2) }, () => ({
      match: [{ sniHosts: random.some(hosts, 1, 2), ...random.maybe(0.3, () => ({ port: 443 })) }],
      route: route(random),
    })),
    // Routes of TCP take what no name decides.
    ...random.maybe(0.15, () => ({ tcp: [{ match: [{ port: 443 }], route: route(random) }] })),
  });
}

function throughMesh(random: Random, name: string): KubernetesObject {
  const host = fullName(name);
  const object = istio('networking', 'VirtualService', `${name.replace('.', '-')}-tls`, {
    hosts: [host],
    tls: [
      {
        match: [
          {
            sniHosts: [host],
            ...random.maybe(0.5, () => ({ port: 8443 })),
            ...random.maybe(0.2, () => ({ sourceLabels: { app: 'cli' } })),
          },
        ],
        route: route(random),
      },
    ],
  });
  return random.chance(0.8) ? object : inNamespace('limited', object);
}

function route(random: Random): readonly object[] {
  const hosts = ['store', 'store', 'raw.plain', 'raw.plain', 'nowhere'].map(fullName);
  const shares = random.pick([[100], [100], [30, 70], [0, 100]]);
  return shares.map((weight) => ({ destination: { host: random.pick(hosts), port: { number: 8443 } }, weight }));
}
