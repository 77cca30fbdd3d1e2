import type { Match, Negatable, NumberRange } from '../../../model/iptables-rule.ts';
import type { WalkState } from '../state.ts';
import { all, negate, unknown, YES, yesNo, type TestResult } from './result.ts';

/**
 * `-m owner`: the credentials of the process whose socket sent the packet. A packet without a socket (a forwarded one) matches
 * when every test of the rule is turned round. Source: net/netfilter/xt_owner.c owner_mt.
 */
export function matchOwner(match: Extract<Match, { kind: 'owner' }>, state: WalkState): TestResult {
  const tests = [match.uid, match.gid, match.socketExists].filter((test) => test !== undefined);
  // A packet that IPVS sends out met output without a socket, though a process here may have made it (ip_vs_drop_early_demux_sk).
  if (state.resent !== undefined && state.flow.inInterface !== null) {
    return yesNo(tests.every((test) => test.negated));
  }
  if (!madeHere(state)) {
    return state.flow.inInterface === undefined && state.hook !== 'output'
      ? unknown('whether the packet was made here is not known')
      : yesNo(tests.every((test) => test.negated));
  }
  if (match.socketExists?.negated === true) return { kind: 'no' };
  return all([
    credential('uid', match.uid, state.flow.uid),
    match.supplementaryGroups && match.gid !== undefined
      ? groups(match.gid, state.flow.gid)
      : credential('gid', match.gid, state.flow.gid),
  ]);
}

/** Whether a process of this namespace sent the packet. */
function madeHere(state: WalkState): boolean {
  return state.hook === 'output' || state.looped || state.inDevice === null;
}

function credential(name: string, test: (Negatable & NumberRange) | undefined, value: number | undefined): TestResult {
  if (test === undefined) return YES;
  if (value === undefined) return unknown(`the ${name} of the sender is not known`);
  return negate(yesNo(test.from <= value && value <= test.to), test.negated);
}

/** Supplementary groups of the sender are not known: only a primary group that fits decides. */
function groups(test: Negatable & NumberRange, gid: number | undefined): TestResult {
  if (gid === undefined || gid < test.from || gid > test.to) return unknown('the groups of the sender are not known');
  return negate(YES, test.negated);
}
