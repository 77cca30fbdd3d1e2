import type { PacketAnswer, PacketFailure } from './packet.ts';

/** The answer for one packet as programs get it; docs/schema/packet.schema.json describes it. */
export interface PacketReport {
  readonly flow: unknown;
  readonly outcomes: readonly {
    readonly action: 'accept' | 'drop' | 'reject' | 'undetermined';
    /** Where the packet is going in the end, translated. */
    readonly destination: { readonly ip: string; readonly port: number };
    readonly snat: string | null;
    readonly probability: number;
    readonly condition: string | null;
    /** Every rule that matched, in the order in which the kernel tests them, as it stands in its file. */
    readonly rules: readonly string[];
    /** Rules of which it is not known whether they match; the outcome is the same either way. Absent: there are none. */
    readonly mayMatch?: readonly string[];
    readonly undetermined: string | null;
  }[];
}

export interface PacketFailureReport {
  readonly flow: unknown;
  readonly error: string;
}

export function packetReport(answer: PacketAnswer | PacketFailure): PacketReport | PacketFailureReport {
  const { description: flow } = answer;
  if ('error' in answer) return { flow, error: answer.error };
  return {
    flow,
    outcomes: answer.outcomes.map(({ action, snat, probability, condition, undetermined, branch }) => ({
      action,
      destination: { ip: branch.flow.destination, port: branch.flow.destinationPort },
      snat,
      probability,
      condition,
      rules: branch.rules.map((matched) => matched.rule.raw),
      ...(branch.mayMatch === undefined ? {} : { mayMatch: branch.mayMatch.map(({ rule }) => rule.raw) }),
      undetermined,
    })),
  };
}
