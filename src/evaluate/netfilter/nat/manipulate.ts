import type { Flow } from '../../../model/flow.ts';
import type { Hook } from '../../../model/netfilter.ts';
import { changeFlow } from '../flow-change.ts';
import type { Manipulation } from './pick-address.ts';

/** Which half of the addresses a hook translates. Source: net/netfilter/nf_nat_core.c HOOK2MANIP. */
export function manipulationAt(hook: Hook): Manipulation {
  return hook === 'postrouting' || hook === 'input' ? 'source' : 'destination';
}

/**
 * Translates a packet of a connection that is set up: those of the original direction as the answers expect it, answers back to
 * what the asker sent. Source: net/netfilter/nf_nat_core.c nf_nat_packet.
 */
export function manipulate(flow: Flow, manipulation: Manipulation): Flow {
  const { tracking } = flow;
  const original = tracking.direction === 'ORIGINAL';
  if (manipulation === 'destination') {
    if (!(original ? tracking.dnat : tracking.snat)) return flow;
    const destination = original ? tracking.replySource : tracking.originalSource;
    const port = original ? tracking.replySourcePort : tracking.originalSourcePort;
    const unknownPort = original ? flow.unknownPort : tracking.originalPorts;
    return changeFlow(flow, { destination, destinationPort: port ?? 0, unknownPort });
  }
  if (!(original ? tracking.snat : tracking.dnat)) return flow;
  if (!original) {
    return changeFlow(flow, { source: tracking.originalDestination, sourcePort: tracking.originalDestinationPort });
  }
  const { replyDestination, replyDestinationPort, translatedPorts } = tracking;
  return changeFlow(flow, {
    source: replyDestination ?? flow.source,
    sourcePort: replyDestinationPort,
    unknownPort: translatedPorts ?? flow.unknownPort,
  });
}
