import * as Flags from '@oclif/core/flags';

/** Flags of every command that asks about a cluster or a snapshot of one. */
export const snapshotFlags = {
  snapshot: Flags.string({
    summary: 'Read this snapshot (a folder or a .tar.gz); repeat it for several clusters',
    helpValue: 'PATH',
    multiple: true,
    multipleNonGreedy: true,
  }),
  namespace: Flags.string({
    char: 'n',
    summary: 'Namespace of names that carry none',
    helpValue: 'NAMESPACE',
  }),
};

/** For commands that show more on demand. */
export const verboseFlag = Flags.boolean({ char: 'v', summary: 'Show the whole evidence of every step' });

/** `-o`: the formats of this command beside the one for people, which is printed without the flag. */
export function outputFlag<const Format extends string>(formats: readonly Format[]) {
  return Flags.option({
    char: 'o',
    summary: 'Print it in this format',
    helpValue: formats.join('|'),
    options: formats,
  })();
}
