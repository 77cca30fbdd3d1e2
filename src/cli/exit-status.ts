/** What the process tells its caller. Part of the output contract: scripts rely on the numbers. */
export const ExitStatus = {
  /** the request is reachable, or nothing was found */
  ok: 0,
  /** the tool itself failed */
  failed: 1,
  /** wrong usage, or input that cannot be read */
  usage: 2,
  /** not reachable, or findings at or above `--fail-on` */
  unreachable: 3,
  /** what is known does not decide the answer */
  undetermined: 4,
} as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** Of a comparison. */
export const DIFF_STATUS = {
  same: ExitStatus.ok,
  different: ExitStatus.unreachable,
  unknown: ExitStatus.undetermined,
} as const;
