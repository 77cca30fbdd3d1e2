import type { TraversalOutcome } from '../model/netfilter.ts';
import { finding, type Check } from './check.ts';
import { nodeVisits } from './nodes-met.ts';

/** K27, K30: a rule or policy that is not kube-proxy's ends the connection: FORWARD with policy DROP, a host firewall, a CNI plugin. */
export const nodeDropsCheck: Check = {
  code: 'KR219',
  run: (context) =>
    nodeVisits(context).flatMap(({ node, programmed }) =>
      (programmed ?? []).flatMap((outcome) => {
        const { endedBy, verdict } = outcome;
        if (endedBy === undefined || (verdict !== 'drop' && verdict !== 'reject')) return [];
        const place = foreignPlace(outcome);
        if (place === null) return [];
        const ends = verdict === 'drop' ? 'drops' : 'rejects';
        return [
          finding('KR219', {
            subject: `node ${node}`,
            cause: `${place} of node ${node}, which is not kube-proxy's, ${ends} the connection.`,
            remedy:
              'Let connections from and to pods pass there before that rule or policy, or find out who sets it (a firewall, docker, a CNI plugin).',
            evidence: [endedBy],
          }),
        ];
      }),
    ),
};

/** Where the end of a way stands; null: in a chain of kube-proxy's. */
function foreignPlace({ endedBy, rules }: TraversalOutcome): string | null {
  const last = rules.at(-1);
  const byRule = last !== undefined && last.evidence.raw === endedBy?.raw && last.evidence.line === endedBy.line;
  if (!byRule) return `The policy (${endedBy?.raw ?? ''})`;
  const { chain, table } = last.rule;
  return chain.startsWith('KUBE-') || table.endsWith(' kube-proxy')
    ? null
    : `A rule of chain ${chain} (table ${table})`;
}
