/** Prints a rule the way iptables-save does, from what the parser understood: the other half of the round trip. */
import { addressFromBits, maskLength, type Prefix } from '../../../src/model/address.ts';
import type { ExtensionOption, Match, NatRange, NumberRange, Target } from '../../../src/model/iptables-rule.ts';

export function printRule(chain: string, matches: readonly Match[], target: Target | null): string {
  const words = matches.flatMap(printMatch);
  return ['-A', chain, ...words, ...(target === null ? [] : printTarget(target))].join(' ');
}

const not = (test: { readonly negated: boolean } | undefined): string[] => (test?.negated === true ? ['!'] : []);
const hex = (value: number): string => `0x${value.toString(16)}`;
const ports = ({ from, to }: NumberRange, separator = ':'): string =>
  from === to ? `${from}` : `${from}${separator}${to}`;

/** An IPv4-mapped address stands in dotted form, as inet_ntop prints it. */
function address(bits: bigint, family: 4 | 6): string {
  if (family === 6 && bits >> 32n === 0xffffn) return `::ffff:${addressFromBits(4, bits & 0xffffffffn).text}`;
  return addressFromBits(family, bits).text;
}

function prefix(value: Prefix, hostLength = true): string {
  const length = maskLength(value);
  const text = address(value.bits, value.family);
  if (length === undefined) return `${text}/${address(value.mask, value.family)}`;
  return !hostLength && length === (value.family === 4 ? 32 : 128) ? text : `${text}/${length}`;
}

function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replaceAll(/["\\']/g, String.raw`\$&`)}"`;
}

/** Options whose value iptables-save quotes when it must (xtables_save_string). */
const STRINGS = new Set(['comment', 'log-prefix', 'nflog-prefix', 'helper', 'path']);
/** Options whose value iptables-save always quotes. */
const ALWAYS = new Set(['u32', 'bytecode', 'string', 'hex-string']);

function option(one: ExtensionOption): string[] {
  const value = (text: string): string => {
    if (ALWAYS.has(one.name)) return `"${text.replaceAll('"', String.raw`\"`)}"`;
    return STRINGS.has(one.name) ? quoted(text) : text;
  };
  return [...not(one), `--${one.name}`, ...one.values.map(value)];
}

function printMatch(match: Match): string[] {
  switch (match.kind) {
    case 'source':
    case 'destination':
      return [...not(match), match.kind === 'source' ? '-s' : '-d', prefix(match.prefix)];
    case 'in-interface':
    case 'out-interface': {
      const name = match.name + (match.wildcard ? '+' : '');
      return [...not(match), match.kind === 'in-interface' ? '-i' : '-o', name];
    }
    case 'protocol':
      return [...not(match), '-p', match.name];
    case 'fragment':
      return [...not(match), '-f'];
    case 'comment':
      return ['-m', 'comment', '--comment', quoted(match.text)];
    case 'unknown':
      throw new Error(`not understood: ${match.extension} ${match.tokens.join(' ')}`);
    case 'conntrack':
      return ['-m', match.spelling, ...conntrack(match)];
    case 'extension':
      return ['-m', match.name, ...match.options.flatMap(option)];
    case 'ports':
      return ['-m', match.protocol, ...portOptions(match)];
    default:
      return ['-m', match.kind, ...extensionOptions(match)];
  }
}

function portOptions(match: Extract<Match, { kind: 'ports' }>): string[] {
  const { source, destination, flags } = match;
  const names = (list: readonly string[]): string => (list.length === 0 ? 'NONE' : list.join(','));
  return [
    ...(source === undefined ? [] : [...not(source), '--sport', ports(source)]),
    ...(destination === undefined ? [] : [...not(destination), '--dport', ports(destination)]),
    ...match.others.flatMap(option),
    ...(flags === undefined ? [] : [...not(flags), '--tcp-flags', names(flags.mask), names(flags.set)]),
  ];
}

function conntrack(match: Extract<Match, { kind: 'conntrack' }>): string[] {
  const word = match.spelling === 'state' ? '--state' : '--ctstate';
  const host = (name: string, test: typeof match.originalSource): string[] =>
    test === undefined ? [] : [...not(test), name, prefix(test.prefix, false)];
  const port = (name: string, test: typeof match.originalSourcePort): string[] =>
    test === undefined ? [] : [...not(test), name, ports(test)];
  return [
    ...(match.state === undefined ? [] : [...not(match.state), word, match.state.states.join(',')]),
    ...(match.protocol === undefined ? [] : [...not(match.protocol), '--ctproto', `${match.protocol.number}`]),
    ...host('--ctorigsrc', match.originalSource),
    ...host('--ctorigdst', match.originalDestination),
    ...host('--ctreplsrc', match.replySource),
    ...host('--ctrepldst', match.replyDestination),
    ...port('--ctorigsrcport', match.originalSourcePort),
    ...port('--ctorigdstport', match.originalDestinationPort),
    ...port('--ctreplsrcport', match.replySourcePort),
    ...port('--ctrepldstport', match.replyDestinationPort),
    ...(match.status === undefined ? [] : [...not(match.status), '--ctstatus', match.status.statuses.join(',')]),
    ...port('--ctexpire', match.expires),
    ...(match.direction === undefined ? [] : ['--ctdir', match.direction]),
  ];
}

type Other = Exclude<
  Match,
  | {
      kind:
        'source' | 'destination' | 'in-interface' | 'out-interface' | 'protocol' | 'fragment' | 'comment' | 'unknown';
    }
  | { kind: 'conntrack' | 'extension' | 'ports' }
>;

