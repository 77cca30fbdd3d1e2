import { quoted, refusal, StreamError } from './stream-error.ts';

/** How a command ended, as the status channel tells it. */
export type ExecEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** the runtime found no such program in the container */
  | { readonly kind: 'tool-missing'; readonly detail: string };

/**
 * What runc and crun say when the program is not in the container: `exec: "nft": executable file not found in $PATH`,
 * ``executable file `nft` not found in $PATH``, `exec: "/usr/sbin/nft": stat /usr/sbin/nft: no such file or directory`.
 */
const NO_SUCH_PROGRAM = /executable file .{0,200}not found|exec: .{0,200}no such file or directory/i;
/** Some runtimes report it as the exit status that a shell would give. */
const SHELL_NOT_FOUND = 127;

/**
 * Reads the `Status` object that ends an exec: success, an exit status (cause `ExitCode`), or why the command could not be started
 * (k8s.io/apimachinery/pkg/util/remotecommand, constants.go; kubelet/pkg/cri/streaming/remotecommand, exec.go).
 * @throws StreamError
 */
export function readExecStatus(text: string, stderr: string): ExecEnd {
  const status = parseStatus(text);
  if (status['status'] === 'Success') return { kind: 'exited', exitCode: 0 };
  const message = typeof status['message'] === 'string' ? status['message'] : '';
  if (NO_SUCH_PROGRAM.test(message)) return { kind: 'tool-missing', detail: quoted(message) };
  const exitCode = status['reason'] === 'NonZeroExitCode' ? exitCodeOf(status['details']) : undefined;
  if (exitCode === undefined) {
    const code = typeof status['code'] === 'number' ? status['code'] : 500;
    throw refusal(code, message === '' ? text : message, undefined);
  }
  if (exitCode === SHELL_NOT_FOUND || NO_SUCH_PROGRAM.test(stderr)) {
    return { kind: 'tool-missing', detail: stderr === '' ? quoted(message) : quoted(stderr) };
  }
  return { kind: 'exited', exitCode };
}

function parseStatus(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new StreamError('protocol', `the status of the command is no object: ${quoted(text)}`);
}

function exitCodeOf(details: unknown): number | undefined {
  const causes = isRecord(details) && Array.isArray(details['causes']) ? details['causes'] : [];
  for (const cause of causes as readonly unknown[]) {
    if (!isRecord(cause) || cause['reason'] !== 'ExitCode') continue;
    const code = Number(cause['message']);
    if (Number.isInteger(code)) return code;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
