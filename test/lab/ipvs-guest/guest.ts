// A kernel of our own, with IPVS, as a plain program (User Mode Linux): the machine's kernel may have no IPVS. It sees the
// machine's files, read-only, and its own network. Orders go in and answers come out over its serial line.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { command } from '../execute.ts';
import { installGuest, type GuestFiles } from './install-guest.ts';
import { MODULES, moduleFiles } from './kernel-modules.ts';

/** One connection or datagram, or several one after the other. */
export interface GuestProbe {
  readonly netns: string;
  readonly protocol: 'tcp' | 'udp';
  readonly destination: string;
  readonly port: number;
  readonly source?: string;
  readonly sourcePort?: number;
  /** Milliseconds to wait for an answer. */
  readonly patience?: number;
  readonly count?: number;
  /** Keeps the connections open until `release`. */
  readonly hold?: boolean;
}

/** Who answers where. */
export interface GuestServer {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** What the sender of a probe saw. */
export interface GuestProbeResult {
  /** `answered`, `timeout`, `closed`, or the code of an error. */
  readonly result: string;
  readonly seen?: {
    readonly name: string;
    readonly local: string;
    readonly localPort: number;
    readonly peer: string;
    readonly peerPort: number;
  };
}

/** Where a guest is started. */
export interface GuestOptions {
  /** Network namespace of the machine; its devices are the guest's. */
  readonly netns?: string;
  /** Name of a tap device in that namespace, which is `vec0` in the guest. */
  readonly tap?: string;
}

/** What a program in the guest left. */
export interface GuestFinished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const BOOT_PATIENCE = 30_000;
const ORDER_PATIENCE = 60_000;
const PROBE_PATIENCE = 1000;
const HALT_PATIENCE = 3000;

/** The guest said nothing for too long: it hangs. */
class GuestSilent extends Error {
  override readonly name = 'GuestSilent';
}

/** A guest that runs. */
export class Guest {
  private readonly waiting = new Map<number, (reply: { value?: unknown; error?: string }) => void>();
  private readonly process: ChildProcess;
  private readonly folder: string;
  private readonly ticks: NodeJS.Timeout;
  private readonly serial: Duplex;
  private readonly messages: string[] = [];
  readonly files: GuestFiles;
  private next = 0;

  /** Boots a guest; a boot that hangs is tried once more. */
  static async boot(options: GuestOptions = {}): Promise<Guest> {
    for (let attempt = 1; ; attempt += 1) {
      const guest = new Guest(await installGuest(), options);
      try {
        await guest.reply(0, 'boot', BOOT_PATIENCE);
        await guest.order({ do: 'load', modules: moduleFiles(guest.files.modules, MODULES) });
        return guest;
      } catch (error) {
        await guest.stop();
        if (!(error instanceof GuestSilent) || attempt === 2) throw error;
      }
    }
  }

