/** What the ingress gateway lets in by its port of HTTP, at random. In: a source of randomness, and where routes may lead. Out: objects. */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { inNamespace, istio } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';
import { SERVICES, type Entries } from './random-names.ts';
import { action, routes } from './random-routes.ts';

/** Hosts that are asked of the gateway. */
export const GATEWAY_HOSTS = ['a.example.test', 'b.example.test', 'c.example.test'];

export function randomGateways(random: Random, entries: Entries): readonly KubernetesObject[] {
  const services = GATEWAY_HOSTS.filter(() => random.chance(0.85));
  return [
    gateway(random, 'front'),
    ...(random.chance(0.3) ? [gateway(random, 'side')] : []),
    ...services.map((host) => virtualService(random, host, entries)),
  ];
}

function gateway(random: Random, name: string): KubernetesObject {
  const hosts = GATEWAY_HOSTS.filter(() => random.chance(0.75)).map((host) => spelt(random, host));
  return istio('networking', 'Gateway', name, {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 80, name: 'http', protocol: 'HTTP' },
        hosts: hosts.length === 0 ? [random.pick(['*.example.test', '*'])] : hosts,
        ...random.maybe(0.1, () => ({ tls: { httpsRedirect: true } })),
      },
    ],
  });
}

/** A host, perhaps for the VirtualServices of some namespace alone. */
function spelt(random: Random, host: string): string {
  return random.chance(0.8) ? host : `${random.pick(['bookinfo', '.', '*', 'limited'])}/${host}`;
}

function virtualService(random: Random, host: string, entries: Entries): KubernetesObject {
  const object = istio('networking', 'VirtualService', `front-${host.slice(0, 1)}`, {
    hosts: random.pick([[host], [host], [host], [host, 'nobody.example.test'], ['*.example.test']]),
    gateways: random.pick([
      ['bookinfo/front'],
      ['bookinfo/front'],
      ['bookinfo/front', 'mesh'],
      ['bookinfo/side', 'bookinfo/front'],
      ['back'],
    ]),
    ...random.maybe(0.1, () => ({ exportTo: ['.'] })),
    http: [
      ...(random.chance(0.3) ? [byClaim(random, entries)] : []),
      ...routes(random, random.pick(SERVICES), entries),
    ],
  });
  return random.chance(0.8) ? object : inNamespace('limited', object);
}

/** A route for who has a claim, which a gateway takes only behind a RequestAuthentication. */
function byClaim(random: Random, entries: Entries): object {
  const [claim, value] = random.pick([
    ['group', { exact: 'a' }],
    ['sub', { prefix: 'b' }],
    ['of.city', { regex: 'U.*' }],
    ['sub', {}],
  ]);
  const kind = random.chance(0.8) ? 'headers' : 'withoutHeaders';
  return {
    match: [{ [kind]: { [`@request.auth.claims.${claim}`]: value } }],
    ...action(random, random.pick(SERVICES), entries),
  };
}
