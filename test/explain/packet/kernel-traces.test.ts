import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packetReport } from '../../../src/explain/packet/packet-report.ts';
import { openPacketMachine } from '../../../src/packet-machine.ts';
import {
  TRACE_NAMES,
  bareRule,
  chainAndTarget,
  readKernelTrace,
  readNftTrace,
} from '../../evaluate/netfilter/kernel-trace.ts';

const NODE = join(import.meta.dirname, '../../../samples/kube-proxy-iptables/clusters/lab/nodes/node1');

/** node1 of the lab, by its rules and addresses alone. */
const machine = await openPacketMachine({
  rulesets: [join(NODE, 'iptables-save.txt')],
  rulesets6: [join(NODE, 'ip6tables-save.txt')],
  nodeAddresses: ['10.10.0.11', '10.244.1.1', 'fd00:10::11', 'fd00:244:1::1'],
});

function branches(description: Readonly<Record<string, unknown>>) {
  const report = packetReport(machine.answer(description));
  if ('error' in report) throw new Error(report.error);
  return report.outcomes;
}

describe('packet names the rules that the kernel traced', () => {
  it.each(TRACE_NAMES)('%s', (name) => {
    const trace = readKernelTrace(name);
    const outcomes = branches({
      src: trace.source,
      sport: trace.sourcePort,
      dst: trace.destination,
      dport: trace.destinationPort,
      protocol: trace.protocol,
      ...(trace.inInterface === null ? { uid: 0 } : { 'in-interface': trace.inInterface }),
    });
    expect(trace.rules.length).toBeGreaterThan(0);
    expect(outcomes.map((outcome) => outcome.rules.map(bareRule))).toContainEqual(trace.rules);
    expect(outcomes.map((outcome) => outcome.undetermined)).toEqual(outcomes.map(() => null));
  });

  it('IPv6', () => {
    const trace = readNftTrace('v6');
    const outcomes = branches({ src: 'fd00:244:1::20', sport: 51834, dst: 'fd00:96::108', dport: 80 });
    expect(trace).toHaveLength(10);
    expect(outcomes.map((outcome) => outcome.rules.map(chainAndTarget))).toContainEqual(trace);
  });
});
