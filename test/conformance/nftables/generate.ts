import type { Family } from '../../../src/model/address.ts';
import { ADDRESSES, PORTS, type Probe, type Sender, type SetName } from '../netfilter/lab.ts';
import { generateTables } from '../iptables/generate.ts';
import type { Random } from '../routing/random.ts';
import { generateMatch } from './generate-match.ts';
import { ALL_PORTS, MARKS, MASKS, type HookName, type Place } from './place.ts';

/** A ruleset for `nft -f`, one rule a line, and probes to send through it. */
export interface Case {
  readonly family: Family;
  readonly rules: string;
  /** For iptables-restore: rules of iptables-nft beside those; null: none. */
  readonly iptables: string | null;
  readonly probes: readonly Probe[];
}

const HOOKS: readonly HookName[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const NAT_HOOKS: ReadonlySet<HookName> = new Set(['prerouting', 'input', 'output', 'postrouting']);
/** None of those that iptables uses: in which order two chains of one priority stand, no dump tells. */
const PRIORITIES = [-310, -290, -250, -190, -160, -140, -120, -20, 5, 10, 60, 90, 110, 200];
const NAT_PRIORITIES = [-120, -105, -101, -95, -50, 0, 90, 101, 105];
const CONNTRACK = -200;
const FIRST_SOURCE_PORT = 33_000;
const LAST_SOURCE_PORT = 60_000;

/** @param turn number of the case: source ports are not used again soon, while connections of earlier cases still close */
export function generateCase(random: Random, probes: number, turn: number, sets: readonly SetName[]): Case {
  const firstPort = FIRST_SOURCE_PORT + ((turn * probes) % (LAST_SOURCE_PORT - FIRST_SOURCE_PORT));
  const family = random.chance(0.6) ? 4 : 6;
  const own = family === 4 ? 'ip' : 'ip6';
  const used = new Set<string>();
  const tables = random.several(1, 3, (index) =>
    generateTable(random, family, random.pick([own, own, 'inet']), `t${index}`, used, firstPort),
  );
  return {
    family,
    rules: tables.join(''),
    iptables: random.chance(0.3) ? generateTables(random, family, sets, firstPort) : null,
    probes: Array.from({ length: probes }, (_, at) => generateProbe(random, family, firstPort + at)),
  };
}

function generateTable(
  random: Random,
  family: Family,
  table: 'ip' | 'ip6' | 'inet',
  name: string,
  used: Set<string>,
  firstPort: number,
): string {
  const lines: string[] = [...declarations(random, family, firstPort)];
  for (const hook of HOOKS) {
    const types = (['filter', 'nat', 'route'] as const).filter((type) => {
      if (type === 'nat') return NAT_HOOKS.has(hook) && random.chance(0.6);
      return type === 'route' ? hook === 'output' && random.chance(0.3) : random.chance(0.5);
    });
    for (const type of types) {
      const priority = random.pick(type === 'nat' ? NAT_PRIORITIES : PRIORITIES);
      // Chains of one table keep their order at one priority; that of two tables is not known to a dump.
      const key = `${hook} ${type === 'nat'} ${priority}`;
      if (used.has(`${key} other`) || (used.has(key) && !used.has(`${key} ${name}`))) continue;
      used.add(key).add(`${key} ${name}`);
      const base = `${type}-${hook}-${priority + 400}`;
      const early = priority < CONNTRACK && (hook === 'prerouting' || hook === 'output');
      const chains = random.several(0, 3, (index) => `${base}-${index}`);
      const place: Place = { random, family, table, type, hook, early, chains, firstPort };
      for (const [index, chain] of chains.entries()) {
        const later = chains.slice(index + 1);
        lines.unshift(`chain ${chain} {`, '}');
        lines.push(...rulesOf({ ...place, chains: later }, chain, 0, 4));
      }
      const policy = type === 'filter' && random.chance(0.05) ? 'drop' : 'accept';
      lines.push(`chain ${base} {`, `type ${type} hook ${hook} priority ${priority}; policy ${policy};`, '}');
      lines.push(...rulesOf(place, base, 0, 5));
    }
  }
  return `table ${table} ${name} {\n${lines.join('\n')}\n}\n`;
}

/** Each chain is opened again for each rule, so that nft tells by the line which one it will not have. */
function rulesOf(place: Place, chain: string, from: number, to: number): string[] {
  return place.random.several(from, to, () => rule(place)).flatMap((text) => [`chain ${chain} {`, text, '}']);
}

/** Sets and maps that rules of the table look things up in. */
function declarations(random: Random, family: Family, firstPort: number): string[] {
  const pools = ADDRESSES[family];
  const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const address = (): string => random.pick([...pools.client, ...pools.router, ...pools.server]);
  const backend = (): string => random.pick([...pools.server, ...pools.router.slice(0, 3)]);
  const port = (): number => random.pick(ALL_PORTS);
  const unique = (make: () => string): string => [...new Set(random.several(1, 4, make))].join(', ');
  const keyed = (key: () => string | number, value: () => string): string => {
    const map = new Map(random.several(1, 4, () => [key(), value()] as const));
    return [...map].map(([one, other]) => `${one} : ${other}`).join(', ');
  };
  const net = family === 4 ? '10.99.0.0/18' : 'fd00:99::/35';
  const far = family === 4 ? '10.99.200.0-10.99.220.9' : 'fd00:99:200::-fd00:99:220::9';
  const one = random.pick([address(), net, far]);
  return [
    `set addresses { type ${type}; elements = { ${unique(address)} }`,
    '}',
    `set nets { type ${type}; flags interval; elements = { ${one} }`,
    '}',
    `set endpoints { type ${type} . inet_proto . inet_service; elements = { ${unique(() => `${address()} . ${random.pick(['tcp', 'udp'])} . ${port()}`)} }`,
    '}',
    `set ranges { type ${type} . inet_service; flags interval; elements = { ${net} . ${port()}, ${far} . 1-1000 }`,
    '}',
    `set ifaces { type ifname; flags interval; elements = { "${random.pick(['cl*', 'sv0', 'lo'])}" }`,
    '}',
    `set clients { type ${type}; flags dynamic,timeout; timeout 60s; size 1000;`,
    '}',
    `set seen { type ${type} . inet_service; flags dynamic; size 1000;`,
    '}',
    `map verdicts { type ${type} . inet_proto . inet_service : verdict; elements = { ${keyed(
      () => `${address()} . ${random.pick(['tcp', 'tcp', 'udp'])} . ${port()}`,
      () => random.pick(['accept', 'drop', 'return', 'continue']),
    )} }`,
    '}',
    `map ports { type inet_service : verdict; flags interval; elements = { ${port()} : ${random.pick(['accept', 'drop'])}, 40000-${firstPort > 40_000 ? firstPort + 5 : 50_000} : return }`,
    '}',
    `map marks { type ${type} : mark; elements = { ${keyed(address, () => random.pick(MARKS))} }`,
    '}',
    `map backends { type ${type} : ${type}; elements = { ${keyed(address, backend)} }`,
    '}',
    `map services { type ${type} . inet_service : ${type} . inet_service; elements = { ${keyed(
      () => `${address()} . ${port()}`,
      () => `${backend()} . ${port()}`,
    )} }`,
    '}',
  ];
}

function rule(place: Place): string {
  const { random } = place;
  const matches = random.several(0, 3, () => generateMatch(place));
  const extras = random.several(0, 1, () => sideEffect(place));
  return [...matches, ...extras, verdict(place)].filter((word) => word !== '').join(' ');
}

/** A statement behind which the rule goes on. */
function sideEffect({ random, family, early }: Place): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const mark = random.pick(MARKS);
  const mask = random.pick(MASKS);
  return random.pick([
    'counter',
    'log prefix "x"',
    `meta mark set ${mark}`,
    `meta mark set meta mark | ${mark}`,
    `meta mark set meta mark & ${mask}`,
    `meta mark set meta mark ^ ${mark}`,
    `meta mark set meta mark & ${mask} | ${mark}`,
    `meta mark set ${ip} saddr map @marks`,
    `meta mark set ${ip} daddr map { ${ADDRESSES[family].server[1]} : 0x2, ${ADDRESSES[family].router[2]} : 0x80 }`,
    random.chance(0.3) ? 'meta mark set numgen random mod 3 offset 1' : 'counter',
    'meta mark set ct mark',
    'ct mark set meta mark',
    `ct mark set ${mark}`,
    `ct mark set ct mark | ${mark}`,
    `update @clients { ${ip} saddr }`,
    `add @clients { ${ip} daddr }`,
    `update @seen { ${ip} saddr . th dport }`,
    `meta priority set 1:2`,
    `${ip} dscp set cs1`,
    early ? 'notrack' : 'counter',
  ]);
}

