/**
 * Copies of a packet with some of it changed. Members are copied one by one and in one order, whether they are set or not: spreading objects
 * of this size takes ten times as long, and each outcome of a packet takes several.
 */
import type { Flow, Tracking } from '../../model/flow.ts';

/** The packet with some of it changed. */
export function changeFlow(flow: Flow, part: Partial<Flow>): Flow {
  const copy: Flow = {
    family: flow.family,
    protocol: flow.protocol,
    source: flow.source,
    sourcePort: flow.sourcePort,
    destination: flow.destination,
    destinationPort: flow.destinationPort,
    unknownPort: flow.unknownPort,
    inInterface: flow.inInterface,
    mark: flow.mark,
    tracking: flow.tracking,
    uid: flow.uid,
    gid: flow.gid,
  };
  return Object.assign(copy, part);
}

/** What the tracker knows, with some of it changed; `without` takes a member away. */
export function changeTracking(tracking: Tracking, part: Partial<Tracking>, without?: 'translatedPorts'): Tracking {
  const { translatedPorts, originalPorts, zoned, ipvs } = tracking;
  const copy: { -readonly [Key in keyof Tracking]: Tracking[Key] } = {
    state: tracking.state,
    direction: tracking.direction,
    originalSource: tracking.originalSource,
    originalSourcePort: tracking.originalSourcePort,
    originalDestination: tracking.originalDestination,
    originalDestinationPort: tracking.originalDestinationPort,
    replySource: tracking.replySource,
    replySourcePort: tracking.replySourcePort,
    replyDestination: tracking.replyDestination,
    replyDestinationPort: tracking.replyDestinationPort,
    dnat: tracking.dnat,
    snat: tracking.snat,
    mark: tracking.mark,
  };
  if (originalPorts !== undefined) copy.originalPorts = originalPorts;
  if (zoned !== undefined) copy.zoned = zoned;
  if (ipvs !== undefined) copy.ipvs = ipvs;
  Object.assign(copy, part);
  if (translatedPorts !== undefined && without === undefined) copy.translatedPorts ??= translatedPorts;
  return copy;
}
