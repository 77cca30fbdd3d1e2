import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Lab } from '../../lab/lab.ts';
import { Authority } from '../envoy/certificates.ts';

/** Hosts for which the ingress gateway has certificates. */
export const SECURE_HOSTS = ['vault.example.test', 'safe.example.test'];
/** The Secrets that hold them: issued by the mesh's own authority, whose root every proxy has in a file; and by one that nobody knows. */
export const OF_MESH = 'of-mesh';
export const FOREIGN = 'foreign';
const NAMESPACE = 'istio-system';

interface Secret {
  readonly data: Readonly<Record<string, string>>;
}

/** Makes the Secrets. Those who present a certificate to the gateway must have it of the mesh's authority. */
export async function makeGatewaySecrets(lab: Lab): Promise<void> {
  const { folder } = lab.record;
  const { data } = await lab.api.get<Secret>(`/api/v1/namespaces/${NAMESPACE}/secrets/istio-ca-secret`);
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  const mesh = Authority.known(folder, 'mesh', { key: text('ca-key.pem'), certificate: text('ca-cert.pem') });
  const foreign = Authority.root(folder, 'foreign', 'cluster.local');
  const names = SECURE_HOSTS.map((host) => `DNS:${host}`).join(',');
  for (const [name, authority] of [
    [OF_MESH, mesh],
    [FOREIGN, foreign],
  ] as const) {
    const { key, certificate } = authority.issue(`gateway-${name}`, names);
    await lab.api.apply(secret(name, { 'tls.key': key, 'tls.crt': certificate, 'ca.crt': mesh.certificate }));
  }
}

function secret(name: string, files: Readonly<Record<string, string>>): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name, namespace: NAMESPACE },
    data: Object.fromEntries(Object.entries(files).map(([file, text]) => [file, Buffer.from(text).toString('base64')])),
  };
}
