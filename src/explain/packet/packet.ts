/**
 * Answers what a machine's rules, of iptables and nftables, and its virtual servers do to a packet, from these and the machine's addresses
 * alone. In: rulesets with their companions, addresses, descriptions of packets. Out: for each its outcomes, alike ones together, in the order of the rules. It must not read or print.
 */
import type { Address } from '../../model/address.ts';
import type { HookModule, NetfilterEnvironment, Ruleset, TraversalOutcome } from '../../model/netfilter.ts';
import { evaluateTraversal } from '../../evaluate/netfilter/evaluate-traversal.ts';
import type { IpSet, Sysctl } from '../../model/network-namespace.ts';
import { conditionsText } from '../sentences/conditions.ts';
import { isOwn, nodeEnvironment } from './node-environment.ts';
import { readPacketFlow, type PacketDescription, type PacketFlow } from './packet-flow.ts';

export interface PacketOutcome {
  readonly action: 'accept' | 'drop' | 'reject' | 'undetermined';
  /** Source translation: `masquerade` (the address depends on the outgoing device), or the address. */
  readonly snat: string | null;
  /** Given the condition. */
  readonly probability: number;
  /** What the outcome supposes, in words. */
  readonly condition: string | null;
  /** For `undetermined`: why, in one clause. */
  readonly undetermined: string | null;
  /** The branch of the walk; of several alike ones, the first. */
  readonly branch: TraversalOutcome;
}

export interface PacketAnswer {
  /** As asked. */
  readonly description: unknown;
  readonly packet: PacketFlow;
  /** The packet begins in a process of the machine, not on a wire. */
  readonly madeHere: boolean;
  readonly outcomes: readonly PacketOutcome[];
}

export interface PacketFailure {
  /** As asked. */
  readonly description: unknown;
  /** One clause: why there is no answer. */
  readonly error: string;
}

/** The machine that packets are asked about. */
export interface PacketMachine {
  /** Rules, and what hangs on the hooks beside them. */
  readonly hooked: readonly (Ruleset | HookModule)[];
  readonly addresses: readonly Address[];
  readonly ipsets?: ReadonlyMap<string, IpSet>;
  readonly sysctl?: Sysctl;
}

/** A machine to which questions can be put, one after the other. */
export class PacketAnswers {
  private readonly machine: PacketMachine;
  private readonly environment: NetfilterEnvironment;

  constructor(machine: PacketMachine) {
    this.machine = machine;
    this.environment = {
      ...nodeEnvironment(machine.addresses),
      ipset: (name) => machine.ipsets?.get(name),
      sysctl: (name) => machine.sysctl?.get(name)?.value,
    };
  }

  /**
   * Answers one description of a packet.
   * @param defaults what holds where the description says nothing
   */
  answer(description: unknown, defaults: PacketDescription = {}): PacketAnswer | PacketFailure {
    const packet = readPacketFlow(description, defaults);
    if (typeof packet === 'string') return { description, error: packet };
    const { flow, hook } = packet;
    const { hooked, addresses } = this.machine;
    if (!hooked.some((one) => !('family' in one) || one.family === flow.family)) {
      return { description, error: `no ruleset for IPv${flow.family} was given` };
    }
    const madeHere = hook === 'output' || (hook === 'auto' && isOwn(addresses, flow.source));
    const branches = evaluateTraversal(hooked, flow, madeHere ? 'process' : 'wire', this.environment);
    return { description, packet, madeHere, outcomes: mergeAlike(branches.flatMap(outcomesOf)) };
  }
}

function outcomesOf(branch: TraversalOutcome): PacketOutcome[] {
  const { verdict, sourceNat, unknown, route, interception } = branch;
  const accepted = verdict === 'local' || verdict === 'forward';
  const action = accepted ? 'accept' : verdict === 'drop' || verdict === 'reject' ? verdict : 'undetermined';
  const outcome: PacketOutcome = {
    action,
    snat: sourceNat === undefined ? null : sourceNat.kind === 'masquerade' ? 'masquerade' : sourceNat.address,
    probability: branch.probability,
    condition: conditionsText(branch.conditions),
    undetermined:
      action === 'undetermined' ? (unknown?.reason ?? route?.reason ?? `there is no way on: ${verdict}`) : null,
    branch,
  };
  if (interception === undefined) return [outcome];
  const socket = `a transparent socket is bound to ${interception.address ?? 'any address'}, port ${interception.port}`;
  return [
    { ...outcome, condition: both(outcome.condition, socket) },
    { ...outcome, action: 'drop', condition: both(outcome.condition, `not so: ${socket}`) },
  ];
}

function both(condition: string | null, other: string): string {
  return condition === null ? other : `${condition}, and ${other}`;
}

/** Outcomes that differ in nothing but their probability become one. */
function mergeAlike(outcomes: readonly PacketOutcome[]): readonly PacketOutcome[] {
  if (outcomes.length < 2) return outcomes;
  const merged = new Map<string, PacketOutcome>();
  for (const outcome of outcomes) {
    const { action, snat, condition, undetermined, branch } = outcome;
    const { destination, destinationPort } = branch.flow;
    const rules = branch.rules.map(({ evidence }) => `${evidence.artefact}:${evidence.line ?? evidence.pointer ?? ''}`);
    const key = [action, destination, destinationPort, snat, condition, undetermined, ...rules].join('\n');
    const before = merged.get(key);
    const probability = Math.min(1, (before?.probability ?? 0) + outcome.probability);
    merged.set(key, { ...(before ?? outcome), probability });
  }
  return [...merged.values()];
}
