// Virtual servers made by hand: a client, a router, a director that runs IPVS, and four real servers, all in the guest.
//
//   client ── router ──┬── director   (virtual addresses on a dummy device, as kube-proxy has them)
//                      └── real1 … real4
//
// A real server answers from its own address through the director (NAT), and from a virtual address through the router (DR, TUN).
import { Guest, type GuestProbe, type GuestProbeResult } from './guest.ts';
import { collectIpvsDetails, collectNodeFiles } from './netns-files.ts';

/** Ports on which the director and the real servers answer. */
export const PORTS = [80, 443, 8080];

/** Of every family: addresses of the client (the second is not of its net), of the director, of the real servers, virtual ones. */
export const ADDRESSES = {
  4: {
    client: ['10.98.1.2', '10.98.11.5', '10.98.11.6', '10.98.12.7'],
    director: '10.98.2.2',
    real: ['10.98.2.11', '10.98.2.12', '10.98.2.13', '10.98.2.14'],
    virtual: ['10.98.10.1', '10.98.10.2', '10.98.10.3', '10.98.10.4'],
  },
  6: {
    client: ['fd00:98:1::2', 'fd00:98:11::5', 'fd00:98:11::6', 'fd00:98:12::7'],
    director: 'fd00:98:2::2',
    real: ['fd00:98:2::11', 'fd00:98:2::12', 'fd00:98:2::13', 'fd00:98:2::14'],
    virtual: ['fd00:98:10::1', 'fd00:98:10::2', 'fd00:98:10::3', 'fd00:98:10::4'],
  },
} as const;

export const REAL_SERVERS = ['real1', 'real2', 'real3', 'real4'] as const;
export type Place = 'client' | 'director' | (typeof REAL_SERVERS)[number];

/** What the director is given. */
export interface DirectorRules {
  /** As `ipvsadm -Sn` prints it. */
  readonly ipvs?: string;
  readonly iptables?: string;
  readonly ip6tables?: string;
  readonly ipset?: string;
  /** `net.ipv4.vs.conntrack=1` */
  readonly sysctl?: readonly string[];
}

const FORWARDING = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
const UNLIMITED = ['net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0'];
const EMPTY = ['filter', 'nat', 'mangle', 'raw'].map((table) => `*${table}\nCOMMIT\n`).join('');
/** What `clear` sets back. */
const IPVS_DEFAULTS = [
  'net.ipv4.vs.conntrack=0',
  'net.ipv4.vs.conn_reuse_mode=1',
  'net.ipv4.vs.expire_nodest_conn=0',
  'net.ipv4.vs.expire_quiescent_template=0',
  'net.ipv4.vs.sloppy_tcp=0',
  'net.ipv4.vs.drop_packet=0',
  'net.ipv4.vs.nat_icmp_send=0',
];

/** One script, because each program of the guest costs a tenth of a second. */
const CLEAR = `ipvsadm -C
iptables-restore <<END
${EMPTY}END
ip6tables-restore <<END
${EMPTY}END
ipset destroy
conntrack -F 2>&1
sysctl -q -w ${IPVS_DEFAULTS.join(' ')}
`;

/** The hand-made lab; it stands until it is stopped. */
export class DirectorLab {
  readonly guest: Guest;

  private constructor(guest: Guest) {
    this.guest = guest;
  }

  static async start(): Promise<DirectorLab> {
    const guest = await Guest.boot();
    try {
      await furnish(guest);
    } catch (error) {
      await guest.stop();
      throw error;
    }
    return new DirectorLab(guest);
  }

  /** Gives the director rules. @returns what a tool says against them; empty: all are loaded */
  async load({ ipvs, iptables, ip6tables, ipset, sysctl = [] }: DirectorRules): Promise<string> {
    const steps: readonly (readonly [argv: readonly string[], input: string | undefined])[] = [
      [['sysctl', '-q', '-w', ...sysctl], sysctl.length === 0 ? undefined : ''],
      [['ipset', 'restore'], ipset],
      [['iptables-restore'], iptables],
      [['ip6tables-restore'], ip6tables],
      [['ipvsadm', '-R'], ipvs],
    ];
    for (const [argv, input] of steps) {
      if (input === undefined) continue;
      const { status, stderr } = await this.guest.spawn('director', argv, input);
      if (status !== 0 || stderr !== '') return stderr || `${argv.join(' ')}: status ${status}`;
    }
    return '';
  }

  /** Takes all rules, connections and settings from the director. */
  async clear(): Promise<void> {
    await this.guest.release();
    await this.guest.run('director', ['sh', '-e'], CLEAR);
  }

  probe(from: Place, probe: Omit<GuestProbe, 'netns'>): Promise<readonly GuestProbeResult[]> {
    return this.guest.probe({ ...probe, netns: from });
  }

  /** @returns the files of a snapshot's node folder, by name */
  files(place: Place): Promise<ReadonlyMap<string, string>> {
    return collectNodeFiles(this.guest, place);
  }

  /** @returns what the director's kernel and ipvsadm tell of IPVS beyond a snapshot, by name */
  details(): Promise<ReadonlyMap<string, string>> {
    return collectIpvsDetails(this.guest, 'director');
  }

  stop(): Promise<void> {
    return this.guest.stop();
  }
}

