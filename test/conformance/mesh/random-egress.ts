/**
 * What leaves the mesh through a gateway, at random: clients' proxies lead a host to it, in plaintext, in the mesh's own TLS or in that of
 * the clients, and it leads on. In: a source of randomness. Out: objects, and what to ask.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio, serviceEntry } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';
import type { Place } from './random-services.ts';

const HOST = 'partner.example.test';
const ADDRESS = '240.240.6.1';
const GATEWAY = 'istio-ingressgateway.istio-system.svc.cluster.local';

export const LEAVING: readonly Place[] = [
  { host: HOST, address: ADDRESS, port: 8080, speaks: 'http' },
  { host: HOST, address: ADDRESS, port: 8443, speaks: 'https' },
];

export function randomEgress(random: Random): readonly KubernetesObject[] {
  const mutual = random.chance(0.5);
  const [port, protocol] = mutual ? [443, 'HTTPS'] : [80, 'HTTP'];
  const hosts = [random.chance(0.85) ? HOST : '*.example.test'];
  const gateway = istio('networking', 'Gateway', 'egress', {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: port, name: `${protocol.toLowerCase()}-egress`, protocol },
        hosts,
        ...(mutual ? { tls: { mode: 'ISTIO_MUTUAL' } } : {}),
      },
      ...(random.chance(0.5)
        ? [{ port: { number: 443, name: 'tls-egress', protocol: 'TLS' }, hosts, tls: { mode: 'PASSTHROUGH' } }]
        : []),
    ],
  });
  const routes = istio('networking', 'VirtualService', 'egress', {
    hosts: [HOST],
    gateways: random.chance(0.9) ? ['mesh', 'egress'] : ['egress'],
    http: [
      {
        match: [{ gateways: ['mesh'], port: 8080 }],
        route: [{ destination: { host: GATEWAY, subset: 'egress', port: { number: port } } }],
      },
      { match: [{ gateways: ['egress'], port }], route: [{ destination: { host: HOST, port: { number: 8080 } } }] },
    ],
    tls: [
      {
        match: [{ gateways: ['mesh'], port: 8443, sniHosts: [HOST] }],
        route: [{ destination: { host: GATEWAY, port: { number: 443 } } }],
      },
      {
        match: [{ gateways: ['egress'], port: 443, sniHosts: [HOST] }],
        route: [{ destination: { host: HOST, port: { number: 8443 } } }],
      },
    ],
  });
  return [partner(random), toGateway(random, mutual), gateway, ...(random.chance(0.9) ? [routes] : [])];
}

function partner(random: Random): KubernetesObject {
  return serviceEntry('partner', {
    hosts: [HOST],
    addresses: [ADDRESS],
    location: 'MESH_EXTERNAL',
    ports: [
      { number: 8080, name: 'http-partner', protocol: 'HTTP' },
      { number: 8443, name: 'tls-partner', protocol: random.pick(['TLS', 'HTTPS']) },
    ],
    ...(random.chance(0.5)
      ? { resolution: 'DNS', endpoints: [{ address: 'raw.plain.svc.cluster.local' }] }
      : { resolution: 'STATIC', endpoints: [{ address: random.pick(['{raw}', '{store}']) }] }),
  });
}

/** How clients' proxies speak to the gateway. */
function toGateway(random: Random, mutual: boolean): KubernetesObject {
  const sni = random.maybe(0.8, () => ({ sni: HOST }));
  const tls = random.chance(0.9) === mutual ? { mode: 'ISTIO_MUTUAL', ...sni } : { mode: 'DISABLE' };
  return istio('networking', 'DestinationRule', 'egress', {
    host: GATEWAY,
    trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } },
    subsets: [
      {
        name: 'egress',
        trafficPolicy: {
          portLevelSettings: [
            { port: { number: mutual ? 443 : 80 }, connectionPool: { http: { maxRequestsPerConnection: 1 } }, tls },
          ],
        },
      },
    ],
  });
}
