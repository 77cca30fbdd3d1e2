import type { Family } from '../../model/address.ts';
import type { ExtensionOption, Match } from '../../model/iptables-rule.ts';
import { buildConntrack } from './conntrack-match.ts';
import { buildRecent, buildStatistic } from './chance-matches.ts';
import type { Extension } from './rule-options.ts';
import {
  parseAddressRange,
  parseMasked,
  parseNumber,
  parseRange,
  PORT_MAX,
  portTest,
  WORD_MAX,
  type Options,
} from './values.ts';

/** Turns the options of one extension into a match; undefined when a value is not understood. */
export type MatchBuilder = (options: Options, extension: Extension, family: Family) => Match | undefined;

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
const LARGEST_MULTIPORT = 15;

/** Extensions whose meaning the evaluator knows in full; every other one that the grammar knows stays an `extension`. */
export const MATCH_BUILDERS: Readonly<Record<string, MatchBuilder>> = {
  tcp: buildPorts,
  udp: buildPorts,
  udplite: buildPorts,
  sctp: buildPorts,
  dccp: buildPorts,
  multiport: buildMultiport,
  iprange: buildAddressRange,
  addrtype: buildAddressType,
  mark: buildMark,
  connmark: buildMark,
  conntrack: buildConntrack,
  state: buildConntrack,
  statistic: buildStatistic,
  recent: buildRecent,
  set: buildSet,
  owner: buildOwner,
  comment: (options) => ({ kind: 'comment', text: options.value('comment') ?? '' }),
  limit: buildLimit,
  rpfilter: buildReversePath,
  nfacct(options) {
    const name = options.value('nfacct-name');
    return name === undefined ? undefined : { kind: 'nfacct', name };
  },
};

type PortProtocol = Extract<Match, { kind: 'ports' }>['protocol'];

function isPortProtocol(name: string): name is PortProtocol {
  return ['tcp', 'udp', 'udplite', 'sctp', 'dccp'].includes(name);
}

function buildPorts(options: Options, { name }: Extension): Match | undefined {
  const source = portTest(options.take('sport'));
  const destination = portTest(options.take('dport'));
  const flags = name === 'tcp' ? tcpFlags(options) : undefined;
  if (source === 'bad' || destination === 'bad' || flags === 'bad' || !isPortProtocol(name)) return undefined;
  return {
    kind: 'ports',
    protocol: name,
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(flags === undefined ? {} : { flags }),
    others: options.rest(),
  };
}

function tcpFlags(options: Options) {
  const syn = options.take('syn');
  if (syn !== undefined) return { negated: syn.negated, mask: ['FIN', 'SYN', 'RST', 'ACK'], set: ['SYN'] };
  const option = options.take('tcp-flags');
  if (option === undefined) return undefined;
  const mask = flagNames(option.values[0]);
  const set = flagNames(option.values[1]);
  return mask === undefined || set === undefined ? 'bad' : { negated: option.negated, mask, set };
}

/** Source: extensions/libxt_tcp.c parse_tcp_flag. */
function flagNames(text: string | undefined): string[] | undefined {
  const names = (text ?? '').toUpperCase().split(',');
  if (names.length === 1 && names[0] === 'NONE') return [];
  if (names.length === 1 && names[0] === 'ALL') return TCP_FLAGS;
  return names.every((name) => TCP_FLAGS.includes(name)) ? TCP_FLAGS.filter((name) => names.includes(name)) : undefined;
}

function buildMultiport(options: Options): Match | undefined {
  const found = (['sports', 'dports', 'ports'] as const).flatMap((name) => options.take(name) ?? []);
  const [option] = found;
  if (option === undefined || found.length > 1) return undefined;
  const texts = (option.values[0] ?? '').split(',', LARGEST_MULTIPORT + 1);
  const ports = texts.map((text) => parseRange(text, ':', PORT_MAX));
  if (texts.length > LARGEST_MULTIPORT || ports.some((port) => port === undefined)) return undefined;
  const side = option.name === 'sports' ? 'source' : option.name === 'dports' ? 'destination' : 'either';
  return { kind: 'multiport', negated: option.negated, side, ports: ports.filter((port) => port !== undefined) };
}

function buildAddressRange(options: Options, _: Extension, family: Family): Match | undefined {
  const source = addressRange(options.take('src-range'), family);
  const destination = addressRange(options.take('dst-range'), family);
  if (source === 'bad' || destination === 'bad' || (source ?? destination) === undefined) return undefined;
  return {
    kind: 'iprange',
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
  };
}

function addressRange(option: ExtensionOption | undefined, family: Family) {
  if (option === undefined) return undefined;
  const range = parseAddressRange(option.values[0] ?? '', family);
  return range === undefined ? 'bad' : { negated: option.negated, ...range };
}

function buildAddressType(options: Options): Match | undefined {
  const source = options.take('src-type');
  const destination = options.take('dst-type');
  if ((source ?? destination) === undefined) return undefined;
  const limitIn = options.flag('limit-iface-in');
  const limitOut = options.flag('limit-iface-out');
  if (limitIn && limitOut) return undefined;
  return {
    kind: 'addrtype',
    ...(source === undefined ? {} : { source: addressTypes(source) }),
    ...(destination === undefined ? {} : { destination: addressTypes(destination) }),
    limitInterface: limitIn ? 'in' : limitOut ? 'out' : null,
  };
}

function addressTypes(option: ExtensionOption) {
  return { negated: option.negated, types: (option.values[0] ?? '').toUpperCase().split(',') };
}

function buildMark(options: Options, { name }: Extension): Match | undefined {
  const option = options.take('mark');
  const masked = parseMasked(option?.values[0]);
  if (option === undefined || masked === undefined) return undefined;
  return { kind: name === 'mark' ? 'mark' : 'connmark', negated: option.negated, ...masked };
}

function buildSet(options: Options): Match | undefined {
  const option = options.take('match-set');
  const [name, sides] = option?.values ?? [];
  if (option === undefined || name === undefined || sides === undefined) return undefined;
  const words = sides.split(',').map((side) => (side === 'src' || side === 'dst' ? side : undefined));
  if (words.some((word) => word === undefined)) return undefined;
  return {
    kind: 'set',
    name,
    negated: option.negated,
    sides: words.filter((word) => word !== undefined),
    returnNomatch: options.flag('return-nomatch'),
    others: options.rest(),
  };
}

function buildOwner(options: Options): Match | undefined {
  const uid = ownerRange(options.take('uid-owner'));
  const gid = ownerRange(options.take('gid-owner'));
  const socket = options.take('socket-exists');
  if (uid === 'bad' || gid === 'bad') return undefined;
  return {
    kind: 'owner',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(socket === undefined ? {} : { socketExists: { negated: socket.negated } }),
    supplementaryGroups: options.flag('suppl-groups'),
  };
}

/** Numbers alone: names of users belong to the machine's passwd. */
function ownerRange(option: ExtensionOption | undefined) {
  if (option === undefined) return undefined;
  const range = parseRange(option.values[0], '-', WORD_MAX);
  return range === undefined ? 'bad' : { negated: option.negated, ...range };
}

function buildLimit(options: Options): Match | undefined {
  const rate = options.value('limit');
  const burst = parseNumber(options.value('limit-burst') ?? '5', WORD_MAX);
  return rate === undefined || burst === undefined ? undefined : { kind: 'limit', rate, burst };
}

function buildReversePath(options: Options): Match {
  const flags = ['loose', 'validmark', 'accept-local'].filter((name) => options.flag(name));
  return { kind: 'rpfilter', flags, negated: options.flag('invert') };
}
