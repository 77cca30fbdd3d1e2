/**
 * Answers what a machine's iptables rules do to a packet, from the rules and the machine's addresses alone. In: rulesets, addresses,
 * descriptions of packets. Out: for each its outcomes, alike ones together, in the order of the rules. It must not read or print.
 */
import type { Address } from '../../model/address.ts';
import type { IptablesRuleset, NetfilterEnvironment, TraversalOutcome } from '../../model/netfilter.ts';
import { evaluateTraversal } from '../../evaluate/netfilter/evaluate-traversal.ts';
import { conditionsText } from '../sentences/conditions.ts';
import { isOwn, nodeEnvironment } from './node-environment.ts';
import { readPacketFlow, type PacketFlow } from './packet-flow.ts';

export interface PacketOutcome {
  readonly action: 'accept' | 'drop' | 'reject' | 'undetermined';
  /** Where the packet is going in the end, translated. */
  readonly destination: { readonly ip: string; readonly port: number };
  /** Source translation: `masquerade` (the address depends on the outgoing device), or the address. */
  readonly snat: string | null;
  /** Given the condition. */
  readonly probability: number;
  /** What the outcome supposes, in words. */
  readonly condition: string | null;
  /** Every rule that matched, in order, as it stands in its file. */
  readonly rules: readonly string[];
  /** For `undetermined`: why, in one clause. */
  readonly undetermined: string | null;
}

export interface PacketAnswer {
  /** As asked. */
  readonly flow: unknown;
  readonly outcomes: readonly PacketOutcome[];
}

export interface PacketFailure {
  readonly flow: unknown;
  /** One clause: why there is no answer. */
  readonly error: string;
}

/** The machine that packets are asked about. */
export interface PacketMachine {
  readonly rulesets: readonly IptablesRuleset[];
  readonly addresses: readonly Address[];
}

/** A machine to which questions can be put, one after the other. */
export class PacketAnswers {
  private readonly machine: PacketMachine;
  private readonly environment: NetfilterEnvironment;

  constructor(machine: PacketMachine) {
    this.machine = machine;
    this.environment = nodeEnvironment(machine.addresses);
  }

  /** Answers one description of a packet. */
  answer(description: unknown): PacketAnswer | PacketFailure {
    const packet = readPacketFlow(description);
    if (typeof packet === 'string') return { flow: description, error: packet };
    const { family } = packet.flow;
    if (!this.machine.rulesets.some((ruleset) => ruleset.family === family)) {
      return { flow: description, error: `no ruleset for IPv${family} was given` };
    }
    return { flow: description, outcomes: this.outcomes(packet) };
  }

  private outcomes({ flow, hook }: PacketFlow): PacketOutcome[] {
    const { rulesets, addresses } = this.machine;
    const made = hook === 'output' || (hook === 'auto' && isOwn(addresses, flow.source));
    const from = made ? 'process' : 'wire';
    return mergeAlike(evaluateTraversal(rulesets, flow, from, this.environment).map(describe));
  }
}

function describe(outcome: TraversalOutcome): PacketOutcome {
  const { verdict, flow, sourceNat, rules, unknown, route } = outcome;
  const accepted = verdict === 'local' || verdict === 'forward';
  const action = accepted ? 'accept' : verdict === 'drop' || verdict === 'reject' ? verdict : 'undetermined';
  return {
    action,
    destination: { ip: flow.destination, port: flow.destinationPort },
    snat: sourceNat === undefined ? null : sourceNat.kind === 'masquerade' ? 'masquerade' : sourceNat.address,
    probability: outcome.probability,
    condition: conditionsText(outcome.conditions),
    rules: rules.map((matched) => matched.rule.raw),
    undetermined:
      action === 'undetermined' ? (unknown?.reason ?? `the packet is not routed: ${route?.kind ?? ''}`) : null,
  };
}

/** Outcomes that differ in nothing but their probability become one. */
function mergeAlike(outcomes: readonly PacketOutcome[]): PacketOutcome[] {
  const merged: PacketOutcome[] = [];
  const byEnd = new Map<string, number[]>();
  for (const outcome of outcomes) {
    const { action, destination, snat, condition, undetermined } = outcome;
    const end = [action, destination.ip, destination.port, snat, condition, undetermined].join('\n');
    const places = byEnd.get(end) ?? [];
    const place = places.find((one) => sameRules(merged[one]?.rules ?? [], outcome.rules));
    const before = place === undefined ? undefined : merged[place];
    if (place !== undefined && before !== undefined) {
      merged[place] = { ...before, probability: before.probability + outcome.probability };
    } else {
      byEnd.set(end, [...places, merged.length]);
      merged.push(outcome);
    }
  }
  return merged;
}

function sameRules(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((rule, index) => rule === other[index]);
}
