import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { collectionFlags, collectionOf } from '../src/cli/collection-flags.ts';
import { connectionFlags, connectionOf } from '../src/cli/connection-flags.ts';
import { snapshotFlags } from '../src/cli/flags.ts';
import { interruptible } from '../src/cli/interruptible.ts';
import { versionReport } from '../src/cli/version.ts';
import type { SnapshotRequest } from '../src/snapshot.ts';

export default class Snapshot extends BaseCommand {
  static override summary = 'Save everything that a later answer may need, without secrets';
  static override description =
    'Writes a snapshot: a folder or a .tar.gz of native files, which `explain --snapshot` and all other commands read. ' +
    'By default tokens, keys, passwords, values of headers and environment variables are replaced by pseudonyms; equal values have ' +
    'equal ones, so that matches still hold. What a value that was taken out would decide is undetermined. ' +
    'Takes it from the cluster of the current context; given another snapshot, writes that again: all of it or a part, redacted. ' +
    'Exit status: 0 saved, 4 saved, but something was refused, unreadable or left out (snapshot.json tells what, and why).';
  static override examples = [
    {
      description: 'The cluster of the current context, without secrets',
      command: '<%= config.bin %> snapshot -A -o cluster.tar.gz',
    },
    {
      description: 'Make the snapshot of a colleague safe to pass on: secrets, names and addresses replaced',
      command: '<%= config.bin %> snapshot --snapshot ./incident-42 --redact names -o incident-42.tar.gz',
    },
    {
      description: 'A part of a snapshot: one node, and the pods of one namespace',
      command: '<%= config.bin %> snapshot --snapshot cluster.tar.gz -n shop --node node1 -o shop/',
    },
  ];
  static override flags = {
    ...snapshotFlags,
    ...connectionFlags,
    ...collectionFlags,
    namespace: Flags.string({
      char: 'n',
      summary: 'Only the network namespaces and proxies of pods in this namespace; lists of objects stay whole',
      helpValue: 'NAMESPACE',
      exclusive: ['all-namespaces'],
    }),
    'all-namespaces': Flags.boolean({ char: 'A', summary: 'The pods of all namespaces, as without -n' }),
    node: Flags.string({
      summary: 'Only the dumps of this node; repeat it for several',
      helpValue: 'NODE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    proxy: Flags.string({
      summary: 'Only the proxy of this pod, NAME.NAMESPACE; repeat it for several',
      helpValue: 'POD',
      multiple: true,
      multipleNonGreedy: true,
    }),
    redact: Flags.option({
      summary: 'What is replaced by pseudonyms: nothing; secrets; or also names and addresses',
      options: ['none', 'secrets', 'names'] as const,
      default: 'secrets',
    })(),
    output: Flags.string({
      char: 'o',
      summary: 'Where it is written: FILE.tar.gz, or FOLDER/',
      helpValue: 'PATH',
      required: true,
    }),
    force: Flags.boolean({ summary: 'Replace what stands there' }),
    restart: Flags.boolean({
      summary: 'Begin again, where an interrupted attempt left something to go on from',
      exclusive: ['snapshot'],
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Snapshot);
    const { captureCluster, skippedLines, takeSnapshot } = await import('../src/snapshot.ts');
    const { name, version } = versionReport();
    const request: SnapshotRequest = {
      scope: {
        namespace: flags.namespace ?? null,
        nodes: flags.node ?? [],
        proxies: (flags.proxy ?? []).map((pod) => podKey(pod, flags.namespace)),
      },
      level: flags.redact,
      output: flags.output,
      force: flags.force,
      tool: { name, version },
    };
    const sources = flags.snapshot ?? [];
    const tell = (phase: string): void => this.progress.phase(phase);
    const report = await interruptible((signal) => {
      if (sources.length > 0) return takeSnapshot(sources, request, tell, signal);
      const surroundings = this.surroundings(signal);
      const collection = collectionOf(flags, (sentence) => this.tell(sentence));
      return captureCluster(connectionOf(flags), surroundings, collection, flags.restart, request, tell);
    });
    const kept = flags.redact === 'none' ? 'nothing was redacted' : `${flags.redact} were redacted`;
    const lines = [`${report.path}: ${report.artefacts} artefacts; ${kept}`, ...skippedLines(report.skipped)];
    // What nobody has (no IPVS, no legacy tables) is missing from every snapshot.
    const whole = report.skipped.every(({ kind }) => kind === 'missing');
    this.answer(lines.join('\n'), whole ? ExitStatus.ok : ExitStatus.undetermined);
  }
}

/** `reviews-v1.bookinfo` or, with a namespace, `reviews-v1`; as `namespace/name`. */
function podKey(text: string, namespace: string | undefined): string {
  const pod = text.replace(/^pods?\//, '');
  const dot = pod.lastIndexOf('.');
  if (dot > 0) return `${pod.slice(dot + 1)}/${pod.slice(0, dot)}`;
  if (namespace === undefined) {
    throw new CliError(`--proxy ${text} names no namespace`, { remedy: 'Give NAME.NAMESPACE, or add -n NAMESPACE.' });
  }
  return `${namespace}/${pod}`;
}
