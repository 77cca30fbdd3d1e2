import type { Match } from '../../../model/iptables-rule.ts';
import type { RuleContext } from '../state.ts';
import { matchAddressRange, matchAddressType, matchInterface, matchPrefix, matchReversePath } from './address.ts';
import { matchLimit, matchRecent, matchStatistic } from './chance.ts';
import { matchConnmark, matchConntrack } from './conntrack.ts';
import { matchExtension } from './extension.ts';
import { matchOwner } from './owner.ts';
import { matchMultiport, matchPorts } from './port.ts';
import { negate, NO, unknown, YES, yesNo, type TestResult } from './result.ts';
import { matchSet } from './set.ts';

const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * Counters that kube-proxy makes without a quota, whose match always holds; any other may have one, and matches only when it is
 * used up. Source: net/netfilter/xt_nfacct.c nfacct_mt, kubernetes pkg/proxy/iptables/proxier.go.
 */
const QUOTALESS: ReadonlySet<string> = new Set(['ct_state_invalid_dropped_pkts', 'localhost_nps_accepted_pkts']);

/** Whether one test of a rule holds for the packet. */
export function matchOne(match: Match, context: RuleContext): TestResult {
  const { state, environment } = context;
  switch (match.kind) {
    case 'comment':
      return YES;
    case 'source':
    case 'destination':
      return matchPrefix(match, state);
    case 'in-interface':
    case 'out-interface':
      return matchInterface(match, state);
    case 'protocol':
      return matchProtocol(match, context);
    case 'fragment':
      // A first packet is whole, and conntrack puts fragments together before any chain but raw sees them.
      return negate(NO, match.negated);
    case 'ports':
      return matchPorts(match, state.flow, environment);
    case 'multiport':
      return matchMultiport(match, state.flow, environment);
    case 'iprange':
      return matchAddressRange(match, state);
    case 'addrtype':
      return matchAddressType(match, state, environment);
    case 'mark':
      return negate(yesNo((state.flow.mark & match.mask) >>> 0 === match.value), match.negated);
    case 'connmark':
      return matchConnmark(match, state);
    case 'conntrack':
      return matchConntrack(match, state, environment);
    case 'statistic':
      return matchStatistic(match, context);
    case 'recent':
      return matchRecent(match, context);
    case 'set':
      return matchSet(match, state, environment);
    case 'owner':
      return matchOwner(match, state);
    case 'limit':
      return matchLimit(match.rate, context);
    case 'rpfilter':
      return matchReversePath(match, state, environment);
    case 'nfacct':
      return QUOTALESS.has(match.name) ? YES : unknown(`whether counter ${match.name} has a quota is not known`);
    case 'extension':
      return matchExtension(match, context);
    case 'unknown':
      return unknown(
        match.extension === null
          ? `${JSON.stringify(match.tokens[0] ?? '')} is not understood`
          : `match extension ${JSON.stringify(match.extension)} is not understood`,
      );
  }
}

function matchProtocol(match: Extract<Match, { kind: 'protocol' }>, { state }: RuleContext): TestResult {
  if (match.number === null) return unknown(`protocol ${JSON.stringify(match.name)} is not known`);
  return negate(yesNo(match.number === 0 || match.number === PROTOCOL_NUMBERS[state.flow.protocol]), match.negated);
}
