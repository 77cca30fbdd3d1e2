import type { GapKind } from '../../../model/artefact.ts';
import type { ExecOutcome } from '../stream/exec.ts';
import type { Argv } from './commands.ts';

/** Why a command could not be run at all. */
export interface CommandFailure {
  readonly kind: 'failed';
  readonly gap: GapKind;
  /** One clause. */
  readonly problem: string;
  /** One clause; null: none is known. */
  readonly remedy: string | null;
}

/** Runs commands in one place: a container, a debug pod, this machine. */
export interface CommandRunner {
  /** `in container kube-proxy of pod kube-system/kube-proxy-x1` */
  readonly place: string;
  run(argv: Argv, signal: AbortSignal): Promise<ExecOutcome | CommandFailure>;
}
