import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag } from '../src/cli/flags.ts';
import type { PacketStatus } from '../src/packet.ts';

const PORT_MAX = 65_535;

export default class Packet extends BaseCommand {
  static override summary =
    'Say what the rules of a machine do to a packet, from its iptables-save or nft listing alone';
  static override description =
    'Walks a packet through the rules of one machine and prints every way it may end, with the rules that matched. ' +
    'Without routes, a destination among the node addresses is for the machine itself and every other one is forwarded. ' +
    'Exit status: 0 accepted on every branch, 3 dropped or rejected on some, 4 undetermined; for --flows the worst, and 2 when a line is no flow.';
  static override examples = [
    {
      description: 'A packet from a pod to a Service address, on its node',
      command:
        '<%= config.bin %> packet --ruleset iptables-save.txt --node-address 10.10.0.11 --src 10.244.1.20 --dst 10.96.0.10 --dport 53 --protocol udp',
    },
    {
      description: 'Many packets: one JSON object a line in, one line out for each',
      command: '<%= config.bin %> packet --ruleset iptables-save.txt --node-address 10.10.0.11 --flows flows.jsonl',
    },
    {
      description: 'A node whose kube-proxy works in ipvs mode: rules, virtual servers and sets together',
      command:
        '<%= config.bin %> packet --ruleset iptables-save.txt --ruleset ipvsadm-save.txt --ruleset ipset-save.txt --node-address 10.10.0.11 --src 10.244.1.20 --dst 10.96.0.10 --dport 80',
    },
    {
      description: 'Rules straight from a node, behind `iptables-save |`',
      command:
        '<%= config.bin %> packet --ruleset - --node-address 10.10.0.11 --src 10.10.0.50 --dst 10.10.0.11 --dport 30080',
    },
  ];
  static override args = {
    address: Args.string({
      description: 'More addresses of the machine',
      multiple: true,
      hidden: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ruleset: Flags.string({
      summary:
        'Rules of the machine (iptables-save, nft list ruleset, nft -j list ruleset, ipvsadm -Sn, cilium-dbg service list -o json, cilium-dbg bpf lb list), or what they look up (ipset save, ip -j address, sysctl -a); - for standard input; repeat it',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ruleset6: Flags.string({
      summary: 'An ip6tables-save of the machine; repeat it as --ruleset',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'node-address': Flags.string({
      summary: 'An address of the machine; repeat it for all of them',
      helpValue: 'IP',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    src: Flags.string({ summary: 'Source address', helpValue: 'IP' }),
    dst: Flags.string({ summary: 'Destination address', helpValue: 'IP' }),
    dport: Flags.integer({ summary: 'Destination port', helpValue: 'PORT', min: 1, max: PORT_MAX }),
    sport: Flags.integer({
      summary: 'Source port; without it, one that the sender picks',
      helpValue: 'PORT',
      min: 1,
      max: PORT_MAX,
    }),
    protocol: Flags.option({
      summary: 'Transport protocol',
      options: ['tcp', 'udp', 'sctp'] as const,
      default: 'tcp',
    })(),
    hook: Flags.option({
      summary: 'Where the packet begins; auto: output if the machine has the source address',
      options: ['auto', 'prerouting', 'output'] as const,
      default: 'auto',
    })(),
    'in-interface': Flags.string({ summary: 'Interface by which the packet comes in', helpValue: 'NAME' }),
    uid: Flags.integer({ summary: 'User id of the process that sends it', min: 0 }),
    gid: Flags.integer({ summary: 'Group id of the process that sends it', min: 0 }),
    mark: Flags.string({ summary: 'Mark of the packet, decimal or 0x hexadecimal', helpValue: 'MARK' }),
    state: Flags.option({
      summary: 'What conntrack knows of the packet',
      options: ['new', 'established', 'reply', 'related', 'invalid', 'untracked'] as const,
      default: 'new',
    })(),
    flows: Flags.string({
      summary: 'Packets as JSON objects, one a line, by the names of these flags; - for standard input',
      helpValue: 'FILE',
      exclusive: ['src', 'dst', 'dport'],
    }),
    output: outputFlag(['json', 'yaml']),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Packet);
    const {
      answerFlows,
      openPacketMachine,
      packetStatus,
      renderGaps,
      renderPacketAnswer,
      renderPacketLine,
      worstStatus,
    } = await import('../src/packet.ts');
    const rulesets = flags.ruleset ?? [];
    const rulesets6 = flags.ruleset6 ?? [];
    if (flags.flows === '-' && [...rulesets, ...rulesets6].includes('-')) {
      throw new CliError('standard input can hold one file only', {
        remedy: 'Give `-` once, and a path for the rest.',
      });
    }
    if (flags.flows !== undefined && flags.output === 'yaml') {
      throw new CliError('--flows is answered with a line of JSON for each line', {
        remedy: 'Leave out --output.',
      });
    }
    const machine = await openPacketMachine({
      rulesets,
      rulesets6,
      nodeAddresses: [...(flags['node-address'] ?? []), ...(args.address ?? [])],
    });
    const { flows, output, ruleset: _r, ruleset6: _r6, 'node-address': _n, 'no-color': _c, ...description } = flags;
    if (flows !== undefined) {
      let worst: PacketStatus = 'ok';
      for await (const answers of answerFlows(machine, flows, description)) {
        worst = worstStatus([worst, ...answers.map(packetStatus)]);
        const lines = answers.map((answer) => `${renderPacketLine(answer)}\n`);
        await this.answerPart(lines.join(''), ExitStatus[worst]);
      }
    } else {
      const answer = machine.answer(description);
      if ('error' in answer) {
        throw new CliError(answer.error, {
          remedy: 'A packet is told by --src, --dst and --dport; --help shows the other flags.',
        });
      }
      const text = await renderPacketAnswer(answer, output ?? 'text', this.terminal());
      this.answer(text, ExitStatus[packetStatus(answer)]);
    }
    // What was not understood is told beside the answer, which says where it depends on it.
    process.stderr.write(renderGaps(machine.gaps()));
  }
}
