import type { Family } from '../../../src/model/address.ts';
import type { Hook, IptablesTable } from '../../../src/model/netfilter.ts';
import type { Random } from '../routing/random.ts';
import { ADDRESSES, CLOSED_PORTS, PORTS, USER, type Probe, type Sender, type SetName } from '../netfilter/lab.ts';

/** A ruleset for iptables-restore, and probes to send through it. */
export interface Case {
  readonly family: Family;
  readonly backend: 'nft' | 'legacy';
  readonly rules: string;
  readonly probes: readonly Probe[];
}

/** The hooks of each table. */
export const HOOKS: Readonly<Record<IptablesTable, readonly Hook[]>> = {
  raw: ['prerouting', 'output'],
  mangle: ['prerouting', 'input', 'forward', 'output', 'postrouting'],
  nat: ['prerouting', 'input', 'output', 'postrouting'],
  filter: ['input', 'forward', 'output'],
  security: ['input', 'forward', 'output'],
};
const ALL_PORTS = [...PORTS, ...CLOSED_PORTS];
const FIRST_SOURCE_PORT = 33_000;
const LAST_SOURCE_PORT = 60_000;
const MARKS = ['0x1', '0x2', '0x3', '0x10', '0x80', '0x4000'];
const MASKS = ['0x1', '0x3', '0xf', '0xff', '0x4000', '0xffffffff'];

/** Where a rule stands, and what may stand there. */
interface Place {
  readonly random: Random;
  readonly family: Family;
  readonly backend: 'nft' | 'legacy';
  readonly table: IptablesTable;
  readonly sets: readonly SetName[];
  /** Source port of the first probe. */
  readonly firstPort: number;
  readonly hook: Hook;
  /** In a user chain iptables does not object to interfaces that the hook has not. */
  readonly user: boolean;
  /** User chains that may be jumped to. */
  readonly chains: readonly string[];
}

/** @param turn number of the case: source ports are not used again soon, while connections of earlier cases still close */
export function generateCase(random: Random, probes: number, sets: readonly SetName[], turn: number): Case {
  const firstPort = FIRST_SOURCE_PORT + ((turn * probes) % (LAST_SOURCE_PORT - FIRST_SOURCE_PORT));
  const family = random.chance(0.6) ? 4 : 6;
  const backend = random.chance(0.85) ? 'nft' : 'legacy';
  const rules = generateTables(random, family, sets, firstPort, backend);
  return {
    family,
    backend,
    rules,
    probes: Array.from({ length: probes }, (_, at) => generateProbe(random, family, firstPort + at)),
  };
}

/** Rules for some of the tables. */
export function generateTables(
  random: Random,
  family: Family,
  sets: readonly SetName[],
  firstPort: number,
  backend: 'nft' | 'legacy' = 'nft',
): string {
  const tables = (['raw', 'mangle', 'nat', 'filter', 'security'] as const).filter((table) => {
    const often = { raw: 0.3, mangle: 0.5, nat: 0.85, filter: 0.85, security: 0.15 };
    return random.chance(often[table]);
  });
  return tables.map((table) => generateTable({ random, family, backend, table, sets, firstPort })).join('');
}

function generateTable(setting: Omit<Place, 'hook' | 'user' | 'chains'>): string {
  const { random, table } = setting;
  const declared: string[] = [];
  const rules: string[] = [];
  for (const hook of HOOKS[table]) {
    const base = hook.toUpperCase();
    const policy = table !== 'nat' && random.chance(0.06) ? 'DROP' : 'ACCEPT';
    declared.push(`:${base} ${policy} [0:0]`);
    const chains = random.several(0, 4, (index) => `${base.slice(0, 4)}-${index}`);
    declared.push(...chains.map((chain) => `:${chain} - [0:0]`));
    const place = { ...setting, hook };
    rules.push(...random.several(0, 5, () => rule({ ...place, user: false, chains }, base)));
    for (const [index, chain] of chains.entries()) {
      const later = chains.slice(index + 1);
      rules.push(...random.several(0, 4, () => rule({ ...place, user: true, chains: later }, chain)));
    }
  }
  return `*${table}\n${[...declared, ...rules].join('\n')}\nCOMMIT\n`;
}

function rule(place: Place, chain: string): string {
  const { random } = place;
  const protocol = random.pick(['tcp', 'tcp', 'udp', null]);
  const target = generateTarget(place, protocol);
  const words = ['-A', chain, ...basics(place, target.protocol ?? protocol)];
  const matches = random.several(0, 2, () => generateMatch(place, target.protocol ?? protocol));
  // iptables-nft-save (1.8.9) writes two tests of TCP's flags as one that nobody made.
  const flags = matches.findIndex((match) => testsFlags(match));
  words.push(...matches.filter((match, at) => at === flags || !testsFlags(match)));
  return [...words, target.text].filter((word) => word !== '').join(' ');
}

