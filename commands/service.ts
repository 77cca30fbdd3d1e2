import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag, snapshotFlags } from '../src/cli/flags.ts';

export default class Service extends BaseCommand {
  static override summary = 'Say how a Service is set up, and how each node and proxy has it';
  static override description =
    'Shows what a Service is, its endpoints, and for each node what really happens to connections to each of its addresses, ' +
    'in one notation for every mode of kube-proxy. With --ledger: who knows which endpoint, and who disagrees. ' +
    'Without NAME: every Service of the namespace, or of the whole snapshot without --namespace. ' +
    'Exit status: 0 nothing differs from what the objects ask, 3 something does, 4 not everything is known.';
  static override aliases = ['svc'];
  static override examples = [
    {
      description: 'One Service: its endpoints, and how each node has it',
      command: '<%= config.bin %> service web -n shop --snapshot samples/kube-proxy-iptables',
    },
    {
      description: 'The rules of one node behind it',
      command: '<%= config.bin %> service web -n shop --node node1 --rules --snapshot samples/kube-proxy-iptables',
    },
    {
      description: 'Who knows which endpoint, and who disagrees',
      command: '<%= config.bin %> service reviews -n bookinfo --ledger --snapshot samples/istio-bookinfo',
    },
    {
      description: 'Every Service of a snapshot of which some node or proxy has other endpoints',
      command: '<%= config.bin %> service --ledger --only-drift --snapshot cluster.tar.gz',
    },
  ];
  static override args = {
    name: Args.string({
      description: 'Service (NAME, NAME.NAMESPACE, svc/NAME); none: all of them',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...snapshotFlags,
    node: Flags.string({ summary: 'Only this node', helpValue: 'NODE' }),
    rules: Flags.boolean({ summary: 'Show the rules behind each address' }),
    ledger: Flags.boolean({
      summary: 'Show who knows which endpoint: EndpointSlices, nodes, proxies, tracked connections',
    }),
    'only-drift': Flags.boolean({ summary: 'Leave out what nobody disagrees about' }),
    output: outputFlag(['wide', 'json', 'yaml']),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Service);
    // Loaded here, so that help, completion and errors in the flags don't pay for it.
    const { accountServices, renderGaps, renderServiceAccounts } = await import('../src/service.ts');
    const paths = flags.snapshot ?? [];
    if (paths.length === 0) {
      throw new CliError('no snapshot is given', {
        remedy: 'Name one with --snapshot PATH (a folder or a .tar.gz).',
      });
    }
    const format = flags.output === 'json' || flags.output === 'yaml' ? flags.output : 'text';
    this.progress.phase('reading the snapshot');
    const accounts = await accountServices(paths, {
      name: args.name ?? null,
      namespace: flags.namespace ?? null,
      node: flags.node ?? null,
      rules: flags.rules,
      onlyDrift: flags['only-drift'],
      onlyLedger: flags.ledger && format === 'text',
    });
    const wide = flags.output === 'wide';
    const layout = { ...this.terminal(), ledger: flags.ledger, wide };
    for (const piece of renderServiceAccounts(accounts, format, layout)) {
      await this.answerPart(piece, ExitStatus[accounts.status()]);
    }
    // What was not captured stands in the answer already.
    const unread = accounts.gaps().filter((gap) => gap.kind !== 'missing');
    if (format === 'text') process.stderr.write(renderGaps(unread));
  }
}
