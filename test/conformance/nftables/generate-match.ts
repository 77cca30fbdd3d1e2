import { ADDRESSES, USER } from '../netfilter/lab.ts';
import { ALL_PORTS, MARKS, MASKS, type Place } from './place.ts';

/** One test of a rule. */
export function generateMatch(place: Place): string {
  return place.random.pick([addresses, addresses, transport, transport, meta, tracking, lookup, other])(place);
}

function addresses({ random, family, table }: Place): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const pools = ADDRESSES[family];
  const address = (): string => random.pick([...pools.client, ...pools.router, ...pools.server, ...pools.pool]);
  const length = (): number => random.pick(family === 4 ? [32, 24, 16, 20] : [128, 64, 48]);
  const not = random.chance(0.25) ? '!= ' : '';
  const side = random.pick(['saddr', 'daddr', 'daddr']);
  const another = family === 4 ? 'ip6 saddr fd00::/16' : 'ip daddr 10.0.0.0/8';
  return random.pick([
    `${ip} ${side} ${not}${address()}`,
    `${ip} ${side} ${not}${address()}/${length()}`,
    `${ip} ${side} ${not}${address()}/${length()}`,
    `${ip} ${side} ${not}{ ${[...new Set([address(), address(), address()])].join(', ')} }`,
    `${ip} ${side} ${not}${family === 4 ? '10.99.1.0-10.99.5.9' : 'fd00:99:1::-fd00:99:5::9'}`,
    family === 4 ? `ip ${side} & 255.0.0.3 ${not === '' ? '==' : '!='} 10.0.0.1` : `ip6 ${side} ${not}${address()}`,
    table === 'inet' ? another : `${ip} ${side} ${not}${address()}`,
  ]);
}

function transport({ random, firstPort, family, table }: Place): string {
  const not = random.chance(0.2) ? '!= ' : '';
  const port = (): number => random.pick(ALL_PORTS);
  const list = (): string => [...new Set([port(), port(), port()])].join(', ');
  const proto = random.pick(['tcp', 'tcp', 'udp']);
  // nft (1.0.6) prints `<` and `>` behind each other, even of two fields, as one `!=` of a span, which nobody made.
  const compare = (): string => random.pick(table === 'inet' ? ['<', '<='] : ['>', '>=']);
  return random.pick([
    `${proto} dport ${not}${port()}`,
    `${proto} dport ${not}{ ${list()} }`,
    `${proto} dport ${not}1-1023`,
    `${proto} dport ${compare()} ${port()}`,
    `${proto} sport ${not}${firstPort}-${firstPort + 7}`,
    `${proto} sport ${compare()} 32768`,
    `meta l4proto { tcp, udp } th dport ${not}${port()}`,
    `meta l4proto ${not}${proto}`,
    `meta l4proto { ${proto}, sctp }`,
    family === 4 ? `ip protocol ${not}${proto}` : `ip6 nexthdr ${not}${proto}`,
    'tcp flags syn',
    'tcp flags & (fin | syn | rst | ack) == syn',
    'tcp flags == syn',
    'tcp flags != syn',
    'tcp flags { syn, syn | ack }',
    'tcp flags ! ack',
    'tcp flags & (syn | ack) == syn | ack',
    family === 4 ? 'icmp type echo-request' : 'icmpv6 type echo-request',
  ]);
}

function meta({ random, family, table }: Place): string {
  const not = random.chance(0.25) ? '!= ' : '';
  const device = (): string => random.pick(['"cl0"', '"sv0"', '"lo"', '"cl*"', '"eth9"']);
  const real = (): string => random.pick(['"cl0"', '"sv0"', '"lo"']);
  const user = (): string => random.pick(['0', `${USER}`, '0-100', '2000', `{ 0, 7 }`]);
  return random.pick([
    `iifname ${not}${device()}`,
    `oifname ${not}${device()}`,
    `iif ${not}${real()}`,
    `oif ${not}${real()}`,
    `iifname ${not}{ "cl0", "lo" }`,
    `oifname . ${family === 4 ? 'ip' : 'ip6'} daddr { "sv0" . ${ADDRESSES[family].server[1]} }`,
    `meta mark ${not}${random.pick(MARKS)}`,
    `meta mark & ${random.pick(MASKS)} ${not === '' ? '==' : '!='} ${random.pick(MARKS)}`,
    `meta mark ${not}0x1-0x10`,
    `meta mark ${not}{ 0x0, 0x1, 0x80 }`,
    `meta mark ${random.pick(['<', '>='])} 0x3`,
    table === 'inet' ? `meta nfproto ${not}ipv${family}` : 'meta mark 0x0',
    `meta protocol ${not}${family === 4 ? 'ip' : 'ip6'}`,
    `meta skuid ${not}${user()}`,
    `meta skgid ${not}${user()}`,
    `meta pkttype ${not}${random.pick(['host', 'broadcast'])}`,
  ]);
}

