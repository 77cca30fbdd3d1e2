import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress, type Family } from '../../../src/model/address.ts';
import type { Lab } from '../netfilter/lab.ts';
import { sameTuple, type Tuple } from '../netfilter/trace.ts';

/** Lets packets of network namespaces into the kernel's log. Source: Documentation/networking/nf_conntrack-sysctl.rst. */
const ALL_NAMESPACES = '/proc/sys/net/netfilter/nf_log_all_netns';
/** The packets that the nft watch looks at too: requests, no answers. */
const REQUESTS = ['-p tcp -m tcp --tcp-flags SYN,ACK SYN', '-p udp -m udp --dport 0:30999 --sport 31001:65535'];
const BASE = ['PREROUTING', 'OUTPUT'];

/** The rules that one packet matched, as the legacy TRACE target logged them. */
export interface LegacyTrace {
  readonly first: Tuple;
  /** `table chain ordinal`, in order. */
  readonly rules: readonly string[];
}

/** Puts TRACE rules before all others; rules of the raw table's base chains move back by as many. */
export function switchTracingOn(lab: Lab, family: Family): void {
  const inserts = BASE.flatMap((chain) => REQUESTS.map((match) => `-I ${chain} ${match} -j TRACE`));
  const program = `${family === 4 ? 'iptables' : 'ip6tables'}-legacy-restore`;
  const { status, stderr } = lab.spawn(program, ['--noflush'], `*raw\n${inserts.join('\n')}\nCOMMIT\n`);
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}

/** What the kernel logs while this runs. */
export class KernelLog {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly before: string;
  private text = '';

  constructor() {
    this.before = readFileSync(ALL_NAMESPACES, 'utf8');
    writeFileSync(ALL_NAMESPACES, '1');
    this.process = spawn('dmesg', ['--follow-new']);
    this.process.stdout.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
  }

  /** Waits until the log is read: a line is written until it shows up. */
  async listening(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      writeFileSync('/dev/kmsg', 'kubectl-reach conformance\n');
      await sleep(20);
      if (this.text.includes('kubectl-reach conformance')) return;
    }
    throw new Error('dmesg says nothing');
  }

  async stop(): Promise<string> {
    await sleep(60);
    const closed = once(this.process, 'close');
    this.process.kill('SIGTERM');
    await closed;
    writeFileSync(ALL_NAMESPACES, this.before);
    return this.text;
  }
}

/**
 * Sorts what the kernel logged by packet. Requests keep their TCP sequence number, IPv4 identification or IPv6 flow label through
 * every translation. A request that nobody answered within a second is sent again: what is logged of it from its first rule on
 * once more is another packet, of which nobody asks.
 * @param lengths how many rules each `table chain` has: what is logged behind the last one is the chain's end
 */
export function readLegacyTraces(text: string, lengths: ReadonlyMap<string, number>): LegacyTrace[] {
  const packets = new Map<string, { readonly first: Tuple; readonly rules: string[]; readonly seen: Set<string> }>();
  const again = new Set<string>();
  for (const line of text.split('\n')) {
    const found = /TRACE: (\w+):(\S+):(?:rule|return|policy):(\d+) (.*)$/.exec(line);
    if (found === null) continue;
    const [, table = '', chain = '', number = '', rest = ''] = found;
    const field = (name: string): string => new RegExp(` ${name}=(\\S+)`).exec(` ${rest}`)?.[1] ?? '';
    const id = `${field('PROTO')} ${field('SEQ') || field('ID') || field('FLOWLBL')}`;
    const packet = packets.get(id) ?? { first: tupleOf(field), rules: [], seen: new Set() };
    packets.set(id, packet);
    // The tracing rules stand before all others, and nothing jumps back to a base chain.
    const step = `${table} ${chain} ${number} ${field('IN')} ${field('OUT')}`;
    if (table === 'raw' && BASE.includes(chain) && packet.seen.has(step)) again.add(id);
    packet.seen.add(step);
    if (again.has(id)) continue;
    const ordinal = Number(number) - 1 - (table === 'raw' && BASE.includes(chain) ? REQUESTS.length : 0);
    if (ordinal >= 0 && ordinal < (lengths.get(`${table} ${chain}`) ?? 0))
      packet.rules.push(`${table} ${chain} ${ordinal}`);
  }
  return [...packets.values()];
}

/** The rules of the packet that began with these addresses; undefined when it was not logged. */
export function legacyRules(traces: readonly LegacyTrace[], tuple: Tuple): readonly string[] | undefined {
  return traces.find(({ first }) => sameTuple(first, tuple))?.rules;
}

function tupleOf(field: (name: string) => string): Tuple {
  return {
    source: shortened(field('SRC')),
    sourcePort: Number(field('SPT')),
    destination: shortened(field('DST')),
    destinationPort: Number(field('DPT')),
  };
}

/** The log writes IPv6 addresses in full: `fd00:0099:0001:0000:0000:0000:0000:0002`. */
function shortened(address: string): string {
  return parseAddress(address)?.text ?? address;
}
