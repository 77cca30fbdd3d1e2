import { spawnSync } from 'node:child_process';
import { indexRoutingTables, type RoutingTables } from '../../../src/evaluate/routing/routing-tables.ts';
import { parseAddresses } from '../../../src/parse/iproute2/addresses.ts';
import { parseLinks } from '../../../src/parse/iproute2/links.ts';
import { parseNeighbours } from '../../../src/parse/iproute2/neighbours.ts';
import { parseRoutes } from '../../../src/parse/iproute2/routes.ts';
import { parseRoutingRules } from '../../../src/parse/iproute2/routing-rules.ts';
import { parseSysctl } from '../../../src/parse/sysctl/sysctl.ts';
import type { Family } from '../../../src/model/address.ts';
import type { Artefact, Parsed } from '../../../src/model/artefact.ts';
import type { Reading } from '../../../src/model/facts.ts';

/** What the kernel answered to one `ip route get`. */
export type Answer =
  | { readonly kind: 'route'; readonly entry: Readonly<Record<string, unknown>> }
  | { readonly kind: 'error'; readonly text: string };

const SETTINGS = 'net\\.ipv[46]\\.(conf|ip_forward|fib_multipath)';

/** A network namespace of its own, with the loopback device up. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    run('ip', ['netns', 'add', name]);
    this.batch(['link set lo up']);
  }

  /** Runs `ip` commands of a family; those that the kernel refuses are left out. */
  batch(commands: readonly string[], family: Family = 4): void {
    spawnSync('ip', ['-n', this.name, family === 6 ? '-6' : '-4', '-force', '-batch', '-'], {
      input: `${commands.join('\n')}\n`,
    });
  }

  /** Runs nsenter-like: a program inside the namespace. */
  execute(program: string, ...parameters: string[]): string {
    return run('ip', ['netns', 'exec', this.name, program, ...parameters]);
  }

  /**
   * Waits until no address or route of IPv6 changes any more: the kernel gives a device its link-local ones some time after it came
   * up (its link watch runs once a second), and looks for duplicates for up to two seconds more, where a neighbour can answer.
   */
  settle(): void {
    const state = (): string =>
      run('ip', ['-n', this.name, '-6', 'address']) +
      run('ip', ['-n', this.name, '-6', 'route', 'show', 'table', 'all']);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    let before = state();
    for (let quiet = 0; quiet < (before.includes('tentative') ? 30 : 12); quiet += 1) {
      Atomics.wait(pause, 0, 0, 100);
      const now = state();
      if (now !== before) quiet = 0;
      before = now;
    }
  }

  set(settings: readonly string[]): void {
    if (settings.length > 0) spawnSync('ip', ['netns', 'exec', this.name, 'sysctl', '-q', '-w', ...settings]);
  }

  /** The kernel's answers, in order. */
  ask(questions: readonly string[]): Answer[] {
    const input = `${questions.map((question) => `route get ${question}`).join('\n')}\n`;
    const { stdout, stderr } = spawnSync('ip', ['-n', this.name, '-j', '-force', '-batch', '-'], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const errors = new Map<number, string>();
    let text = '';
    for (const line of stderr.split('\n')) {
      const failed = /^Command failed -:(\d+)/.exec(line);
      if (failed === null) text = line;
      else errors.set(Number(failed[1]), text);
    }
    const entries = stdout.split('\n').filter((line) => line.startsWith('[{'));
    return questions.map((question, at) => {
      const error = errors.get(at + 1);
      if (error !== undefined) return { kind: 'error', text: error };
      const entry: unknown = JSON.parse(entries.shift() ?? 'null');
      if (!Array.isArray(entry)) throw new Error(`no answer to: ip route get ${question}`);
      return { kind: 'route', entry: entry[0] as Record<string, unknown> };
    });
  }

  /** What the tool would read of this namespace. */
  tables(family: Family): RoutingTables {
    const dump = (...parameters: string[]): Artefact => ({
      name: parameters.join(' '),
      capturedAt: null,
      bytes: Buffer.from(run('ip', ['-n', this.name, '-j', ...parameters])),
    });
    const settings: Artefact = {
      name: 'sysctl.txt',
      capturedAt: null,
      bytes: Buffer.from(this.execute('sysctl', '-a', '-r', SETTINGS)),
    };
    const version = family === 4 ? '-4' : '-6';
    return indexRoutingTables({
      family,
      rules: reading(parseRoutingRules(dump(version, 'rule'), family)),
      routes: reading(parseRoutes(dump(version, 'route', 'show', 'table', 'all'), family)),
      addresses: reading(parseAddresses(dump('address'))),
      links: reading(parseLinks(dump('-d', 'link'))),
      neighbours: reading(parseNeighbours(dump('neigh'))),
      sysctl: reading(parseSysctl(settings)),
    });
  }

  remove(): void {
    spawnSync('ip', ['netns', 'del', this.name]);
  }
}

function reading<T>(parsed: Parsed<T>): Reading<T> {
  if (parsed.gaps.length > 0) throw new Error(`a dump of the kernel has gaps: ${JSON.stringify(parsed.gaps[0])}`);
  return { value: parsed.value, gaps: [], artefact: '' };
}

function run(program: string, parameters: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, [...parameters], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')}: ${stderr}`);
  return stdout;
}
