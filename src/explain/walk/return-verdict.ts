import type { TraversalOutcome } from '../../model/netfilter.ts';
import type { Owner, ReturnVisit } from '../../model/trace.ts';
import { conditionsText } from '../sentences/conditions.ts';
import { ownerText } from '../sentences/names.ts';

/** What a namespace makes of the packets of a connection that it let begin. */
export type ReturnVerdict = Pick<ReturnVisit, 'result' | 'reason' | 'code' | 'evidence'>;

export const OK: ReturnVerdict = { result: 'ok', reason: null, code: null, evidence: [] };

function isThrough({ verdict }: TraversalOutcome): boolean {
  return verdict === 'forward' || verdict === 'local';
}

/**
 * Whether the namespace's rules and routes let packets through. What they do only by chance or on a condition is left open.
 * @param outcomes the ways that these packets may end there; null: its rules were not captured
 * @param packets what they are, as in `does not let <the answer> pass`
 */
export function judge(owner: Owner, outcomes: readonly TraversalOutcome[] | null, packets: string): ReturnVerdict {
  const bad = outcomes?.find((one) => !isThrough(one));
  if (outcomes === null || bad === undefined) return OK;
  const name = ownerText(owner);
  const evidence = bad.endedBy === undefined ? (bad.unknown?.evidence ?? []) : [bad.endedBy];
  if (bad.verdict === 'undetermined') {
    const reason = `${name}: ${bad.unknown?.reason ?? 'a rule could not be evaluated'}`;
    return { result: 'unknown', code: 'unknown', reason, evidence };
  }
  const [how, code] =
    bad.verdict === 'unroutable'
      ? [`has no route for ${packets}`, 'no-route' as const]
      : [`does not let ${packets} pass (${bad.verdict})`, 'filtered' as const];
  if (!outcomes.some(isThrough)) return { result: 'broken', code, reason: `${name} ${how}`, evidence };
  const when = conditionsText(bad.conditions);
  return { result: 'unknown', code, reason: `${name} ${how} ${when === null ? 'by chance' : `if ${when}`}`, evidence };
}
