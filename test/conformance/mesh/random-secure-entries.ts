/**
 * ServiceEntries at random to which proxies speak TLS of their own, and the ingress gateway as the server that ends it: names, server
 * names, authorities and client certificates that fit, or do not.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio, serviceEntry } from '../../lab/topology/mesh-objects.ts';
import { OUTPUT_CERTIFICATES } from '../../lab/topology/mesh-base.ts';
import type { Random } from '../envoy/random.ts';
import { FOREIGN, OF_MESH, SECURE_HOSTS } from './gateway-secrets.ts';
import type { EntryHost } from './random-service-entries.ts';

const GATEWAY = 'istio-ingressgateway.istio-system.svc.cluster.local';
/** A name of the gateway's certificates, and one that none bears. */
const NAMES = [...SECURE_HOSTS, 'nobody.example.test'];
const ROOT = '/var/run/secrets/istio/root-cert.pem';
const MODES = ['SIMPLE', 'SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL', 'ISTIO_MUTUAL'];

/** One for each host. */
export function randomSecureEntries(random: Random): readonly EntryHost[] {
  return SECURE_HOSTS.map((host, at) => {
    const name = host.slice(0, host.indexOf('.'));
    const address = `240.240.4.${at + 1}`;
    const port = 8090 + at;
    const protocol = random.pick(['HTTP', 'HTTP', 'TCP', 'TLS', 'HTTPS']);
    const isTls = protocol === 'TLS' || protocol === 'HTTPS';
    const entry = serviceEntry(name, {
      hosts: [host],
      addresses: [address],
      location: 'MESH_EXTERNAL',
      ports: [{ number: port, name: `${protocol.toLowerCase()}-${name}`, protocol, targetPort: 443 }],
      resolution: 'DNS',
      endpoints: [{ address: GATEWAY }],
    });
    const rule = istio('networking', 'DestinationRule', name, {
      host,
      trafficPolicy: {
        connectionPool: { http: { maxRequestsPerConnection: 1 } },
        // What is TLS already would be TLS twice, which the gateway takes for no HTTP.
        ...random.maybe(isTls ? 0.05 : 0.95, () => ({ tls: clientTls(random) })),
      },
    });
    const objects = [entry, rule, ...(isTls && random.chance(0.6) ? [passage(random, name, host, port)] : [])];
    return { name, host, address, port, speaks: isTls ? 'https' : 'http', objects };
  });
}

/** Where clients' own TLS leads, by the name that it asks for. */
function passage(random: Random, name: string, host: string, port: number): KubernetesObject {
  const names = random.pick([[host], [host], ['*.example.test'], ['nobody.example.test']]);
  return istio('networking', 'VirtualService', `${name}-tls`, {
    hosts: names,
    tls: [
      {
        match: [{ sniHosts: names, ...random.maybe(0.5, () => ({ port })) }],
        route: [{ destination: { host, port: { number: port } } }],
      },
    ],
  });
}

function clientTls(random: Random): object {
  const mode = random.pick(['SIMPLE', 'SIMPLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']);
  const sni = random.maybe(0.5, () => ({ sni: random.pick(NAMES) }));
  // Names without an authority are refused as a whole; the lab's proxies have no authorities of a system.
  const verified = random.chance(0.7);
  const names = random.maybe(verified ? 0.4 : 0, () => ({ subjectAltNames: random.some(NAMES, 1, 2) }));
  if (mode === 'ISTIO_MUTUAL') return { mode, ...sni, ...names };
  return {
    mode,
    ...sni,
    ...names,
    ...(verified ? { caCertificates: ROOT } : random.maybe(0.7, () => ({ insecureSkipVerify: true }))),
    ...(mode === 'MUTUAL'
      ? {
          clientCertificate: `${OUTPUT_CERTIFICATES}/cert-chain.pem`,
          privateKey: `${OUTPUT_CERTIFICATES}/key.pem`,
        }
      : {}),
  };
}

/** The gateway that ends it. @param http makes what becomes of a request to a host */
export function secureGateway(random: Random, http: () => readonly object[]): readonly KubernetesObject[] {
  const server = (hosts: readonly string[], number: number): object => {
    const mode = random.pick(MODES);
    return {
      port: { number: 443, name: `https-${number}`, protocol: 'HTTPS' },
      hosts,
      tls: {
        mode,
        ...(mode === 'ISTIO_MUTUAL'
          ? {}
          : { credentialName: random.pick([OF_MESH, OF_MESH, OF_MESH, FOREIGN, 'none']) }),
        ...random.maybe(0.2, () => ({ minProtocolVersion: 'TLSV1_3' })),
      },
    };
  };
  const [first = '', ...others] = SECURE_HOSTS;
  return [
    istio('networking', 'Gateway', 'secure', {
      selector: { istio: 'ingressgateway' },
      servers: random.chance(0.3)
        ? [server(['*.example.test'], 0)]
        : [server([first], 0), ...(random.chance(0.8) ? [server(others, 1)] : [])],
    }),
    ...SECURE_HOSTS.map((host) =>
      istio('networking', 'VirtualService', `secure-${host.slice(0, host.indexOf('.'))}`, {
        hosts: [host],
        gateways: ['secure'],
        http: http(),
      }),
    ),
  ];
}
