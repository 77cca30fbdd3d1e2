import type { NetnsFacts } from '../../model/facts.ts';
import type { HookModule } from '../../model/netfilter.ts';
import { ipvsModule } from '../../evaluate/ipvs/evaluate-ipvs.ts';

/** What hangs on the hooks of a network namespace beside rules: one line for each dataplane. */
const MODULES: readonly ((netns: NetnsFacts) => HookModule | undefined)[] = [
  (netns) => {
    const servers = netns.virtualServers().value;
    return servers === undefined ? undefined : ipvsModule(servers, netns.virtualConnections().value);
  },
];

/** The modules that have anything to do in a namespace. */
export function hookModules(netns: NetnsFacts): readonly HookModule[] {
  return MODULES.flatMap((module) => module(netns) ?? []);
}
