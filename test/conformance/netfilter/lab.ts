import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../../src/model/address.ts';
import type { IpSet } from '../../../src/model/network-namespace.ts';
import { parseIpsetSave } from '../../../src/parse/ipset-save/ipset-save.ts';
import { Namespace } from '../routing/namespace.ts';
import { wire } from './wire.ts';

/** Ports on which the router and the server answer. */
export const PORTS = [53, 80, 443, 8080, 15001, 30080];
/** Where nobody answers. */
export const CLOSED_PORTS = [81, 9999];

/** Addresses of the three namespaces: a client, a router that holds the rules, a server. */
export const ADDRESSES = {
  4: {
    client: ['10.99.1.2', '10.99.11.5'],
    router: ['10.99.1.1', '10.99.2.1', '10.99.5.1', '127.0.0.1'],
    server: ['10.99.2.2', '10.99.20.1', '10.99.20.2', '10.99.20.3', '10.99.30.1', '10.99.30.2'],
    pool: ['10.99.40.1', '10.99.40.2', '10.99.40.9'],
  },
  6: {
    client: ['fd00:99:1::2', 'fd00:99:11::5'],
    router: ['fd00:99:1::1', 'fd00:99:2::1', 'fd00:99:5::1', '::1'],
    server: ['fd00:99:2::2', 'fd00:99:20::1', 'fd00:99:20::2', 'fd00:99:20::3', 'fd00:99:30::1', 'fd00:99:30::2'],
    pool: ['fd00:99:40::1', 'fd00:99:40::2', 'fd00:99:40::9'],
  },
} as const;

export type Sender = 'client' | 'router' | 'router-user';

/** uid and gid of the second sender on the router. */
export const USER = 1337;

/** Sets, with how many dimensions each has. A kernel may lack a type. */
const SETS: readonly {
  readonly name: string;
  readonly dimensions: number;
  readonly type: string;
  readonly entries: readonly string[];
}[] = [
  { name: 'ip4', dimensions: 1, type: 'hash:ip family inet', entries: ['10.99.1.2', '10.99.20.1'] },
  { name: 'masked4', dimensions: 1, type: 'hash:ip family inet netmask 24', entries: ['10.99.20.0'] },
  {
    name: 'net4',
    dimensions: 1,
    type: 'hash:net family inet',
    entries: ['10.99.0.0/16', '10.99.20.0/24 nomatch', '10.99.20.2/32'],
  },
  {
    name: 'ipport4',
    dimensions: 2,
    type: 'hash:ip,port family inet',
    entries: ['10.99.20.1,tcp:80', '10.99.30.1,udp:53', '10.99.5.1,tcp:443'],
  },
  { name: 'netport4', dimensions: 2, type: 'hash:net,port family inet', entries: ['10.99.30.0/24,tcp:8080'] },
  { name: 'ipmark4', dimensions: 2, type: 'hash:ip,mark family inet', entries: ['10.99.1.2,0x00000001'] },
  { name: 'iface4', dimensions: 2, type: 'hash:net,iface family inet', entries: ['10.99.0.0/16,cl0'] },
  {
    name: 'nets4',
    dimensions: 3,
    type: 'hash:net,port,net family inet',
    entries: ['10.99.1.0/24,tcp:80,10.99.20.0/24'],
  },
  { name: 'ip6', dimensions: 1, type: 'hash:ip family inet6', entries: ['fd00:99:1::2'] },
  { name: 'net6', dimensions: 1, type: 'hash:net family inet6', entries: ['fd00:99::/32', 'fd00:99:20::/64 nomatch'] },
  { name: 'ipport6', dimensions: 2, type: 'hash:ip,port family inet6', entries: ['fd00:99:20::1,tcp:80'] },
  { name: 'ports', dimensions: 1, type: 'bitmap:port range 0-65535', entries: ['80', '53'] },
  { name: 'both', dimensions: 1, type: 'list:set size 8', entries: ['ip4', 'net6'] },
];

/** A set that the kernel has. */
export interface SetName {
  readonly name: string;
  readonly dimensions: number;
  /** undefined: ports alone, or a list. */
  readonly family: Family | undefined;
}

/** Milliseconds after which an answer does not come any more, however busy the machine is. */
const LAST_PATIENCE = 5000;

/** The sender's kernel takes an address again that was used (tcp_tw_reuse) after a second. */
const TIME_WAIT_MS = 1100;
const ATTEMPTS = 5;

export interface Probe {
  readonly sender: Sender;
  readonly protocol: 'tcp' | 'udp';
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** What the sender of a probe saw. */
export interface ProbeResult {
  /** `answered`, `timeout`, or the code of an error. */
  readonly result: string;
  readonly seen?: {
    readonly name: string;
    readonly local: string;
    readonly localPort: number;
    readonly peer: string;
    readonly peerPort: number;
  };
}

/** Whether a packet left at all: the sender's own kernel refuses some. */
export function wasSent({ result }: ProbeResult): boolean {
  return !['EADDRNOTAVAIL', 'EADDRINUSE'].includes(result);
}

/** A process in a namespace that sends and answers. */
class Agent {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<number, (result: ProbeResult) => void>();
  private next = 0;
  readonly ready: Promise<void>;

