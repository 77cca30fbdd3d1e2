import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Lab } from '../../lab/lab.ts';
import type { FaultCase } from './mesh-fault-cases.ts';
import { proxyAdmin } from '../../agreement/proxy-admin.ts';

/** Brings about what can only happen while the mesh runs, and waits until proxies show it. */
export async function makeFaults(
  lab: Lab,
  late: readonly KubernetesObject[],
  cases: readonly FaultCase[],
): Promise<void> {
  for (const object of late) await lab.api.apply(object);
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