function tracking({ random, family }: Place): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const pools = ADDRESSES[family];
  const not = random.chance(0.25) ? '!= ' : '';
  const address = (): string => random.pick([...pools.client, ...pools.router, ...pools.server]);
  const states = ['new', 'new,established', 'established,related', 'invalid', 'untracked', 'invalid,untracked'];
  return random.pick([
    `ct state ${random.pick(states)}`,
    `ct state ${random.pick(states)}`,
    `ct state ! ${random.pick(['new', 'established', 'invalid'])}`,
    `ct state ${random.pick(['==', '!='])} new`,
    'ct state { new, untracked }',
    `ct direction ${random.pick(['original', 'reply'])}`,
    `ct status ${random.pick(['dnat', 'snat', 'snat,dnat', 'confirmed', 'seen-reply', 'assured', 'expected'])}`,
    'ct status & (snat | dnat) == dnat',
    `ct mark ${not}${random.pick(MARKS)}`,
    `ct mark & ${random.pick(MASKS)} == ${random.pick(MARKS)}`,
    `ct original ${ip} daddr ${not}${address()}`,
    `ct original ${ip} saddr ${not}${address()}`,
    `ct reply ${ip} saddr ${not}${address()}`,
    `ct reply ${ip} daddr ${not}${address()}`,
    `meta l4proto tcp ct original proto-dst ${not}${random.pick(ALL_PORTS)}`,
    `meta l4proto tcp ct reply proto-src ${not}${random.pick(ALL_PORTS)}`,
    // Without `!=`, nft (1.0.6) leaves these two out of what it prints when `ip saddr` or `th dport` follows, and so shows a rule that
    // nobody made: where nothing is tracked, the kernel's own does not match.
    `ct l3proto != ipv${10 - family}`,
    `ct protocol ${random.pick(['!= tcp', '{ tcp, icmp }'])}`,
    'ct helper "ftp"',
  ]);
}

function lookup({ random, family }: Place): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const not = random.chance(0.25) ? '!= ' : '';
  const side = random.pick(['saddr', 'daddr']);
  return random.pick([
    `${ip} ${side} ${not}@addresses`,
    `${ip} ${side} ${not}@nets`,
    `${ip} daddr . meta l4proto . th dport ${not}@endpoints`,
    `${ip} ${side} . tcp dport ${not}@ranges`,
    `${ip} ${side} . udp dport @ranges`,
    `iifname ${not}@ifaces`,
    `oifname ${not}@ifaces`,
    `${ip} ${side} ${not}@clients`,
    `${ip} saddr . th dport @seen`,
    `${ip} daddr . tcp dport { ${ADDRESSES[family].server[1]} . 80, ${ADDRESSES[family].router[0]} . 443 }`,
    `${ip} saddr . ${ip} daddr ${not}{ ${ADDRESSES[family].client[0]} . ${ADDRESSES[family].server[1]} }`,
  ]);
}

function other({ random, family, hook }: Place): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const type = random.pick(['local', 'unicast', '{ local, broadcast }', 'multicast']);
  const not = random.chance(0.25) ? '!= ' : '';
  const incoming = hook === 'prerouting' || hook === 'input' || hook === 'forward';
  const devices = [
    `fib daddr . iif type ${not}local`,
    `fib saddr . iif oif ${random.pick(['missing', 'exists'])}`,
    `fib saddr oif ${random.pick(['missing', 'exists'])}`,
    `fib daddr oifname ${not}"${random.pick(['sv0', 'cl0'])}"`,
  ];
  return random.pick([
    ...(incoming ? devices : []),
    `fib daddr type ${not}${type}`,
    `fib saddr type ${not}${type}`,
    `numgen random mod 4 ${random.pick(['< 2', '== 1', '!= 0', '>= 3'])}`,
    `numgen inc mod 3 ${random.pick(['0', '!= 1'])}`,
    `jhash ${ip} saddr . ${ip} daddr mod 2 0`,
    'symhash mod 2 0',
    `limit rate ${random.pick(['1/day', '1000/second'])} burst ${random.integer(1, 3)} packets`,
    'limit rate over 1000/second',
    'quota over 25 mbytes',
    'quota 25 mbytes',
    'ct count over 100',
  ]);
}
