import { manipulate } from './nat/manipulate.ts';
import { change, type WalkState } from './state.ts';

/**
 * The packet with its entry. One that came back through the loopback device, or that NOTRACK took out, is left as it is.
 * Source: net/netfilter/nf_conntrack_core.c resolve_normal_ct: entries are found by addresses and the zone that CT named.
 * @returns undefined when the entry stands in a zone to which no rule sent the packet
 */
export function findConnection(state: WalkState): WalkState | undefined {
  const { flow, template, tracked } = state;
  if (tracked) return state;
  if (template === 'zone') {
    const tracking = { ...flow.tracking, zoned: true as const };
    return change(state, { tracked: true, flow: { ...flow, tracking } });
  }
  return flow.tracking.zoned === true ? undefined : change(state, { tracked: true });
}

/** The source half of a connection's translation is settled, and the packet translated. */
export function settleSource(state: WalkState): WalkState {
  const flow = manipulate(state.flow, 'source');
  const { direction, snat, replyDestination } = flow.tracking;
  const translated = direction === 'ORIGINAL' && snat;
  const sourceNat = state.sourceNat ?? (translated ? { kind: 'snat' as const, address: replyDestination } : undefined);
  return change(state, { flow, sourceNat, sourceDone: true });
}

export function settleDestination(state: WalkState): WalkState {
  return change(state, { flow: manipulate(state.flow, 'destination'), destinationDone: true });
}

/** Whether a connection goes elsewhere than its first packet said. Source: nf_nat_proto.c nf_nat_ipv4_local_fn. */
export function isRedirected({ flow: { tracking } }: WalkState): boolean {
  return tracking.direction === 'ORIGINAL'
    ? tracking.originalDestination !== tracking.replySource
    : tracking.replyDestination !== tracking.originalSource;
}
