import { parseAddress } from '../../../src/model/address.ts';
import { PacketAnswers } from '../../../src/explain/packet/packet.ts';
import { packetReport, type PacketReport } from '../../../src/explain/packet/packet-report.ts';
import { rulesetOf } from '../../evaluate/netfilter/environment.ts';

/** A machine with the address 10.0.0.1, or with those given, and rules of a few tables. */
export function machineOf(
  rules: string,
  addresses: readonly string[] = ['10.0.0.1'],
  family: 4 | 6 = 4,
): PacketAnswers {
  const own = addresses.map((text) => {
    const address = parseAddress(text);
    if (address === undefined) throw new Error(`${text} is no address`);
    return address;
  });
  return new PacketAnswers({ hooked: [rulesetOf(rules, family)], addresses: own });
}

/** A packet from 10.0.9.9 to 10.0.0.2:80, with `description`. */
export function packet(description: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { src: '10.0.9.9', dst: '10.0.0.2', dport: 80, ...description };
}

/** What the machine says of a packet that can be asked about. */
export function outcomesOf(machine: PacketAnswers, description: unknown): PacketReport['outcomes'] {
  const report = packetReport(machine.answer(description));
  if ('error' in report) throw new Error(report.error);
  return report.outcomes;
}
