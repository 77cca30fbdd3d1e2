import { addressFromBits, lengthMask, type Family } from '../../../src/model/address.ts';
import { ADDRESSES, PORTS, type DirectorRules } from '../../lab/ipvs-guest/director-lab.ts';
import type { Random } from '../routing/random.ts';

/** A connection, or a datagram, from the client. */
export interface IpvsProbe {
  readonly protocol: 'tcp' | 'udp';
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly port: number;
}

/** A virtual server, and what is sent to it. */
interface GeneratedServer {
  readonly scheduler: string;
  readonly persistent: boolean;
  /** Of the `ipvsadm -Sn` form. */
  readonly ipvs: readonly string[];
  /** A rule that marks its packets; null: it takes them by their address. */
  readonly mark: { readonly family: Family; readonly rule: string } | null;
  /** In the order in which they are sent: so many that whoever goes round has gone round once. */
  readonly probes: readonly IpvsProbe[];
}

/** What one seed gives. */
export interface IpvsCase {
  readonly servers: readonly GeneratedServer[];
  readonly rules: DirectorRules;
}

const HASHES = ['sh', 'dh', 'mh'];
const IN_TURN = ['rr', 'wrr'];
const OTHERS = ['lc', 'wlc', 'sed', 'nq', 'lblc', 'lblcr', 'ovf', 'fo'];
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  sh: ['sh-fallback', 'sh-port'],
  mh: ['mh-fallback', 'mh-port'],
};
const WEIGHTS = [0, 1, 1, 2, 3, 4];
const METHODS = ['-m', '-m', '-g', '-i'];
const CONNECTIONS = 6;

/** Source ports of the run: none is used twice, since the connection table remembers. */
export class SourcePorts {
  private port = 20_000;

  next(): number {
    this.port = this.port >= 60_000 ? 20_000 : this.port + 1;
    return this.port;
  }
}

/** One to three virtual servers, each with an address of its own, in front of some of the real servers. */
export function generateIpvsCase(random: Random, ports: SourcePorts): IpvsCase {
  const first = random.integer(0, 3);
  const servers = random.several(1, 3, (at) => generateServer(random, ports, (first + at) % 4, at + 1));
  const marks = (family: Family): string => {
    const rules = servers.flatMap(({ mark }) => (mark?.family === family ? [`${mark.rule}\n`] : []));
    return `*mangle\n${rules.join('')}COMMIT\n`;
  };
  const conntrack = random.integer(0, 1);
  return {
    servers,
    rules: {
      ipvs: `${servers.flatMap(({ ipvs }) => ipvs).join('\n')}\n`,
      iptables: marks(4),
      ip6tables: marks(6),
      sysctl: [`net.ipv4.vs.conntrack=${conntrack}`],
    },
  };
}

function generateServer(random: Random, ports: SourcePorts, at: number, mark: number): GeneratedServer {
  const family: Family = random.chance(0.7) ? 4 : 6;
  const scheduler = random.pick([...HASHES, ...HASHES, ...IN_TURN, ...IN_TURN, ...OTHERS]);
  const protocol = random.chance(0.7) ? 'tcp' : 'udp';
  const persistent = random.chance(0.25);
  const marked = random.chance(0.2);
  const virtual = ADDRESSES[family].virtual[at] as string;
  const port = random.pick(PORTS);
  const anyPort = marked || (persistent && random.chance(0.3));
  const identity = marked
    ? `-f ${mark}${family === 6 ? ' -6' : ''}`
    : `-${protocol[0]} ${written(virtual, anyPort ? 0 : port)}`;
  const weights: number[] = [];
  const real = shuffled(random, ADDRESSES[family].real.slice(0, random.integer(1, 4))).map((address) => {
    const method = random.pick(METHODS);
    const weight = random.pick(WEIGHTS);
    weights.push(weight);
    const own = method === '-m' ? random.pick(PORTS) : port;
    return `-a ${identity} -r ${written(address, anyPort ? 0 : own)} ${method} -w ${weight}`;
  });
  const flags = (FLAGS[scheduler] ?? []).filter(() => random.chance(0.4));
  const keeps = persistent ? ` -p 300${random.chance(0.5) ? ` -M ${randomMask(random, family)}` : ''}` : '';
  const chosen = `-s ${scheduler}${flags.length === 0 ? '' : ` -b ${flags.join(',')}`}`;
  const rule = `-A PREROUTING -d ${virtual} -p ${protocol} --dport ${port} -j MARK --set-mark ${mark}`;
  return {
    scheduler,
    persistent,
    ipvs: [`-A ${identity} ${chosen}${keeps}`, ...real],
    mark: marked ? { family, rule } : null,
    probes: Array.from(
      { length: IN_TURN.includes(scheduler) && !persistent ? roundOf(scheduler, weights) : CONNECTIONS },
      () => ({
        protocol,
        source: random.pick(ADDRESSES[family].client),
        sourcePort: ports.next(),
        destination: virtual,
        port,
      }),
    ),
  };
}

/** How many connections it takes until each real server has had its share. */
function roundOf(scheduler: string, weights: readonly number[]): number {
  const usable = weights.filter((weight) => weight > 0);
  if (scheduler === 'rr') return Math.max(1, usable.length);
  const divisor = usable.reduce(greatestDivisor, 0) || 1;
  return Math.max(1, usable.reduce((sum, weight) => sum + weight, 0) / divisor);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** As `-M` takes it: a netmask of IPv4, the length of a prefix of IPv6. */
function randomMask(random: Random, family: Family): string {
  if (family === 6) return String(random.pick([48, 64, 120]));
  return addressFromBits(4, lengthMask(4, random.pick([16, 24, 28]))).text;
}

function written(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
}