function testsFlags(match: string): boolean {
  return /--syn|--tcp-flags/.test(match);
}

/** `-s`, `-d`, `-i`, `-o`, `-p` and ports. */
function basics({ random, family, hook, user, firstPort }: Place, protocol: string | null): string[] {
  const words: string[] = [];
  const not = (): string => (random.chance(0.2) ? '! ' : '');
  // No rule may be one that matches nothing.
  const hosts = (option: string): string => {
    const text = prefix(random, family);
    return `${text.endsWith('/0') ? '' : not()}${option} ${text}`;
  };
  if (random.chance(0.25)) words.push(hosts('-s'));
  if (random.chance(0.35)) words.push(hosts('-d'));
  const incoming = hook === 'prerouting' || hook === 'input' || hook === 'forward';
  const outgoing = hook === 'output' || hook === 'postrouting' || hook === 'forward';
  const device = (): string => random.pick(['cl0', 'sv0', 'cl+', 'sv+', 'lo', 'eth9']);
  // The incoming device of POSTROUTING is known since Linux 5.7 alone, but iptables lets only user chains ask.
  if (random.chance(0.15) && (incoming || user)) words.push(`${not()}-i ${device()}`);
  if (random.chance(0.15) && (outgoing || user)) words.push(`${not()}-o ${device()}`);
  if (protocol === null) return words;
  words.push(`-p ${protocol}`);
  if (random.chance(0.3)) words.push(`-m ${protocol} ${not()}--dport ${portRange(random)}`);
  else if (random.chance(0.15)) words.push(`-m ${protocol} ${not()}--sport ${sourceRange(random, firstPort)}`);
  return words;
}

function prefix(random: Random, family: Family): string {
  const pools = ADDRESSES[family];
  const address = random.pick([...pools.client, ...pools.router, ...pools.server, ...pools.pool]);
  if (family === 6)
    return random.pick([`${address}/128`, `${address}/64`, `${address}/48`, `${address}/ffff::ffff`, '::/0']);
  return random.pick([
    `${address}/32`,
    `${address}/32`,
    `${address}/24`,
    `${address}/16`,
    `${address}/255.0.0.3`,
    '0.0.0.0/0',
  ]);
}

function portRange(random: Random): string {
  const port = random.pick(ALL_PORTS);
  return random.chance(0.6) ? `${port}` : random.pick([`${port}:${port + 400}`, `0:${port}`, `1:1023`, `1024:65535`]);
}

function sourceRange(random: Random, first: number): string {
  return random.pick(['32768:60999', '1024:65535', '1:1023', `${first}:${first + 7}`, `${first + 5}`]);
}

