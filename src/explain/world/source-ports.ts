import { readPortRange } from '../../evaluate/netfilter/match/port.ts';
import type { NumberRange } from '../../model/iptables-rule.ts';
import { LOCAL_PORT_RANGE } from '../../model/network-namespace.ts';
import type { Owner } from '../../model/trace.ts';
import type { World } from './world.ts';

/** Ports of a machine of which nothing is known: other systems choose from other ranges, and translators on the way from all but the privileged ones. */
export const OUTSIDE_PORTS: NumberRange = { from: 1024, to: 65_535 };

/**
 * The ports from which the kernel chooses for a process of a network namespace: as its captured settings say, else as the pod asks for them.
 * @returns undefined: the kernel's default, as far as anybody knows
 */
export function sourcePorts(world: World, owner: Owner): NumberRange | undefined {
  const captured = world.cluster(owner.cluster).netns(owner).sysctl().value?.get(LOCAL_PORT_RANGE)?.value;
  const asked = owner.kind === 'pod' ? owner.pod.localPortRange : null;
  return readPortRange(captured ?? asked ?? undefined);
}