  private constructor(files: GuestFiles, { netns, tap }: GuestOptions) {
    this.files = files;
    this.folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-guest-'));
    const name = path.basename(this.folder);
    const root = [
      'root=/dev/root',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${this.files.agent}`,
      `orders=${this.folder}`,
      `packages=${this.files.packages}`,
    ];
    const lines = [
      'con=null',
      'con0=null,fd:1',
      'ssl0=fd:3,fd:4',
      'ssl=null',
      `uml_dir=${this.folder}`,
      `umid=${name}`,
    ];
    // Without gro the device drops the large frames that the machine hands it.
    const devices = tap === undefined ? [] : [`vec0:transport=tap,ifname=${tap},depth=128,gro=1`];
    const parameters = ['mem=1G', ...root, ...lines, 'quiet', 'panic=1', ...devices];
    const [program, ...words] = command(files.kernel, parameters, netns);
    this.process = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      cwd: this.folder,
      detached: true,
    });
    // It has hung now and then until a signal woke it.
    this.ticks = setInterval(() => this.process.kill('SIGALRM'), 1000);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.messages.push(chunk.toString()));
    }
    const [, , , orders, answers] = this.process.stdio;
    this.serial = orders as Duplex;
    this.serial.on('error', () => {});
    (answers as Duplex).on('error', () => {});
    createInterface({ input: answers as Duplex }).on('line', (line) => {
      const reply = JSON.parse(line) as { id: number; value?: unknown; error?: string };
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    });
  }

  /** Leaves a file for the guest. @returns its path there */
  leave(name: string, text: string): string {
    writeFileSync(path.join(this.folder, name), text);
    return `/run/orders/${name}`;
  }

  /** Leaves a copy of a folder for the guest, whose /tmp and /run are its own and hide the machine's. @returns its path there */
  leaveFolder(name: string, from: string): string {
    cpSync(from, path.join(this.folder, name), { recursive: true });
    return `/run/orders/${name}`;
  }

  /** What the kernel and its first process wrote. */
  get console(): string {
    return this.messages.join('');
  }

  private reply(id: number, what: string, patience: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (text: string): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        reject(new GuestSilent(`guest: ${what}: ${text}\n${this.console}`));
      };
      const timer = setTimeout(() => fail(`no answer within ${patience} ms`), patience);
      const ended = (): void => fail('it ended');
      this.process.once('exit', ended);
      this.waiting.set(id, ({ value, error }) => {
        clearTimeout(timer);
        this.process.off('exit', ended);
        if (error === undefined) resolve(value);
        else reject(new Error(`guest: ${what}: ${error}`));
      });
    });
  }

  private order(fields: Readonly<Record<string, unknown>>, patience = ORDER_PATIENCE): Promise<unknown> {
    this.next += 1;
    const text = JSON.stringify({ id: this.next, ...fields });
    const file = `order-${this.next}.json`;
    // A long line makes the serial line stop for good: it carries the name of a file.
    this.leave(file, text);
    const reply = this.reply(this.next, text.slice(0, 200), patience);
    this.serial.write(`${file}\n`);
    return reply;
  }

  /** Runs a program to its end. @param netns empty: the first network namespace of the guest @param patience in milliseconds */
  async spawn(
    netns: string,
    argv: readonly string[],
    stdin = '',
    patience: number = ORDER_PATIENCE,
  ): Promise<GuestFinished> {
    return (await this.order({ do: 'run', netns, argv, stdin }, patience)) as GuestFinished;
  }

  /** As `spawn`, and throws when the program failed. @returns its standard output */
  async run(netns: string, argv: readonly string[], stdin = ''): Promise<string> {
    const { status, stdout, stderr } = await this.spawn(netns, argv, stdin);
    if (status !== 0) throw new Error(`guest: ${argv.join(' ')}: status ${status}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Starts a program that keeps running. @returns its process id in the guest */
  async start(netns: string, argv: readonly string[], log: string): Promise<number> {
    return (await this.order({ do: 'start', netns, argv, log })) as number;
  }

  /** How often a text is in a file as it is in the guest, whose writes reach this machine later; no program is run for it. */
  async count(text: string, file: string): Promise<number> {
    return (await this.order({ do: 'count', text, file })) as number;
  }

  /** Answers on addresses of a network namespace, with a name and what it saw. */
  async serve(netns: string, server: GuestServer): Promise<void> {
    await this.order({ do: 'serve', netns, ...server });
  }

  async probe(probe: GuestProbe): Promise<readonly GuestProbeResult[]> {
    const { patience = PROBE_PATIENCE, count = 1 } = probe;
    const longest = ORDER_PATIENCE + patience * count;
    return (await this.order({ do: 'probe', ...probe, patience, count }, longest)) as readonly GuestProbeResult[];
  }

  /** Ends the connections that probes held. @returns how many there were */
  async release(): Promise<number> {
    return (await this.order({ do: 'release' })) as number;
  }

  /** Ends the guest with all its processes, and its folder. */
  async stop(): Promise<void> {
    if (this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      // A kernel that halts takes its processes with it, each of which is a process of the machine; one that hangs is killed.
      this.order({ do: 'power-off' }).catch(() => {});
      const { pid } = this.process;
      const kill = setTimeout(() => process.kill(-pid, 'SIGKILL'), HALT_PATIENCE);
      await ended;
      clearTimeout(kill);
    }
    clearInterval(this.ticks);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