function verdict(place: Place): string {
  const { random, type, chains, family, hook } = place;
  const ip = family === 4 ? 'ip' : 'ip6';
  const choice = random.next();
  if (chains.length > 0 && choice < 0.4) return `${random.chance(0.25) ? 'goto' : 'jump'} ${random.pick(chains)}`;
  if (choice < 0.46) return 'return';
  if (choice < 0.52) return random.pick(['', 'continue']);
  if (choice < 0.68) return verdictMap(place, ip);
  if (type === 'nat') return translation(place, ip);
  if (choice < 0.74 && hook !== 'postrouting') return rejection(place);
  return random.chance(0.3) ? 'drop' : 'accept';
}

function verdictMap({ random, chains, family }: Place, ip: string): string {
  const to = (): string =>
    chains.length > 0 && random.chance(0.6)
      ? `${random.pick(['jump', 'goto'])} ${random.pick(chains)}`
      : random.pick(['accept', 'drop', 'return', 'continue']);
  const { client, server } = ADDRESSES[family];
  return random.pick([
    `${ip} daddr . meta l4proto . th dport vmap @verdicts`,
    `${ip} saddr . meta l4proto . th dport vmap @verdicts`,
    'tcp dport vmap @ports',
    'tcp sport vmap @ports',
    `meta l4proto vmap { tcp : ${to()}, udp : ${to()} }`,
    `ct state vmap { new : ${to()}, established : accept, invalid : ${to()} }`,
    `${ip} saddr vmap { ${client[0]} : ${to()}, ${client[1]} : ${to()} }`,
    `${ip} daddr . tcp dport vmap { ${server[1]} . 80 : ${to()}, ${server[2]} . 443 : ${to()} }`,
    `numgen random mod 3 vmap { 0 : ${to()}, 1-2 : ${to()} }`,
    `numgen inc mod 2 vmap { 0 : ${to()}, 1 : ${to()} }`,
    `jhash ${ip} saddr mod 2 vmap { 0 : ${to()}, 1 : ${to()} }`,
    `meta mark & 0x3 vmap { 0x0 : ${to()}, 0x1 : ${to()}, 0x2-0x3 : ${to()} }`,
    `iifname vmap { "cl0" : ${to()}, "lo" : ${to()} }`,
    `fib daddr type vmap { local : ${to()}, unicast : ${to()} }`,
  ]);
}

