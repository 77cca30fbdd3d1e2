import type { Match, PrefixTest, Target } from '../../model/iptables-rule.ts';
import type { IptablesRule } from '../../model/netfilter.ts';

/**
 * The prefixes that a rule holds the destination against. Whatever else its tests and its target ask of a packet is the same for every
 * destination that routes treat alike (`addrtype`, MASQUERADE), or has nothing to do with it.
 * @returns undefined when a test or the target may look at more: sets, lists, chance, the tracker's addresses, what is not understood
 */
export function destinationTests({ matches, target }: IptablesRule): readonly PrefixTest[] | undefined {
  if (!isSteadyTarget(target) || !matches.every(isSteady)) return undefined;
  return matches.flatMap((match) => (match.kind === 'destination' ? [match] : []));
}

function isSteady(match: Match): boolean {
  switch (match.kind) {
    case 'source':
    case 'destination':
    case 'in-interface':
    case 'out-interface':
    case 'protocol':
    case 'fragment':
    case 'multiport':
    case 'addrtype':
    case 'mark':
    case 'connmark':
    case 'owner':
    case 'comment':
      return true;
    case 'ports':
      return match.flags === undefined && match.others.length === 0;
    case 'iprange':
      return match.destination === undefined;
    case 'conntrack':
      return (
        match.originalDestination === undefined &&
        match.replySource === undefined &&
        match.originalDestinationPort === undefined &&
        match.replySourcePort === undefined &&
        match.expires === undefined
      );
    default:
      return false;
  }
}

function isSteadyTarget(target: Target | null): boolean {
  switch (target?.kind) {
    case undefined:
    case 'accept':
    case 'drop':
    case 'return':
    case 'reject':
    case 'jump':
    case 'mark':
    case 'connmark':
    case 'masquerade':
      return true;
    case 'snat':
      return target.range.addresses?.from === target.range.addresses?.to;
    default:
      return false;
  }
}