function extensionOptions(match: Other): string[] {
  switch (match.kind) {
    case 'multiport': {
      const word = { source: '--sports', destination: '--dports', either: '--ports' }[match.side];
      return [...not(match), word, match.ports.map((one) => ports(one)).join(',')];
    }
    case 'iprange': {
      const range = (name: string, test: typeof match.source): string[] =>
        test === undefined ? [] : [...not(test), name, `${test.from}-${test.to}`];
      return [...range('--src-range', match.source), ...range('--dst-range', match.destination)];
    }
    case 'addrtype': {
      const types = (name: string, test: typeof match.source): string[] =>
        test === undefined ? [] : [...not(test), name, test.types.join(',')];
      const limit = match.limitInterface === null ? [] : [`--limit-iface-${match.limitInterface}`];
      return [...types('--src-type', match.source), ...types('--dst-type', match.destination), ...limit];
    }
    case 'mark':
    case 'connmark': {
      const mask = match.mask === 0xffffffff ? '' : `/${hex(match.mask)}`;
      return [...not(match), '--mark', hex(match.value) + mask];
    }
    case 'statistic':
      return match.mode === 'random'
        ? ['--mode', 'random', ...not(match), '--probability', (match.threshold / 2 ** 31).toFixed(11)]
        : ['--mode', 'nth', ...not(match), '--every', `${match.every}`, '--packet', `${match.packet}`];
    case 'recent':
      return [
        ...not(match),
        `--${match.mode}`,
        ...(match.seconds === null ? [] : ['--seconds', `${match.seconds}`]),
        ...(match.reap ? ['--reap'] : []),
        ...(match.hits === null ? [] : ['--hitcount', `${match.hits}`]),
        ...(match.ttl ? ['--rttl'] : []),
        '--name',
        match.list,
        '--mask',
        match.mask,
        match.side === 'source' ? '--rsource' : '--rdest',
      ];
    case 'set':
      return [
        ...not(match),
        '--match-set',
        match.name,
        match.sides.join(','),
        ...(match.returnNomatch ? ['--return-nomatch'] : []),
        ...match.others.flatMap(option),
      ];
    case 'owner':
      return [
        ...(match.socketExists === undefined ? [] : [...not(match.socketExists), '--socket-exists']),
        ...(match.uid === undefined ? [] : [...not(match.uid), '--uid-owner', ports(match.uid, '-')]),
        ...(match.gid === undefined ? [] : [...not(match.gid), '--gid-owner', ports(match.gid, '-')]),
        ...(match.supplementaryGroups ? ['--suppl-groups'] : []),
      ];
    case 'limit':
      return ['--limit', match.rate, ...(match.burst === 5 ? [] : ['--limit-burst', `${match.burst}`])];
    case 'rpfilter':
      return [...match.flags.map((flag) => `--${flag}`), ...(match.negated ? ['--invert'] : [])];
    case 'nfacct':
      return ['--nfacct-name', '', match.name];
  }
}

function printTarget(target: Target): string[] {
  switch (target.kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return ['-j', target.kind.toUpperCase()];
    case 'reject':
      return ['-j', 'REJECT', '--reject-with', target.with];
    case 'jump':
      return [target.goto ? '-g' : '-j', target.chain];
    case 'dnat':
      return ['-j', 'DNAT', ...natTo('--to-destination', target.range)];
    case 'snat':
      return ['-j', 'SNAT', ...natTo('--to-source', target.range)];
    case 'redirect':
    case 'masquerade':
      return ['-j', target.kind.toUpperCase(), ...natTo('--to-ports', target.range)];
    case 'netmap':
      return ['-j', 'NETMAP', '--to', prefix(target.prefix, false)];
    case 'tproxy':
      return [
        '-j',
        'TPROXY',
        '--on-port',
        `${target.port}`,
        '--on-ip',
        target.address ?? '0.0.0.0',
        '--tproxy-mark',
        `${hex(target.value)}/${hex(target.mask)}`,
      ];
    case 'mark':
      return ['-j', 'MARK', '--set-xmark', `${hex(target.value)}/${hex(target.mask)}`];
    case 'connmark':
      if (target.mode === 'set') {
        return ['-j', 'CONNMARK', '--set-xmark', `${hex(target.value)}/${hex(target.connectionMask)}`];
      }
      return [
        '-j',
        'CONNMARK',
        `--${target.mode}-mark`,
        '--nfmask',
        hex(target.packetMask),
        '--ctmask',
        hex(target.connectionMask),
      ];
    case 'ct':
      return ['-j', 'CT', ...(target.notrack ? ['--notrack'] : []), ...target.options.flatMap(option)];
    case 'extension':
      return ['-j', target.name, ...target.options.flatMap(option)];
    case 'unknown':
      throw new Error(`not understood: ${target.name} ${target.tokens.join(' ')}`);
  }
}

function natTo(word: string, range: NatRange): string[] {
  const { addresses, basePort } = range;
  const hosts =
    addresses === undefined
      ? ''
      : addresses.from === addresses.to
        ? addresses.from
        : `${addresses.from}-${addresses.to}`;
  const host = hosts.includes(':') && range.ports !== undefined ? `[${hosts}]` : hosts;
  const port =
    range.ports === undefined ? '' : ports(range.ports, '-') + (basePort === undefined ? '' : `/${basePort}`);
  const colon = word === '--to-ports' || range.ports === undefined ? '' : ':';
  const to = host + colon + port;
  return [
    ...(to === '' ? [] : [word, to]),
    ...(range.random ? ['--random'] : []),
    ...(range.randomFully ? ['--random-fully'] : []),
    ...(range.persistent ? ['--persistent'] : []),
  ];
}