function generateMatch(place: Place, protocol: string | null): string {
  const { random, family, table, hook, sets } = place;
  const not = random.chance(0.25) ? '! ' : '';
  const pools = ADDRESSES[family];
  const address = (): string => random.pick([...pools.client, ...pools.router, ...pools.server]);
  const makers: (() => string)[] = [
    () => `-m mark ${not}--mark ${random.pick(MARKS)}/${random.pick(MASKS)}`,
    () => `-m connmark ${not}--mark ${random.pick(MARKS)}/${random.pick(MASKS)}`,
    () => `-m comment --comment "rule ${random.integer(1, 99)}"`,
    () =>
      `-m conntrack ${not}--ctstate ${random.pick(['NEW', 'NEW,RELATED', 'ESTABLISHED,RELATED', 'INVALID', 'UNTRACKED', 'DNAT', 'SNAT', 'NEW,DNAT', 'INVALID,UNTRACKED'])}`,
    () => `-m conntrack ${not}--ctstate NEW --ctdir ${random.pick(['ORIGINAL', 'REPLY'])}`,
    () => `-m conntrack ${not}--ctorigdst ${address()}`,
    () => `-m conntrack ${not}--ctorigsrc ${address()}`,
    () => `-m conntrack ${not}--ctreplsrc ${address()}`,
    () => `-m conntrack ${not}--ctrepldst ${address()}`,
    () => `-m conntrack ${not}--ctorigdstport ${random.pick(ALL_PORTS)}`,
    () => `-m conntrack ${not}--ctproto ${random.pick(['6', '17'])}`,
    () => `-m conntrack ${not}--ctstatus ${random.pick(['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'])}`,
    () => `-m state ${not}--state ${random.pick(['NEW', 'ESTABLISHED', 'INVALID', 'UNTRACKED', 'NEW,ESTABLISHED'])}`,
    () => `-m iprange ${not}--${random.pick(['src', 'dst'])}-range ${range(random, family)}`,
    () =>
      `-m addrtype ${not}--${random.pick(['src', 'dst'])}-type ${random.pick(['LOCAL', 'UNICAST', 'LOCAL,UNICAST', 'MULTICAST', 'UNSPEC'])}`,
    () => addressTypeOfDevice(place, not),
    () => `-m statistic --mode random ${not}--probability ${random.pick(['0.5', '0.33333333349', '0', '1', '0.01'])}`,
    () => `-m statistic --mode nth ${not}--every ${random.integer(1, 4)} --packet 0`,
    () =>
      `-m set ${not}--match-set ${setName(
        random,
        sets.filter((set) => set.family === undefined || set.family === family),
      )}`,
    () => recent(random, not),
    () => `-m limit --limit ${random.pick(['1/day', '1000/sec'])} --limit-burst ${random.integer(1, 3)}`,
    () => `-m pkttype ${not}--pkt-type ${random.pick(['unicast', 'broadcast'])}`,
    () => `-m helper ${not}--helper ftp`,
  ];
  if (protocol !== null) {
    makers.push(
      () =>
        `-m multiport ${not}--${random.pick(['dports', 'sports', 'ports'])} ${random.several(1, 4, () => portRange(random)).join(',')}`,
    );
  }
  if (protocol === 'tcp') {
    makers.push(
      () =>
        `-m tcp ${not}--tcp-flags ${random.pick(['FIN,SYN,RST,ACK SYN', 'ALL NONE', 'SYN,ACK SYN,ACK', 'SYN SYN', 'RST RST', 'ALL SYN', 'PSH,URG PSH'])}`,
    );
  }
  if (hook === 'output' || hook === 'postrouting') {
    makers.push(
      () => `-m owner ${not}--uid-owner ${random.pick(['0', `${USER}`, '0-100', '2000'])}`,
      () => `-m owner ${not}--gid-owner ${random.pick(['0', `${USER}`])}`,
      () => `-m owner ${not}--socket-exists`,
    );
  }
  if (hook === 'prerouting' && (table === 'raw' || table === 'mangle')) {
    makers.push(() =>
      `-m rpfilter ${random.pick(['', '--loose', '--validmark', '--accept-local'])} ${not === '' ? '' : '--invert'}`.trim(),
    );
  }
  return random.pick(makers)();
}

function range(random: Random, family: Family): string {
  return family === 4
    ? random.pick(['10.99.1.0-10.99.5.9', '10.99.20.2-10.99.30.1', '10.0.0.0-10.255.255.255'])
    : random.pick(['fd00:99:1::-fd00:99:5::9', 'fd00:99:20::2-fd00:99:30::1']);
}

function addressTypeOfDevice({ random, hook }: Place, not: string): string {
  const side = random.pick(['src', 'dst']);
  const limits = { prerouting: ['in'], input: ['in'], forward: ['in', 'out'], output: ['out'], postrouting: ['out'] }[
    hook
  ];
  return `-m addrtype ${not}--${side}-type LOCAL --limit-iface-${random.pick(limits)}`;
}

function setName(random: Random, sets: readonly SetName[]): string {
  const { name, dimensions } = random.pick(sets);
  const sides = Array.from({ length: random.chance(0.1) ? 1 : dimensions }, () => random.pick(['src', 'dst']));
  return `${name} ${sides.join(',')}${random.chance(0.1) ? ' --return-nomatch' : ''}`;
}

function recent(random: Random, not: string): string {
  const list = `--name list${random.integer(1, 2)} ${random.pick(['--rsource', '--rdest'])}`;
  const mode = random.pick([
    '--set',
    '--rcheck',
    '--update',
    '--remove',
    '--rcheck --seconds 60',
    '--rcheck --hitcount 2',
  ]);
  return `-m recent ${not}${mode} ${list}`;
}

interface TargetText {
  readonly text: string;
  /** The protocol that the target needs. */
  readonly protocol?: string;
}

function generateTarget(place: Place, protocol: string | null): TargetText {
  const { random, table, hook, chains } = place;
  const choice = random.next();
  if (chains.length > 0 && choice < 0.4) return { text: `${random.chance(0.15) ? '-g' : '-j'} ${random.pick(chains)}` };
  if (choice < 0.5) return { text: '-j RETURN' };
  if (choice < 0.56) return { text: '' };
  if (choice < 0.6) return { text: random.pick(['-j LOG', '-j NFLOG']) };
  if (choice < 0.72) return { text: `-j ${marking(random)}` };
  if (table === 'nat') return natTarget(place, protocol);
  if (table === 'raw' && random.chance(0.4))
    return { text: random.pick(['-j CT --notrack', '-j CT --zone 5', '-j CT --ctevents new']) };
  if (table === 'filter' && random.chance(0.35)) return rejectTarget(place);
  if (hook === 'postrouting' && random.chance(0.5)) return { text: '-j ACCEPT' };
  return { text: random.chance(0.35) ? '-j DROP' : '-j ACCEPT' };
}