  constructor(
    namespace: Namespace,
    name: string,
    addresses: readonly string[],
    ports: readonly number[],
    user?: number,
  ) {
    const script = join(import.meta.dirname, 'agent.mjs');
    const as = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    const argument = JSON.stringify({ name, addresses, ports });
    this.process = spawn('ip', ['netns', 'exec', namespace.name, ...as, process.execPath, script, argument]);
    this.process.stderr.pipe(process.stderr);
    const lines = createInterface({ input: this.process.stdout });
    this.ready = new Promise((resolve, reject) => {
      this.process.once('exit', (code) => reject(new Error(`agent ${name} ended with status ${code}`)));
      lines.on('line', (line) => {
        const message = JSON.parse(line) as { id?: number; ready?: boolean } & ProbeResult;
        if (message.ready === true) resolve();
        else this.waiting.get(message.id ?? -1)?.(message);
      });
    });
  }

  /** @param patience milliseconds that it waits for an answer; undefined: as long as one takes on an idle machine */
  probe(probe: Probe, patience?: number): Promise<ProbeResult> {
    this.next += 1;
    const id = this.next;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.process.stdin.write(`${JSON.stringify({ id, ...probe, patience })}\n`);
    });
  }

  stop(): void {
    this.process.stdin.end();
    this.process.kill('SIGKILL');
  }
}

/** Three namespaces in a row, of its own making. */
export class Lab {
  readonly router: Namespace;
  readonly sets: SetName[] = [];
  private readonly namespaces: Namespace[];
  private readonly agents: Partial<Record<Sender | 'server', Agent>>;

  constructor(name: string) {
    const [client, router, server] = ['c', 'r', 's'].map((end) => new Namespace(`${name}-${end}`)) as [
      Namespace,
      Namespace,
      Namespace,
    ];
    this.namespaces = [client, router, server];
    this.router = router;
    this.agents = {};
    try {
      this.furnish(client, router, server);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  private furnish(client: Namespace, router: Namespace, server: Namespace): void {
    wire(client, router, server);
    for (const set of SETS) {
      const lines = [`create ${set.name} ${set.type}`, ...set.entries.map((entry) => `add ${set.name} ${entry}`)];
      if (this.spawn('ipset', ['restore'], `${lines.join('\n')}\n`).status !== 0) continue;
      const family = set.type.includes('inet6') ? 6 : set.type.includes('inet') ? 4 : undefined;
      this.sets.push({ ...set, family });
    }
    const all = (end: 'router' | 'server'): string[] => [...ADDRESSES[4][end], ...ADDRESSES[6][end]];
    this.agents['client'] = new Agent(client, 'client', [], []);
    this.agents['router'] = new Agent(router, 'router', all('router'), PORTS);
    this.agents['router-user'] = new Agent(router, 'router-user', [], [], USER);
    this.agents['server'] = new Agent(server, 'server', all('server'), PORTS);
  }

  async ready(): Promise<void> {
    await Promise.all(Object.values(this.agents).map((agent) => agent.ready));
  }

  probe(probe: Probe, patience?: number): Promise<ProbeResult> {
    const agent = this.agents[probe.sender];
    if (agent === undefined) throw new Error(`no agent ${probe.sender}`);
    return agent.probe(probe, patience);
  }

  /** Asks again about a packet of which it is not certain that it was lost: alone, as a new connection, with all the time it may want. */
  async probeAgain(probe: Probe): Promise<ProbeResult> {
    for (let attempt = 1; ; attempt += 1) {
      this.spawn('conntrack', ['-F'], '');
      const result = await this.probe(probe, LAST_PATIENCE);
      if (wasSent(result) || attempt === ATTEMPTS) return result;
      await sleep(TIME_WAIT_MS);
    }
  }

  /** Loads rules as iptables-restore does. @returns what the kernel or iptables says against them; empty: loaded */
  load(text: string, family: Family, backend: 'nft' | 'legacy'): string {
    const program = `${family === 4 ? 'iptables' : 'ip6tables'}-${backend}-restore`;
    const { status, stderr } = this.spawn(program, [], text);
    return status === 0 ? '' : stderr || `${program} failed`;
  }

  save(family: Family, backend: 'nft' | 'legacy'): Buffer {
    return Buffer.from(this.spawn(`${family === 4 ? 'iptables' : 'ip6tables'}-${backend}-save`, ['-c'], '').stdout);
  }

  /** The router's sets, read as the tool reads them. */
  ipsets(): ReadonlyMap<string, IpSet> {
    const bytes = Buffer.from(this.router.execute('ipset', 'save'));
    return parseIpsetSave({ name: 'ipset-save.txt', capturedAt: null, bytes }).value;
  }

  spawn(
    program: string,
    parameters: readonly string[],
    input: string,
  ): { status: number | null; stdout: string; stderr: string } {
    const command = ['netns', 'exec', this.router.name, program, ...parameters];
    return spawnSync('ip', command, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  }

  remove(): void {
    for (const agent of Object.values(this.agents)) agent.stop();
    for (const namespace of this.namespaces) namespace.remove();
  }
}
