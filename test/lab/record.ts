import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, command, execute } from './execute.ts';
import requireLab from './requirements.ts';

/** Where labs keep what belongs to one start: state, logs, credentials. */
const RUNTIME = '/run/kubectl-reach-lab';

/** Something of the machine that a lab made and that must go with it. */
type Belonging =
  | { readonly kind: 'process'; readonly pid: number; readonly started: string; readonly name: string }
  | { readonly kind: 'netns'; readonly name: string }
  | { readonly kind: 'link'; readonly name: string }
  | { readonly kind: 'mount'; readonly path: string }
  | { readonly kind: 'cgroup'; readonly path: string };

/** How a long-running program of the lab is started. */
export interface Daemon {
  /** Names its log. */
  readonly name: string;
  readonly program: string;
  readonly parameters: readonly string[];
  readonly netns?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * What one lab made on this machine, written down before it is made: so that a start after a crash, and `down` in another process,
 * find and remove all of it, and nothing else.
 */
export class LabRecord {
  readonly name: string;
  /** A tmpfs: etcd syncs each write, and unmounting it removes whatever the lab wrote. */
  readonly folder: string;
  readonly #file: string;

  /** @param name prefix of everything that the lab makes; at most 8 characters, since names of links end at 15 */
  constructor(name: string) {
    if (!/^[a-z][a-z0-9]{1,7}$/.test(name)) throw new Error(`not a name of a lab: ${name}`);
    this.name = name;
    this.folder = join(RUNTIME, name);
    this.#file = join(RUNTIME, `${name}.jsonl`);
  }

  /** Names of labs that have a record. */
  static names(): string[] {
    if (!existsSync(RUNTIME)) return [];
    return readdirSync(RUNTIME).flatMap((file) => (file.endsWith('.jsonl') ? [file.slice(0, -'.jsonl'.length)] : []));
  }

  /** Begins an empty record. @throws when this machine lacks what a lab needs */
  async begin(): Promise<void> {
    requireLab();
    mkdirSync(RUNTIME, { recursive: true });
    writeFileSync(this.#file, '');
    await this.mount(this.folder, ['-t', 'tmpfs', '-o', 'mode=755,size=8g', this.name]);
    mkdirSync(join(this.folder, 'log'));
  }

  belongings(): Belonging[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Belonging);
  }

  add(belonging: Belonging): void {
    appendFileSync(this.#file, `${JSON.stringify(belonging)}\n`);
  }

  /** Makes a network namespace. @returns its name */
  async netns(suffix: string): Promise<string> {
    const name = `${this.name}-${suffix}`;
    this.add({ kind: 'netns', name });
    await execute('ip', ['netns', 'add', name]);
    return name;
  }

  async mount(path: string, parameters: readonly string[]): Promise<void> {
    mkdirSync(path, { recursive: true });
    this.add({ kind: 'mount', path });
    await execute('mount', [...parameters, path]);
  }

  /** Starts a program that outlives this process; what it prints goes to its log. @returns its process id */
  start(daemon: Daemon): number {
    const log = openSync(this.log(daemon.name), 'a');
    const [file, ...words] = command(daemon.program, daemon.parameters, daemon.netns);
    const env = { PATH: process.env['PATH'], HOME: '/root', ...daemon.env };
    const child = spawn(file, words, { detached: true, stdio: ['ignore', log, log], cwd: '/', env });
    closeSync(log);
    child.unref();
    if (child.pid === undefined) throw new Error(`${daemon.program} did not start`);
    this.add({ kind: 'process', pid: child.pid, started: startedAt(child.pid), name: daemon.name });
    return child.pid;
  }

  log(name: string): string {
    return join(this.folder, 'log', `${name}.log`);
  }

  /** Removes all that was written down, the last first, and then the record. */
  async removeAll(): Promise<void> {
    const belongings = this.belongings().toReversed();
    const processes = belongings.filter((belonging) => belonging.kind === 'process');
    for (const { pid, started } of processes) if (startedAt(pid) === started) killGroup(pid);
    await Promise.all(processes.map(({ pid, started }) => gone(pid, started)));
    for (const belonging of belongings) await remove(belonging);
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#file, { force: true });
  }
}

async function remove(belonging: Belonging): Promise<void> {
  switch (belonging.kind) {
    case 'process':
      return;
    case 'netns':
      await attempt('ip', ['netns', 'del', belonging.name]);
      return;
    case 'link':
      await attempt('ip', ['link', 'del', belonging.name]);
      return;
    case 'mount':
      await unmount(belonging.path);
      return;
    case 'cgroup':
      await removeCgroups(belonging.path);
  }
}

/** Whatever is mounted at or below a path. */
async function unmount(path: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  const below = mounts.filter((place) => place === path || place.startsWith(`${path}/`));
  // The last mounted first.
  for (const place of below.toReversed()) await attempt('umount', ['--lazy', place]);
}

/** A cgroup goes only when its processes and its children are gone; a process that was killed takes a moment to leave. */
async function removeCgroups(path: string): Promise<void> {
  for (let tries = 0; existsSync(path) && tries < 50; tries += 1) {
    await attempt('find', [path, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    if (existsSync(path)) await sleep(100);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone in between.
  }
}

async function gone(pid: number, started: string): Promise<void> {
  for (let tries = 0; startedAt(pid) === started && tries < 100; tries += 1) await sleep(50);
}

/** Tells a process from a later one with the same id (proc_pid_stat(5), field 22); empty: no such process, or it is a zombie. */
export function startedAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