function marking(random: Random): string {
  const mark = random.pick(MARKS);
  const mask = random.pick(MASKS);
  return random.pick([
    `MARK --set-xmark ${mark}/${mask}`,
    `MARK --set-mark ${mark}/${mask}`,
    `MARK --or-mark ${mark}`,
    `MARK --and-mark ${mask}`,
    `MARK --xor-mark ${mark}`,
    `CONNMARK --set-xmark ${mark}/${mask}`,
    `CONNMARK --save-mark --nfmask ${mask} --ctmask ${random.pick(MASKS)}`,
    `CONNMARK --restore-mark --nfmask ${mask} --ctmask ${random.pick(MASKS)}`,
  ]);
}

function rejectTarget({ random, family }: Place): TargetText {
  if (random.chance(0.3)) return { text: '-j REJECT --reject-with tcp-reset', protocol: 'tcp' };
  const kinds =
    family === 4
      ? [
          'icmp-port-unreachable',
          'icmp-host-unreachable',
          'icmp-net-unreachable',
          'icmp-admin-prohibited',
          'icmp-host-prohibited',
        ]
      : ['icmp6-port-unreachable', 'icmp6-addr-unreachable', 'icmp6-no-route', 'icmp6-adm-prohibited'];
  return { text: random.chance(0.3) ? '-j REJECT' : `-j REJECT --reject-with ${random.pick(kinds)}` };
}

function natTarget({ random, family, hook }: Place, protocol: string | null): TargetText {
  const pools = ADDRESSES[family];
  const port = (): string => `${random.pick(ALL_PORTS)}`;
  const host = (list: readonly string[], ports: string): string => {
    const address = random.pick(list);
    if (ports === '') return address;
    return family === 6 ? `[${address}]:${ports}` : `${address}:${ports}`;
  };
  const withPort = protocol !== null && random.chance(0.6);
  if (hook === 'prerouting' || hook === 'output') {
    const backends = [...pools.server, ...pools.router.slice(0, 3)];
    return random.pick([
      { text: `-j DNAT --to-destination ${host(backends, withPort ? port() : '')}` },
      { text: `-j DNAT --to-destination ${host(backends, withPort ? port() : '')}` },
      { text: `-j DNAT --to-destination ${addressRange(family)}${random.chance(0.3) ? ' --persistent' : ''}` },
      protocol === null
        ? { text: '-j ACCEPT' }
        : {
            text: `-j DNAT --to-destination ${host(backends, random.pick(['8080-8083', '80-81 --random', '1000-2000/1000']))}`,
          },
      protocol === null ? { text: '-j REDIRECT' } : { text: `-j REDIRECT --to-ports ${port()}` },
      { text: '-j ACCEPT' },
      { text: `-j NETMAP --to ${family === 4 ? '10.99.20.0/24' : 'fd00:99:20::/64'}` },
    ]);
  }
  const snat = {
    text: `-j SNAT --to-source ${host(pools.pool, protocol !== null && random.chance(0.3) ? '2000-3000' : '')}`,
  };
  if (hook === 'input') return random.pick([snat, { text: '-j ACCEPT' }]);
  return random.pick([
    snat,
    { text: `-j SNAT --to-source ${family === 4 ? '10.99.40.1-10.99.40.9' : 'fd00:99:40::1-fd00:99:40::9'}` },
    { text: `-j SNAT --to-source ${random.pick(pools.pool)} --random-fully` },
    { text: '-j MASQUERADE' },
    { text: '-j MASQUERADE --random-fully' },
    protocol === null ? { text: '-j MASQUERADE' } : { text: '-j MASQUERADE --to-ports 2000-2100' },
    { text: '-j ACCEPT' },
  ]);
}

function addressRange(family: Family): string {
  return family === 4 ? '10.99.20.1-10.99.20.3' : 'fd00:99:20::1-fd00:99:20::3';
}

function generateProbe(random: Random, family: Family, sourcePort: number): Probe {
  const pools = ADDRESSES[family];
  const sender: Sender = random.pick(['client', 'client', 'router', 'router-user']);
  const protocol = random.chance(0.75) ? 'tcp' : 'udp';
  const destination = random.pick([
    ...pools.server,
    ...(sender === 'client' ? pools.router.slice(0, 3) : pools.router),
  ]);
  const loopback = destination === '127.0.0.1' || destination === '::1';
  const sources = sender === 'client' ? pools.client : loopback ? [destination] : pools.router.slice(0, 3);
  return {
    sender,
    protocol,
    source: random.pick(sources),
    sourcePort,
    destination,
    destinationPort: random.pick(random.chance(0.85) ? PORTS : ALL_PORTS),
  };
}
