import * as Flags from '@oclif/core/flags';
import * as Args from '@oclif/core/args';
import { snapshotFlags } from './flags.ts';
import { liveFlags } from './proxy-flags.ts';

/** Flags of every command that shows what a ztunnel knows. */
export const ztunnelFlags = {
  ...snapshotFlags,
  ...liveFlags,
  file: Flags.string({
    char: 'f',
    summary: "Read a ztunnel's /config_dump from this file, or - for standard input",
    helpValue: 'FILE',
  }),
  node: Flags.string({ summary: 'The ztunnel on this node', helpValue: 'NODE' }),
};

/** The ztunnel that is asked about. */
export const ztunnelArgs = {
  pod: Args.string({ description: "A ztunnel's pod, or a pod on its node: NAME[.NAMESPACE]", ignoreStdin: true }),
};

/** Where a ztunnel's dump is, as flags and arguments tell it. */
export function ztunnelInput(
  pod: string | undefined,
  flags: {
    readonly namespace: string | undefined;
    readonly 'istio-namespace': string | undefined;
    readonly file: string | undefined;
    readonly snapshot: string[] | undefined;
    readonly node: string | undefined;
  },
) {
  return {
    target: pod ?? null,
    namespace: flags.namespace ?? null,
    file: flags.file ?? null,
    snapshots: flags.snapshot ?? [],
    node: flags.node ?? null,
    istioNamespace: flags['istio-namespace'] ?? null,
  };
}
