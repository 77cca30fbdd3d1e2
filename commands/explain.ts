import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { collectionFlags, collectionOf } from '../src/cli/collection-flags.ts';
import { connectionFlags, connectionOf } from '../src/cli/connection-flags.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag, snapshotFlags, verboseFlag } from '../src/cli/flags.ts';
import { headerFlag, offeredMethods } from '../src/cli/request-flags.ts';
import type { LiveAnswer, Severity } from '../src/index.ts';

export default class Explain extends BaseCommand {
  static override summary = 'Explain how a request gets from a pod to a Service, or where it stops';
  static override description =
    'Walks the request over names, rules, routes and proxies as they are, and shows every decision with its proof. ' +
    'FROM is a pod (NAME, pod/NAME, NAME.NAMESPACE), a workload (deploy/NAME: every replica), a node (node/NAME), or an address. ' +
    'TO is a Service (NAME, NAME.NAMESPACE:PORT, svc/NAME), a URL, a pod (pod/NAME:PORT), IP:PORT or HOST:PORT. ' +
    'Without --snapshot the cluster of the current context is asked; nothing in it is changed, unless --node-access debug-pod says so. ' +
    'Exit status: 0 reachable, 3 not reachable or only on some branches, 4 undetermined.';
  static override aliases = ['trace'];
  static override examples = [
    {
      description: 'A request to a Service of the same namespace, in the cluster of the current context',
      command: '<%= config.bin %> explain web-0 api:443 -n shop',
    },
    {
      description: 'From a snapshot, without a cluster',
      command: '<%= config.bin %> explain cli-a web:80 -n shop --snapshot samples/kube-proxy-iptables',
    },
    {
      description: 'A URL, with a method and a header',
      command:
        '<%= config.bin %> explain productpage-v1 http://reviews:9080/reviews/1 -X DELETE -H "end-user: jason" -n bookinfo',
    },
    {
      description: 'From outside the cluster, entering by a certain node',
      command:
        '<%= config.bin %> explain 192.0.2.7 shop.example.com:443 --resolve shop.example.com:203.0.113.10 --node node1',
    },
    {
      description: 'With the rules of nodes read through a privileged pod, which is removed at the end',
      command: '<%= config.bin %> explain web-0 api:443 -n shop --node-access debug-pod --debug-namespace kube-system',
    },
    { description: 'As JSON, for a script', command: '<%= config.bin %> explain deploy/web svc/api -n shop -o json' },
  ];
  static override args = {
    from: Args.string({ description: 'Who asks', required: true, ignoreStdin: true }),
    to: Args.string({ description: 'What is asked for', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...snapshotFlags,
    ...connectionFlags,
    ...collectionFlags,
    'from-namespace': Flags.string({ summary: 'Namespace of FROM, when it is not that of TO', helpValue: 'NAMESPACE' }),
    method: Flags.string({ char: 'X', aliases: ['request'], summary: 'HTTP method', helpValue: 'METHOD' }),
    header: headerFlag,
    protocol: Flags.option({
      summary: 'Transport protocol',
      options: ['tcp', 'udp', 'sctp'] as const,
    })(),
    uid: Flags.integer({ summary: 'User id of the client process', min: 0 }),
    'source-port': Flags.integer({ summary: 'Source port of the connection', min: 1, max: 65_535 }),
    node: Flags.string({ summary: 'Node at which a request from outside arrives', helpValue: 'NODE' }),
    resolve: Flags.string({
      summary: 'Take this address for a name; repeat it for several',
      helpValue: 'HOST:IP',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'explain-step': Flags.integer({ summary: 'Show this step alone, with its whole evidence', helpValue: 'N', min: 1 }),
    'fail-on': Flags.option({
      summary: 'Exit with 3 if there is a finding of this severity or a worse one',
      options: ['error', 'warning', 'info'] as const,
    })(),
    verbose: verboseFlag,
    output: outputFlag(['wide', 'json', 'yaml', 'mermaid']),
  };

  static override offers = { method: offeredMethods };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    // Loaded here, so that help, completion and errors in the flags don't pay for it.
    const { answerStatus, explainLive, explainQuestion, renderAnswer } = await import('../src/index.ts');
    const question = {
      from: args.from,
      to: args.to,
      namespace: flags.namespace ?? null,
      fromNamespace: flags['from-namespace'] ?? null,
      method: flags.method ?? null,
      headers: flags.header ?? [],
      protocol: flags.protocol ?? null,
      uid: flags.uid ?? null,
      sourcePort: flags['source-port'] ?? null,
      node: flags.node ?? null,
      resolve: flags.resolve ?? [],
    };
    const paths = flags.snapshot ?? [];
    let live: LiveAnswer | null = null;
    let explanation;
    if (paths.length > 0) {
      this.progress.phase('reading the snapshot');
      explanation = await explainQuestion(paths, question);
    } else {
      const collection = collectionOf(flags, (sentence) => this.tell(sentence));
      live = await explainLive(this.liveAccess(connectionOf(flags), collection), question);
      ({ explanation } = live);
      if (flags.verbose) for (const note of live.notes) this.tell(note);
    }
    const text = renderAnswer(explanation, flags.output ?? 'tree', {
      ...this.terminal(),
      verbose: flags.verbose,
      step: flags['explain-step'] ?? null,
    });
    if (text === undefined) {
      throw new CliError(`the answer has no step ${flags['explain-step']}`, {
        remedy: 'The steps are numbered in the answer; run the command without --explain-step to see them.',
      });
    }
    if (live !== null && flags.verbose) {
      const { requests, bytes } = live.traffic;
      process.stderr.write(
        `asked ${live.server} ${requests} times in ${live.rounds} rounds, ${bytes} bytes of answers\n`,
      );
    }
    if (live?.interrupted === true) {
      this.answerInterrupted(text);
      return;
    }
    this.answer(text, ExitStatus[answerStatus(explanation, (flags['fail-on'] ?? null) satisfies Severity | null)]);
  }
}
