import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import { originalPorts, unknownPort } from '../match/port.ts';
import { hasEntry, type WalkState } from '../state.ts';
import { addressValue, portValue } from './selectors.ts';
import { known, NONE, unknownValue, type Value } from './value.ts';

const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;
const NFPROTO = { 4: 2, 6: 10 } as const;
const STATE_BITS = { INVALID: 1, ESTABLISHED: 2, RELATED: 4, NEW: 8, UNTRACKED: 64 } as const;
const STATUS = { expected: 1, seenReply: 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 } as const;

/**
 * Source: net/netfilter/nft_ct.c nft_ct_get_eval. Before conntrack, and for packets that it does not follow, all but the state is
 * nothing, so that no rule matches that asks for it.
 */
export function loadConntrack(
  key: string,
  direction: 'original' | 'reply' | null,
  state: WalkState,
  environment: NetfilterEnvironment,
): Value {
  if (!state.tracked && state.template !== 'none') {
    // Kernels differ in whether anything else may be read of a template.
    return key === 'state' ? known(STATE_BITS.NEW) : unknownValue('a template was set up before this rule');
  }
  const { tracking, protocol, family } = state.flow;
  if (key === 'state') {
    if (hasEntry(state)) return known(STATE_BITS[tracking.state]);
    return known(tracking.state === 'UNTRACKED' ? STATE_BITS.UNTRACKED : STATE_BITS.INVALID);
  }
  if (!hasEntry(state)) return NONE;
  switch (key) {
    case 'direction':
      return known(tracking.direction === 'ORIGINAL' ? 0 : 1);
    case 'status':
      return statusOf(state);
    case 'mark':
      return known(tracking.mark);
    case 'l3proto':
      return known(NFPROTO[family]);
    case 'protocol':
      return known(PROTOCOL_NUMBERS[protocol]);
    case 'helper':
      // Only an expected connection has a master with a helper.
      return tracking.state === 'NEW' ? NONE : unknownValue('the helper of the connection is not known');
    default:
  }
  const family4 = key.startsWith('ip ');
  if ((family4 || key.startsWith('ip6 ')) && family4 !== (family === 4)) return NONE;
  const ephemeral = unknownPort(state.flow, environment);
  const original = direction === 'original';
  if (direction === null) return unknownValue(`ct ${key} is not known of the packet`);
  switch (key) {
    case 'ip saddr':
    case 'ip6 saddr':
      return addressValue(original ? tracking.originalSource : tracking.replySource);
    case 'ip daddr':
    case 'ip6 daddr':
      return addressValue(original ? tracking.originalDestination : tracking.replyDestination);
    case 'proto-src':
      if (original) return portValue(tracking.originalSourcePort ?? originalPorts(state.flow, environment));
      return portValue(tracking.replySourcePort ?? ephemeral);
    case 'proto-dst': {
      if (original) return portValue(tracking.originalDestinationPort ?? ephemeral);
      return portValue(tracking.replyDestinationPort ?? tracking.translatedPorts ?? ephemeral);
    }
    default:
      return unknownValue(`ct ${key} is not known of the packet`);
  }
}

/** IPS_* bits. Of those that only the kernel uses, and of a connection that is not new, some are not known. */
function statusOf({ flow: { tracking }, looped }: WalkState): Value {
  const fresh = tracking.state === 'NEW';
  const established = tracking.state === 'ESTABLISHED';
  let bits = 0;
  let told: number = STATUS.seenReply | STATUS.confirmed | STATUS.snat | STATUS.dnat;
  if (established) bits |= STATUS.seenReply;
  // nf_confirm runs behind the last hook of a packet's way out, or in.
  if (established || looped) bits |= STATUS.confirmed;
  if (tracking.snat) bits |= STATUS.snat;
  if (tracking.dnat) bits |= STATUS.dnat;
  if (fresh) told |= STATUS.expected | STATUS.assured | STATUS.dying;
  return { kind: 'bits', bits, known: told };
}