async function furnish(guest: Guest): Promise<void> {
  const ip = (netns: string, commands: readonly string[]): Promise<string> =>
    guest.run(netns, ['ip', '-batch', '-'], `${commands.join('\n')}\n`);
  const places = ['client', 'router', 'director', ...REAL_SERVERS];
  await ip(
    '',
    places.map((place) => `netns add ${place}`),
  );
  const port = (place: string): readonly string[] => [
    `link add to-${place} netns router type veth peer name eth0 netns ${place}`,
  ];
  await ip('', ['client', 'director', ...REAL_SERVERS].flatMap(port));
  await guest.run('router', ['sysctl', '-q', '-w', ...FORWARDING, ...UNLIMITED]);
  const members = ['director', ...REAL_SERVERS].flatMap((place) => [
    `link set to-${place} master lan`,
    `link set to-${place} up`,
  ]);
  await ip('router', [
    'link set lo up',
    'link add lan type bridge',
    ...members,
    'link set lan up',
    'link set to-client up',
    'addr add 10.98.1.1/24 dev to-client',
    'addr add fd00:98:1::1/64 dev to-client nodad',
    'addr add 10.98.2.1/24 dev lan',
    'addr add fd00:98:2::1/64 dev lan nodad',
    'route add 10.98.11.0/24 via 10.98.1.2',
    'route add 10.98.12.0/24 via 10.98.1.2',
    'route add 10.98.10.0/24 via 10.98.2.2',
    'route add fd00:98:11::/64 via fd00:98:1::2',
    'route add fd00:98:12::/64 via fd00:98:1::2',
    'route add fd00:98:10::/64 via fd00:98:2::2',
  ]);
  await ip('client', [
    'link set lo up',
    'link set eth0 up',
    ...ADDRESSES[4].client.map((address, at) => `addr add ${address}/${at === 0 ? 24 : 32} dev eth0`),
    ...ADDRESSES[6].client.map((address, at) => `addr add ${address}/${at === 0 ? 64 : 128} dev eth0 nodad`),
    'route add default via 10.98.1.1',
    'route add default via fd00:98:1::1',
  ]);
  await guest.run('director', ['sysctl', '-q', '-w', ...FORWARDING, ...UNLIMITED]);
  await ip('director', [
    'link set lo up',
    'link set eth0 up',
    'link add kube-ipvs0 type dummy',
    'addr add 10.98.2.2/24 dev eth0',
    'addr add fd00:98:2::2/64 dev eth0 nodad',
    ...ADDRESSES[4].virtual.map((address) => `addr add ${address}/32 dev kube-ipvs0`),
    ...ADDRESSES[6].virtual.map((address) => `addr add ${address}/128 dev kube-ipvs0 nodad`),
    'route add default via 10.98.2.1',
    'route add default via fd00:98:2::1',
  ]);
  await serve(guest, 'director', [ADDRESSES[4].director, ADDRESSES[6].director]);
  for (const [at, place] of REAL_SERVERS.entries()) {
    const own = [ADDRESSES[4].real[at], ADDRESSES[6].real[at]] as [string, string];
    await furnishRealServer(guest, place, own);
    await serve(guest, place, [...own, ...ADDRESSES[4].virtual, ...ADDRESSES[6].virtual]);
  }
}

function serve(guest: Guest, place: string, addresses: readonly string[]): Promise<void> {
  return guest.serve(place, { name: place, addresses, tcp: PORTS, udp: PORTS });
}

async function furnishRealServer(guest: Guest, place: string, [own4, own6]: readonly [string, string]): Promise<void> {
  const loose = ['all', 'default', 'eth0', 'tunl0'].map((device) => `net.ipv4.conf.${device}.rp_filter=0`);
  // Answers pass the director and leave it where they came in: it tells the sender of the shorter way, past it, where nobody translates.
  const strict = ['all', 'eth0'].flatMap((device) =>
    ['ipv4', 'ipv6'].map((family) => `net.${family}.conf.${device}.accept_redirects=0`),
  );
  await guest.run(
    place,
    ['ip', '-batch', '-'],
    `${[
      'link set lo up',
      'link set eth0 up',
      'link set tunl0 up',
      'link set ip6tnl0 up',
      `addr add ${own4}/24 dev eth0`,
      `addr add ${own6}/64 dev eth0 nodad`,
      'route add local 10.98.10.0/24 dev lo',
      'route add local fd00:98:10::/64 dev lo',
      'route add default via 10.98.2.2',
      'route add default via fd00:98:2::2',
      'rule add from 10.98.10.0/24 lookup 100',
      'route add default via 10.98.2.1 table 100',
      'route add default via fd00:98:2::1 table 100',
    ].join('\n')}\n`,
  );
  // Without a table the saves would be empty, and it would not be known that no rule is there.
  for (const tool of ['iptables-restore', 'ip6tables-restore']) await guest.run(place, [tool], EMPTY);
  await guest.run(place, ['ip', '-6', 'rule', 'add', 'from', 'fd00:98:10::/64', 'lookup', '100']);
  const anywhere = ['net.ipv4.ip_nonlocal_bind=1', 'net.ipv6.ip_nonlocal_bind=1'];
  await guest.run(place, ['sysctl', '-q', '-w', ...loose, ...strict, ...anywhere, ...UNLIMITED]);
}
