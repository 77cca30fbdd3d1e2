import * as Flags from '@oclif/core/flags';
import { snapshotFlags } from './flags.ts';

/** Flags of every command that shows what a ztunnel knows. */
export const ztunnelFlags = {
  snapshot: snapshotFlags.snapshot,
  file: Flags.string({
    char: 'f',
    summary: "Read a ztunnel's /config_dump from this file, or - for standard input",
    helpValue: 'FILE',
  }),
  node: Flags.string({ summary: 'Of a snapshot, the ztunnel on this node', helpValue: 'NODE' }),
};

/** Where a ztunnel's dump is, as flags tell it. */
export function ztunnelInput(flags: {
  readonly file: string | undefined;
  readonly snapshot: string[] | undefined;
  readonly node: string | undefined;
}) {
  return { file: flags.file ?? null, snapshots: flags.snapshot ?? [], node: flags.node ?? null };
}
