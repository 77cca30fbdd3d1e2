import type { Branch, Finding, ReplicaAnswer, Verdict } from '../model/explanation.ts';
import { listText } from '../model/wording.ts';

/**
 * What two replicas must share to count as answered alike: verdict, ends, probabilities and backends; not their own names and
 * addresses.
 */
export function replicaKey(verdict: Verdict, branches: readonly Branch[]): string {
  const ends = branches.map(({ disposition, status, flag, probability, backend }) =>
    [disposition, status, flag, probability.toFixed(6), backend === null ? '' : `${backend.ip}:${backend.port}`].join(
      '|',
    ),
  );
  return [verdict, ...ends.toSorted()].join('\n');
}

/** The replicas that are answered otherwise than their siblings, as a finding. */
export function replicaFinding(workload: string | null, replicas: readonly ReplicaAnswer[]): readonly Finding[] {
  const odd = replicas.filter((replica) => replica.differs);
  if (workload === null || odd.length === 0) return [];
  return [
    {
      code: 'KR501',
      severity: 'warning',
      subject: workload,
      cause: `${listText(odd.map((replica) => replica.pod))} of ${replicas.length} replicas ${odd.length === 1 ? 'is' : 'are'} answered otherwise than the rest: ${odd[0]?.summary ?? ''}`,
      remedy: `Explain the odd one by itself and compare: kubectl reach explain pod/${odd[0]?.pod.split('/')[1] ?? ''} …`,
      evidence: [],
    },
  ];
}
