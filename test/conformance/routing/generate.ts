import type { Family } from '../../../src/model/address.ts';
import type { RouteQuery } from '../../../src/model/routing.ts';
import type { Random } from './random.ts';

/** A random routing configuration, as commands of `ip` and settings; the kernel refuses what makes no sense. */
export interface Configuration {
  readonly devices: readonly string[];
  /** Makes the devices; settings come next, before anything depends on them. */
  readonly links: readonly string[];
  readonly commands: readonly string[];
  readonly settings: readonly string[];
}

/** A question to both: to the kernel as words of `ip route get`, to us as a query. */
export interface Question {
  readonly words: string;
  readonly query: RouteQuery;
}

const TABLES = ['main', '100', '200', 'local', 'default'];
const IPV4 = {
  subnets: ['10.1.0', '10.1.1', '10.2.0', '10.3.7', '172.16.0'],
  prefixes: ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.0/24', '10.1.0.128/25', '10.9.0.0/16', '10.9.1.0/24', '10.9.1.1/32'],
  more: ['192.168.0.0/16', '127.5.0.0/16', '172.16.0.0/12', '0.0.0.0/0', '0.0.0.0/0', '0.0.0.0/1', '203.0.113.0/24'],
};
const IPV6 = {
  subnets: ['fd01:0:0:1', 'fd01:0:0:2', 'fd02:0:0:1', '2001:db8:0:1'],
  prefixes: [
    'fd00::/8',
    'fd01::/16',
    'fd01:0:0:1::/64',
    'fd09::/32',
    'fd09:0:1::/48',
    'fd09:0:1::1/128',
    '2001:db8::/32',
  ],
  more: ['::/0', '::/0', '2000::/3', 'fd02::/32', '2002::/16', 'fd0a::/64'],
};

/** Makes a configuration of a family. */
export function generateConfiguration(random: Random, family: Family): Configuration {
  const pairs = random.integer(1, 3);
  const devices = Array.from({ length: pairs }, (_, at) => [`va${at}`, `vb${at}`]).flat();
  const links = Array.from({ length: pairs }, (_, at) => `link add va${at} type veth peer name vb${at}`);
  const up = devices.filter(() => random.chance(0.93)).map((device) => `link set ${device} up`);
  const addresses = random.several(2, 8, () => randomAddress(random, family, devices));
  const routes = random.several(2, 14, () => route(random, family, devices));
  const rules = random.chance(0.6) ? random.several(1, 6, () => rule(random, family, devices)) : [];
  const down = random.chance(0.2) ? [`link set ${random.pick(devices)} down`] : [];
  const late = random.chance(0.2) ? random.several(1, 3, () => route(random, family, devices)) : [];
  return {
    devices,
    links,
    commands: [...up, ...addresses, ...routes, ...rules, ...down, ...late],
    settings: settings(random, family, devices),
  };
}

/**
 * Makes a question that the configuration may answer in an interesting way.
 * @param own addresses of the namespace
 * @param forwards whether it forwards packets
 */
export function generateQuestion(
  random: Random,
  family: Family,
  devices: readonly string[],
  own: readonly string[],
  forwards: boolean,
): Question {
  const destination = random.chance(0.15) && own.length > 0 ? random.pick(own) : host(random, family);
  const mark = random.chance(0.3) ? random.pick([1, 2, 0x10, 0x11, 0xff]) : 0;
  const tos = random.chance(0.15) ? random.pick([0x08, 0x10]) : 0;
  const ports = random.chance(0.3) ? { sport: random.pick([80, 1000, 5000]), dport: random.pick([53, 80, 443]) } : null;
  const protocol = ports === null ? undefined : random.pick(['tcp', 'udp']);
  const base = {
    destination,
    mark,
    tos,
    protocol,
    // Without ports the kernel compares 0.
    sourcePort: ports?.sport ?? 0,
    destinationPort: ports?.dport ?? 0,
  };
  const words = [
    destination,
    ...(mark === 0 ? [] : [`mark ${mark}`]),
    ...(tos === 0 ? [] : [`tos 0x${tos.toString(16)}`]),
    ...(ports === null ? [] : [`ipproto ${protocol} sport ${ports.sport} dport ${ports.dport}`]),
  ];
  // For IPv6 `ip route get … iif` skips what is checked around the lookup: forwarding, and addresses that may not cross a wire.
  if (random.chance(0.4) && (family === 4 || (forwards && isRoutable6(destination)))) {
    const source = random.chance(0.15) && own.length > 0 ? random.pick(own) : host(random, family);
    const inInterface = random.pick(devices);
    if (family === 6 && !isRoutable6(source)) return generateQuestion(random, family, devices, own, forwards);
    return {
      words: [...words, `from ${source} iif ${inInterface}`].join(' '),
      query: { ...base, source, inInterface },
    };
  }
  const uid = random.chance(0.2) ? random.pick([0, 100, 1337]) : 0;
  const from = random.chance(0.25) && own.length > 0 ? random.pick(own) : null;
  // A device insists on its routes when the socket is bound to it; the question has no socket, and IPv6 then insists only without source.
  const outInterface = random.chance(0.1) && (family === 4 || from === null) ? random.pick(devices) : null;
  return {
    words: [
      ...words,
      ...(uid === 0 ? [] : [`uid ${uid}`]),
      ...(from === null ? [] : [`from ${from}`]),
      ...(outInterface === null ? [] : [`oif ${outInterface}`]),
    ].join(' '),
    query: { ...base, source: from, inInterface: null, outInterface, uid },
  };
}

