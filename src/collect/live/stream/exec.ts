/**
 * Runs one command in a container that already runs, as `kubectl exec` does, over WebSocket.
 *
 * In: a pod, a container, a fixed list of arguments. Out: what the command printed and how it ended. The list goes to the container
 * runtime as it is: there is no shell in between, so that no name of a cluster can become a command. Must not interpret the output.
 */
import type { RawData } from 'ws';
import { podPath, type ApiAccess, type PodName } from '../api-access.ts';
import { readExecStatus, type ExecEnd } from './exec-status.ts';
import { StreamError } from './stream-error.ts';
import { closing, messageBytes, openStream, streamTimes, type OpenStream, type StreamTimes } from './web-socket.ts';

/** Newest first. v4 lacks only the half-close of standard input, which is not used (k8s.io/apimachinery/pkg/util/remotecommand). */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
/** Channels of the protocol: the first byte of every message. */
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
/** v5: the other side closes the channel whose number follows. */
const CLOSE = 255;

/** How long the connection may stay open after the status: what was printed before has been sent by then. */
const AFTER_STATUS_MS = 1000;
const STDOUT_BYTES = 1024 * 1024 * 1024;
const STDERR_BYTES = 64 * 1024;
const STATUS_BYTES = 64 * 1024;

/** What became of a command. */
export type ExecOutcome =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly stdout: Buffer; readonly stderr: string }
  | Extract<ExecEnd, { kind: 'tool-missing' }>;

export interface ExecTarget extends PodName {
  readonly container: string;
}

export interface ExecOptions {
  readonly signal: AbortSignal;
  readonly times?: StreamTimes;
  /** Most bytes of standard output. */
  readonly limit?: number;
}

/**
 * Runs a command and waits for its end.
 * @throws StreamError when it could not be run, or its output is not whole
 */
export async function execInContainer(
  access: ApiAccess,
  target: ExecTarget,
  argv: readonly string[],
  { signal, times = streamTimes(access), limit = STDOUT_BYTES }: ExecOptions,
): Promise<ExecOutcome> {
  const query = [
    ...argv.map((word) => ['command', word] as const),
    ['container', target.container],
    ['stdin', 'false'],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ['tty', 'false'],
  ] as const;
  const stream = await openStream(access, {
    path: podPath(target, 'exec'),
    query,
    protocols: PROTOCOLS,
    times,
    signal,
  });
  const output = new Output(limit);
  try {
    await readToEnd(stream, output);
  } finally {
    stream.release();
  }
  const stderr = output.bytes(STDERR).toString('utf8');
  const end = readExecStatus(output.bytes(STATUS).toString('utf8'), stderr);
  return end.kind === 'tool-missing' ? end : { ...end, stdout: output.bytes(STDOUT), stderr };
}

/** Waits until the status has come and the other side has closed the connection, or should have. */
async function readToEnd({ socket, failed, fail }: OpenStream, output: Output): Promise<void> {
  let ending: NodeJS.Timeout | undefined;
  const ended = new Promise<void>((resolve) => {
    socket.on('message', (data: RawData) => {
      const problem = output.take(messageBytes(data));
      if (problem !== null) fail(problem);
      else if (output.hasStatus) ending ??= setTimeout(resolve, AFTER_STATUS_MS);
    });
    socket.on('close', (code, reason) => {
      if (output.hasStatus) resolve();
      else
        fail(new StreamError('cut-off', `the connection closed before the command ended (${closing(code, reason)})`));
    });
  });
  socket.resume();
  try {
    await Promise.race([ended, failed]);
  } finally {
    clearTimeout(ending);
  }
}

/** What the other side sent, by channel. */
class Output {
  private readonly limit: number;
  private readonly chunks = new Map<number, Buffer[]>();
  private readonly sizes = new Map<number, number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get hasStatus(): boolean {
    return this.sizes.has(STATUS);
  }

  /** Takes one message; gives back why it cannot be taken. */
  take(message: Buffer): StreamError | null {
    const channel = message[0];
    // The server opens each channel with an empty message.
    if (channel === undefined || channel === CLOSE || message.length === 1) return null;
    if (channel !== STDOUT && channel !== STDERR && channel !== STATUS) {
      return new StreamError('protocol', `a message came on channel ${channel}, which exec does not have`);
    }
    const size = (this.sizes.get(channel) ?? 0) + message.length - 1;
    if (channel === STDOUT && size > this.limit) {
      return new StreamError('too-large', `the command printed more than ${this.limit} bytes`);
    }
    if (channel === STATUS && size > STATUS_BYTES) {
      return new StreamError('protocol', `the status of the command has more than ${STATUS_BYTES} bytes`);
    }
    // Errors are read by people: what is beyond any use is let go.
    if (channel === STDERR && size > STDERR_BYTES) return null;
    this.sizes.set(channel, size);
    const chunks = this.chunks.get(channel);
    if (chunks === undefined) this.chunks.set(channel, [message.subarray(1)]);
    else chunks.push(message.subarray(1));
    return null;
  }

  bytes(channel: number): Buffer {
    return Buffer.concat(this.chunks.get(channel) ?? []);
  }
}
