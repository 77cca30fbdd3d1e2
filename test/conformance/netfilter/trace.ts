import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab, Probe } from './lab.ts';

/** The addresses of a packet as the kernel shows them at a chain. */
export interface Tuple {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** What the kernel said of one packet on its way through the router. */
export interface Trace {
  /** As it came, before any rule. */
  readonly first: Tuple;
  /** `table chain ordinal` of each rule of nf_tables that matched, in order. */
  readonly rules: readonly string[];
  /** `local`: reached the last hook before the sockets; `out`: the last before a device; `drop`: a rule or policy; else `lost`. */
  readonly end: 'local' | 'out' | 'drop' | 'lost';
  readonly last: Tuple;
  readonly device: string | null;
}

/** A table before and behind every other, to see packets come and go. Requests have low destination ports, answers high ones. */
const WATCH = `table inet watch {
 chain in {
  type filter hook prerouting priority -350;
  tcp flags & (syn|ack) == syn meta nftrace set 1
  udp dport < 31000 udp sport > 31000 meta nftrace set 1
 }
 chain out {
  type filter hook output priority -350;
  tcp flags & (syn|ack) == syn meta nftrace set 1
  udp dport < 31000 udp sport > 31000 meta nftrace set 1
 }
 chain arrived {
  type filter hook input priority 300;
 }
 chain left {
  type filter hook postrouting priority 300;
 }
}
`;

/** A packet to nobody, that only says that the monitor listens. */
const BEACON = {
  sender: 'router',
  protocol: 'udp',
  source: '127.0.0.1',
  sourcePort: 32_000,
  destination: '127.0.0.1',
  destinationPort: 9,
} as const;

export function watch(lab: Lab): void {
  const { status, stderr } = lab.spawn('nft', ['-f', '-'], WATCH);
  if (status !== 0) throw new Error(`nft: ${stderr}`);
}

/** `nft monitor trace` in the router, while it runs. */
export class Monitor {
  private readonly process: ChildProcessWithoutNullStreams;
  private text = '';
  /** Kept apart: nft warns of iptables extensions in the middle of a line of the trace. */
  private complaints = '';

  constructor(lab: Lab) {
    this.process = spawn('ip', ['netns', 'exec', lab.router.name, 'nft', '-a', '-nn', 'monitor', 'trace']);
    this.process.stdout.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.process.stderr.on('data', (chunk: Buffer) => (this.complaints += chunk.toString()));
  }

  /** Waits until the monitor listens: packets are sent until one shows up. */
  async listening(lab: Lab): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      void lab.probe({ ...BEACON, sourcePort: BEACON.sourcePort + attempt });
      await sleep(50);
      if (this.text.includes(`dport ${BEACON.destinationPort}`)) return;
    }
    throw new Error(`nft monitor trace says nothing: ${this.text}${this.complaints}`);
  }

  /** Waits until the kernel has nothing more to say. */
  async settle(): Promise<void> {
    for (let seen = -1, quiet = 0; quiet < 4; quiet = this.text.length === seen ? quiet + 1 : 0) {
      seen = this.text.length;
      await sleep(40);
    }
  }

  async stop(): Promise<string> {
    const closed = once(this.process, 'close');
    this.process.kill('SIGTERM');
    await closed;
    return this.text;
  }
}

/** Which rule of its chain each nftables handle is: `ip nat PREROUTING 7` → 0, 1, 2 … */
export function ruleOrdinals(lab: Lab): Map<string, number> {
  const { stdout } = lab.spawn('nft', ['-a', '-j', 'list', 'ruleset'], '');
  const { nftables } = JSON.parse(stdout) as {
    nftables: { rule?: { family: string; table: string; chain: string; handle: number } }[];
  };
  const counts = new Map<string, number>();
  const ordinals = new Map<string, number>();
  for (const { rule } of nftables) {
    if (rule === undefined) continue;
    const chain = `${rule.family} ${rule.table} ${rule.chain}`;
    const ordinal = counts.get(chain) ?? 0;
    counts.set(chain, ordinal + 1);
    ordinals.set(`${chain} ${rule.handle}`, ordinal);
  }
  return ordinals;
}

