import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { execute } from '../../lab/execute.ts';
import type { Lab } from '../../lab/lab.ts';
import { GATEWAY_SECRET } from '../../lab/topology/mesh-faults.ts';
import type { FaultCase } from './mesh-fault-cases.ts';
import { proxyAdmin } from '../../agreement/proxy-admin.ts';

/** A certificate that signs itself, as the ingress gateway looks for it: beside its pod. */
async function gatewaySecret(lab: Lab): Promise<KubernetesObject> {
  const [key, certificate] = ['key', 'crt'].map((end) => join(lab.record.folder, `gateway.${end}`)) as [string, string];
  const name = ['-subj', '/CN=signed.example.test', '-addext', 'subjectAltName=DNS:signed.example.test'];
  const pair = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate];
  await execute('openssl', ['req', '-x509', '-days', '1', ...pair, ...name]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: GATEWAY_SECRET, namespace: 'istio-system' },
    data: {
      'tls.key': readFileSync(key).toString('base64'),
      'tls.crt': readFileSync(certificate).toString('base64'),
    },
  };
}

/** Brings about what can only happen while the mesh runs, and waits until proxies show it. */
export async function makeFaults(
  lab: Lab,
  late: readonly KubernetesObject[],
  cases: readonly FaultCase[],
): Promise<void> {
  for (const object of late) await lab.api.apply(object);
  await lab.api.apply(await gatewaySecret(lab));
  await lab.api.until('a proxy rejects what the EnvoyFilter makes', 30, async () => {
    const dump = await proxyAdmin(lab, { namespace: 'bookinfo', pod: 'patched' }, 'config_dump');
    return dump.includes('"error_state"');
  });
  for (const { from, before } of cases) {
    if (before === undefined) continue;
    const probe = typeof from === 'object' && 'pod' in from ? { from: { namespace: 'bookinfo', ...from } } : { from };
    await lab.probe({ ...probe, ...before });
  }
}