function randomAddress(random: Random, family: Family, devices: readonly string[]): string {
  const device = random.chance(0.1) ? 'lo' : random.pick(devices);
  if (family === 6) {
    const length = random.pick([64, 64, 128, 48]);
    const state = random.chance(0.2) ? ' preferred_lft 0' : '';
    return `addr add ${random.pick(IPV6.subnets)}::${random.integer(1, 4)}/${length} dev ${device} nodad${state}`;
  }
  const scope = random.chance(0.15) ? ` scope ${random.pick(['link', 'host', 'site'])}` : '';
  const local = `${random.pick(IPV4.subnets)}.${random.integer(1, 6)}`;
  if (random.chance(0.1)) return `addr add ${local} peer 10.77.0.${random.integer(1, 9)}/32 dev ${device}${scope}`;
  return `addr add ${local}/${random.pick([24, 24, 32, 25, 16])} dev ${device}${scope}`;
}

function route(random: Random, family: Family, devices: readonly string[]): string {
  const pool = family === 4 ? IPV4 : IPV6;
  const destination = random.pick(random.chance(0.6) ? pool.prefixes : pool.more);
  const verb = random.chance(0.2) ? 'append' : 'add';
  const table = random.chance(0.5) ? '' : ` table ${random.pick(random.chance(0.9) ? TABLES.slice(0, 3) : TABLES)}`;
  const metric = random.chance(0.3) ? ` metric ${random.integer(1, 3) * 100}` : '';
  const command = `route ${verb}`;
  const kind = random.next();
  if (kind < 0.2) {
    const type = random.pick(['unreachable', 'blackhole', 'prohibit', 'throw']);
    return `${command} ${type} ${destination}${table}${metric}`;
  }
  if (kind < 0.25) return `${command} local ${destination} dev lo${table}${metric}`;
  if (kind < 0.28 && family === 4) return `${command} broadcast ${destination} dev ${random.pick(devices)}${table}`;
  const tos = family === 4 && random.chance(0.1) ? ' tos 0x10' : '';
  const source = random.chance(0.15) ? ` src ${gateway(random, family)}` : '';
  const from = family === 6 && random.chance(0.2) ? ` from ${random.pick(IPV6.prefixes)}` : '';
  const base = `${command} ${destination}${from}${tos}${table}${metric}${source}`;
  if (kind < 0.45) {
    const hops = random.several(
      2,
      3,
      () => `nexthop ${nexthop(random, family, devices)} weight ${random.integer(1, 4)}`,
    );
    return `${base} ${hops.join(' ')}`;
  }
  const scope = family === 4 && random.chance(0.1) ? ` scope ${random.pick(['link', 'site'])}` : '';
  const preference = family === 6 && random.chance(0.15) ? ` pref ${random.pick(['low', 'high'])}` : '';
  return `${base} ${nexthop(random, family, devices)}${scope}${preference}`;
}

function nexthop(random: Random, family: Family, devices: readonly string[]): string {
  const device = random.pick(devices);
  if (random.chance(0.35)) return `dev ${device}`;
  return `via ${gateway(random, family)} dev ${device}${random.chance(0.7) ? ' onlink' : ''}`;
}

