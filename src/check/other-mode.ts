/** What else on a node programs Services than the kube-proxy that should. */
import type { Evidence } from '../model/evidence.ts';
import type { Family } from '../model/address.ts';
import type { NetnsFacts } from '../model/facts.ts';
import { listText } from '../model/wording.ts';
import { finding, objectsOf, type Check, type CheckContext } from './check.ts';
import { nodesMet } from './nodes-met.ts';

const FAMILIES: readonly Family[] = [4, 6];

/** K06: kube-proxy clears what its other modes left only when it is told to (--cleanup), or in some releases at its start. */
export const leftoversCheck: Check = {
  code: 'KR213',
  run: (context) =>
    nodesMet(context).flatMap((node) => {
      const { name } = node;
      const found = modesOn(node.netns);
      if (found.size < 2) return [];
      const running = node.kubeProxy().value?.mode ?? null;
      const runs = running === null ? '' : `; kube-proxy runs in ${running} mode`;
      return [
        finding('KR213', {
          subject: `node ${name}`,
          cause: `It holds what the modes ${listText([...found.keys()])} of kube-proxy make, all at once${runs}.`,
          remedy: `Remove what is left of the other mode on ${name}: kube-proxy --cleanup, or a restart of the node.`,
          evidence: [...found.values()],
        }),
      ];
    }),
};

/** K08: the ConfigMap was changed, and kube-proxy not restarted; or the node takes another one. */
export const configuredModeCheck: Check = {
  code: 'KR214',
  run: (context) => {
    const map = configMap(context, 'kube-proxy');
    const text = map?.data['config.conf'];
    const line = text === undefined ? undefined : /^mode:[ \t]*"?([a-z]*)"?[ \t]*$/m.exec(text);
    if (map === undefined || line === undefined || line === null) return [];
    // Linux' default: cmd/kube-proxy/app/server_linux.go, platformApplyDefaults.
    const wanted = line[1] === '' || line[1] === undefined ? 'iptables' : line[1];
    return nodesMet(context).flatMap((node) => {
      const { name } = node;
      const config = node.kubeProxy().value;
      if (config === undefined || !config.captured || config.mode === null || config.mode === wanted) return [];
      return [
        finding('KR214', {
          subject: `node ${name}`,
          cause: `ConfigMap kube-system/kube-proxy asks for ${wanted} mode, but kube-proxy on ${name} works in ${config.mode} mode.`,
          remedy: `Restart kube-proxy on ${name}; when it keeps its mode, see in its log why the other one was not possible.`,
          evidence: [map.cursor.at('data', 'config.conf').evidence(), ...config.evidence],
        }),
      ];
    });
  },
};

/** K38: Cilium in kube-proxy's place, and kube-proxy's rules there all the same: both translate. */
export const twoReplacementsCheck: Check = {
  code: 'KR221',
  run: (context) => {
    const map = configMap(context, 'cilium-config');
    const setting = map?.data['kube-proxy-replacement'];
    if (map === undefined || (setting !== 'true' && setting !== 'strict')) return [];
    return nodesMet(context).flatMap(({ name, netns }) => {
      const found = modesOn(netns);
      if (found.size === 0) return [];
      return [
        finding('KR221', {
          subject: `node ${name}`,
          cause: `Cilium replaces kube-proxy (kube-proxy-replacement is ${setting}), but node ${name} has rules of kube-proxy's ${listText([...found.keys()])} mode too.`,
          remedy: `Delete kube-proxy and its rules (kube-proxy --cleanup) on ${name}, or set kube-proxy-replacement to false.`,
          evidence: [map.cursor.at('data', 'kube-proxy-replacement').evidence(), ...found.values()],
        }),
      ];
    });
  },
};

function configMap(context: CheckContext, name: string) {
  return objectsOf(context)?.configMaps.find((one) => one.namespace === 'kube-system' && one.name === name);
}

/** What each mode of kube-proxy alone makes: KUBE-NODEPORTS, the device kube-ipvs0, and a table of nftables. */
function modesOn(netns: NetnsFacts): ReadonlyMap<string, Evidence> {
  const found = new Map<string, Evidence>();
  for (const ruleset of FAMILIES.flatMap((family) => netns.iptables(family).value ?? [])) {
    const chain = ruleset.chain('nat', 'KUBE-NODEPORTS');
    if (chain !== undefined && !found.has('iptables')) found.set('iptables', chain.evidence);
  }
  const device = (netns.links().value ?? []).find((link) => link.name === 'kube-ipvs0');
  if (device !== undefined) found.set('ipvs', device.evidence);
  const table = (netns.foreignChains().value ?? []).find((chain) => chain.table === 'kube-proxy');
  if (table !== undefined) found.set('nftables', table.evidence);
  return found;
}