interface Event {
  readonly id: string;
  readonly table: string;
  readonly chain: string;
  readonly text: string;
}

/** Sorts what the monitor printed by packet. A packet that comes back through the loopback device is one with what left there. */
export function readTraces(text: string, ordinals: ReadonlyMap<string, number>): Trace[] {
  const packets = new Map<string, Event[]>();
  for (const part of text.split(/^(?=trace id )/m)) {
    const match = /^trace id (\S+) (\S+ \S+) (\S+) (.*)$/s.exec(part);
    if (match === null) continue;
    const [, id = '', table = '', chain = '', rest = ''] = match;
    packets.set(id, [...(packets.get(id) ?? []), { id, table, chain, text: rest }]);
  }
  const traces = [...packets.values()].map((events) => readPacket(events, ordinals));
  const looped = traces.filter((trace) => trace.end === 'out' && trace.device === 'lo');
  const seconds = new Set<Trace>();
  const joined = looped.map((trace) => {
    const second = traces.find(
      (one) => !seconds.has(one) && one !== trace && one.fromLoopback && sameTuple(one.first, trace.last),
    );
    if (second === undefined) return { ...trace, end: 'lost' as const };
    seconds.add(second);
    return { ...second, first: trace.first, rules: [...trace.rules, ...second.rules] };
  });
  return [...traces.filter((trace) => !looped.includes(trace) && !seconds.has(trace)), ...joined];
}

function readPacket(
  events: readonly Event[],
  ordinals: ReadonlyMap<string, number>,
): Trace & { readonly fromLoopback: boolean } {
  const packets = events.filter((event) => event.text.startsWith('packet:'));
  const first = tupleOf(packets[0]?.text ?? '');
  const last = packets.at(-1);
  const rules = events.flatMap(({ table, chain, text }) => {
    const handle = /# handle (\d+)/.exec(text)?.[1];
    if (table === 'inet watch' || handle === undefined || !text.startsWith('rule')) return [];
    return [
      `${table.split(' ')[1] ?? ''} ${chain} ${ordinals.get(`${table} ${chain} ${handle}`) ?? `handle ${handle}`}`,
    ];
  });
  const dropped = events.some(({ text }) => /\(verdict drop\)|^policy drop/.test(text));
  const end = dropped ? 'drop' : last?.chain === 'arrived' ? 'local' : last?.chain === 'left' ? 'out' : 'lost';
  return {
    first,
    rules,
    end,
    last: tupleOf(last?.text ?? ''),
    device: /oif "([^"]+)"/.exec(last?.text ?? '')?.[1] ?? null,
    fromLoopback: /iif "lo"/.test(packets[0]?.text ?? ''),
  };
}

function tupleOf(text: string): Tuple {
  const field = (name: string): string => new RegExp(`\\b${name} (\\S+)`).exec(text)?.[1] ?? '';
  return {
    source: field('ip6? saddr'),
    sourcePort: Number(field('(?:tcp|udp) sport')),
    destination: field('ip6? daddr'),
    destinationPort: Number(field('(?:tcp|udp) dport')),
  };
}

export function sameTuple(one: Tuple, other: Tuple): boolean {
  return (
    one.source === other.source &&
    one.sourcePort === other.sourcePort &&
    one.destination === other.destination &&
    one.destinationPort === other.destinationPort
  );
}

/** The trace of the packet that a probe sent. */
export function traceOf(
  traces: readonly Trace[],
  { source, sourcePort, destination, destinationPort }: Probe,
): Trace | undefined {
  return traces.find(
    ({ first }) =>
      first.source === source &&
      first.sourcePort === sourcePort &&
      first.destination === destination &&
      first.destinationPort === destinationPort,
  );
}