function gateway(random: Random, family: Family): string {
  return family === 4
    ? `${random.pick(IPV4.subnets)}.${random.integer(1, 9)}`
    : `${random.pick(IPV6.subnets)}::${random.integer(1, 9)}`;
}

function rule(random: Random, family: Family, devices: readonly string[]): string {
  const pool = family === 4 ? IPV4 : IPV6;
  const selectors = [
    random.chance(0.3) ? `from ${random.pick(pool.prefixes)}` : '',
    random.chance(0.3) ? `to ${random.pick(pool.prefixes)}` : '',
    random.chance(0.25) ? `fwmark ${random.pick(['1', '0x10/0x10', '0x2', '0/0x1'])}` : '',
    random.chance(0.15) ? `iif ${random.pick([...devices, 'lo', 'gone0'])}` : '',
    random.chance(0.08) ? `oif ${random.pick(devices)}` : '',
    // A question about a received IPv6 packet has no uid at all, a received packet has uid 0.
    random.chance(0.1) ? `uidrange ${random.pick([family === 4 ? '0-99' : '50-99', '100-1000', '1337-1337'])}` : '',
    random.chance(0.1) ? `ipproto ${random.pick(['tcp', 'udp'])}` : '',
    random.chance(0.1) ? `dport ${random.pick(['80', '50-60'])}` : '',
    random.chance(0.08) ? `sport ${random.pick(['80', '1000-5000'])}` : '',
    random.chance(0.08) ? 'tos 0x10' : '',
  ].filter((selector) => selector !== '');
  const priority = random.integer(1, 40) * 10;
  const kind = random.next();
  const action =
    kind < 0.1
      ? random.pick(['unreachable', 'prohibit', 'blackhole'])
      : kind < 0.2
        ? `goto ${priority + random.integer(1, 4) * 10}`
        : kind < 0.25
          ? 'nop'
          : `lookup ${random.pick(TABLES)}${random.chance(0.2) ? ` suppress_prefixlength ${random.pick([0, 8, 24])}` : ''}`;
  const not = random.chance(0.1) && selectors.length > 0 ? 'not ' : '';
  return `rule add pref ${priority} ${not}${selectors.join(' ')} ${action}`;
}

function host(random: Random, family: Family): string {
  if (family === 6) {
    const special = ['fd09:0:1::1', '2002::1', 'fe80::1', 'ff02::1', '::1', '2001:4860::8', 'fd0a::9', 'fec0::1'];
    return random.chance(0.35)
      ? random.pick(special)
      : `${random.pick([...IPV6.subnets, 'fd09:0:1:0', 'fd77:0:0:0'])}::${random.integer(1, 9)}`;
  }
  const special = [
    '10.9.1.1',
    '127.0.0.1',
    '127.5.0.9',
    '8.8.8.8',
    '224.0.0.5',
    '255.255.255.255',
    '203.0.113.9',
    '0.1.2.3',
  ];
  if (random.chance(0.3)) return random.pick(special);
  return `${random.pick([...IPV4.subnets, '10.9.1', '10.200.0', '192.168.4'])}.${random.pick([1, 2, 3, 5, 9, 130, 255])}`;
}

function settings(random: Random, family: Family, devices: readonly string[]): string[] {
  if (family === 6) return [`net.ipv6.conf.all.forwarding=${random.chance(0.7) ? 1 : 0}`];
  const made = [`net.ipv4.ip_forward=${random.chance(0.8) ? 1 : 0}`];
  for (const who of ['all', ...devices]) {
    if (random.chance(0.35)) made.push(`net.ipv4.conf.${who}.rp_filter=${random.integer(0, 2)}`);
    if (random.chance(0.15)) made.push(`net.ipv4.conf.${who}.route_localnet=1`);
    if (random.chance(0.15)) made.push(`net.ipv4.conf.${who}.accept_local=1`);
    if (random.chance(0.1)) made.push(`net.ipv4.conf.${who}.src_valid_mark=1`);
    if (random.chance(0.15)) made.push(`net.ipv4.conf.${who}.ignore_routes_with_linkdown=1`);
    if (who !== 'all' && random.chance(0.1)) made.push(`net.ipv4.conf.${who}.forwarding=0`);
  }
  return made;
}

function isRoutable6(address: string): boolean {
  return address !== '::1' && !/^(fe80|ff)/.test(address);
}
