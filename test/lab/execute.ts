import { spawn } from 'node:child_process';

interface ExecuteOptions {
  readonly cwd?: string;
  /** Network namespace to run in. */
  readonly netns?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until the program is killed. */
  readonly timeout?: number;
}

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit status. Only one that cannot be started throws. */
export function attempt(program: string, parameters: readonly string[], options: ExecuteOptions = {}): Promise<Ended> {
  const [file, ...words] = command(program, parameters, options.netns);
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, {
      cwd: options.cwd,
      env: options.env === undefined ? process.env : { ...process.env, ...options.env },
      timeout: options.timeout,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program may end before it has read all of its input.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

/** Runs a program to its end. @returns its standard output @throws with its standard error when it fails */
export async function execute(
  program: string,
  parameters: readonly string[],
  options: ExecuteOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await attempt(program, parameters, options);
  if (status === 0) return stdout.toString();
  throw new Error(`${program} ${parameters.join(' ')} ended with ${status}: ${stderr.trim()}`);
}

/** The command line that runs a program inside a network namespace, in its own process (nsenter replaces itself). */
export function command(
  program: string,
  parameters: readonly string[],
  netns: string | undefined,
): [string, ...string[]] {
  return netns === undefined
    ? [program, ...parameters]
    : ['nsenter', `--net=/run/netns/${netns}`, program, ...parameters];
}