function rejection({ random, family, table }: Place): string {
  const own = family === 4 ? 'icmp' : 'icmpv6';
  const kinds =
    family === 4 ? ['host-unreachable', 'admin-prohibited', 'net-unreachable'] : ['addr-unreachable', 'no-route'];
  return random.pick([
    'reject',
    'reject with tcp reset',
    `reject with ${own} type ${random.pick(kinds)}`,
    table === 'inet'
      ? `reject with icmpx type ${random.pick(['host-unreachable', 'no-route', 'admin-prohibited'])}`
      : 'reject',
    table === 'inet' ? `reject with ${family === 4 ? 'icmpv6 type no-route' : 'icmp type host-unreachable'}` : 'reject',
  ]);
}

function translation({ random, family, hook, table }: Place, ip: string): string {
  const pools = ADDRESSES[family];
  const port = (): number => random.pick(ALL_PORTS);
  const bare = random.pick([...pools.server, ...pools.router.slice(0, 3)]);
  const second = random.pick(pools.server);
  const at = family === 6 ? `[${bare}]` : bare;
  const to = table === 'inet' ? ` ${ip}` : '';
  const proto = `meta l4proto ${random.pick(['tcp', 'tcp', 'udp'])}`;
  const flags = random.pick(['', '', ' random', ' persistent', ' fully-random']);
  if (hook === 'prerouting' || hook === 'output') {
    const range = family === 4 ? '10.99.20.1-10.99.20.3' : 'fd00:99:20::1-fd00:99:20::3';
    return random.pick([
      `dnat${to} to ${bare}`,
      `${proto} dnat${to} to ${at}:${port()}`,
      `${proto} dnat${to} to ${at}:${port()}`,
      `${proto} dnat${to} to ${at}:8080-8083${flags}`,
      `dnat${to} to ${range}${random.pick(['', ' persistent'])}`,
      `dnat${to} to ${ip} daddr map @backends`,
      `${proto} dnat${to} to ${ip} daddr . th dport map @services`,
      `${proto} dnat ${ip} addr . port to numgen random mod 2 map { 0 : ${bare} . ${port()}, 1 : ${second} . ${port()} }`,
      `dnat${to} to numgen random mod 3 map { 0 : ${bare}, 1-2 : ${second} }`,
      `dnat${to} to numgen inc mod 2 map { 0 : ${bare}, 1 : ${second} }`,
      `dnat${to} to jhash ${ip} saddr mod 2 map { 0 : ${bare}, 1 : ${second} }`,
      `tcp dport { 80, 443 } dnat${to} to ${ip} daddr map @backends:tcp dport map { 80 : 8080, 443 : 80 }`,
      `${proto} redirect to :${port()}`,
      `tcp dport { 80, 443 } redirect to :tcp dport map { 80 : 8080, 443 : 15001 }`,
      'redirect',
      table === 'inet' ? `dnat ${family === 4 ? 'ip6 to fd00:99:20::1' : 'ip to 10.99.20.1'}` : 'accept',
      // Of an IPv4 address the kernel leaves twelve bytes as they were on its stack (nft_nat_setup_netmap): compiled without zeroed stacks, it
      // takes an address for another one, and finds no answer's connection.
      family === 4 ? 'accept' : 'dnat ip6 prefix to fd00:99:20::/64',
      'accept',
    ]);
  }
  const pool = random.pick(pools.pool);
  const source = [
    `snat${to} to ${pool}`,
    `${proto} snat${to} to ${family === 6 ? `[${pool}]` : pool}:2000-3000${flags}`,
    `snat${to} to ${ip} saddr map { ${pools.client[0]} : ${pool}, ${pools.client[1]} : ${pools.pool[0]} }`,
    'accept',
  ];
  if (hook === 'input') return random.pick(source);
  return random.pick([
    ...source,
    `snat${to} to ${family === 4 ? '10.99.40.1-10.99.40.9' : 'fd00:99:40::1-fd00:99:40::9'}${random.pick(['', ' persistent'])}`,
    `snat${to} to ${pool} fully-random`,
    'masquerade',
    'masquerade fully-random',
    `${proto} masquerade to :2000-2100`,
  ]);
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
