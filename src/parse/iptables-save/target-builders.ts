import { parseAddress, parsePrefix, type Family } from '../../model/address.ts';
import type { NatRange, Target } from '../../model/iptables-rule.ts';
import type { Extension } from './rule-options.ts';
import { parseAddressRange, parseMasked, parseNumber, parseRange, PORT_MAX, WORD_MAX, type Options } from './values.ts';

/** Turns the options of a target into what it does; undefined when a value is not understood. */
export type TargetBuilder = (options: Options, extension: Extension, family: Family) => Target | undefined;

const LARGEST_SHIFT = 31;

/** Targets whose meaning the evaluator knows in full; every other one that the grammar knows stays an `extension`. */
export const TARGET_BUILDERS: Readonly<Record<string, TargetBuilder>> = {
  ACCEPT: () => ({ kind: 'accept' }),
  DROP: () => ({ kind: 'drop' }),
  RETURN: () => ({ kind: 'return' }),
  REJECT: (options, _, family) => ({
    kind: 'reject',
    with: options.value('reject-with') ?? (family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'),
  }),
  DNAT: (options, _, family) => buildNat('dnat', options, options.value('to-destination'), family),
  SNAT: (options, _, family) => buildNat('snat', options, options.value('to-source'), family),
  REDIRECT: (options) => buildToPorts('redirect', options),
  MASQUERADE: (options) => buildToPorts('masquerade', options),
  NETMAP: buildNetmap,
  TPROXY: buildTproxy,
  MARK: buildMark,
  CONNMARK: buildConnmark,
  CT: (options) => ({ kind: 'ct', notrack: options.flag('notrack'), options: options.rest() }),
  NOTRACK: () => ({ kind: 'ct', notrack: true, options: [] }),
};

/**
 * `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `[fd00::1]:80`, `:80`, `10.0.0.1:1000-2000/1000`.
 * Source: extensions/libxt_NAT.c parse_to and parse_ports.
 */
function buildNat(kind: 'dnat' | 'snat', options: Options, to: string | undefined, family: Family): Target | undefined {
  if (to === undefined) return undefined;
  const bracket = to.startsWith('[') ? to.indexOf(']') : -1;
  if (to.startsWith('[') && bracket < 0) return undefined;
  const colon = bracket >= 0 ? to.indexOf(':', bracket) : to.indexOf(':');
  const hasPorts = colon >= 0 && (bracket >= 0 || !to.includes(':', colon + 1));
  const address = bracket >= 0 ? to.slice(1, bracket) : hasPorts ? to.slice(0, colon) : to;
  const addresses = address === '' ? undefined : parseAddressRange(address, family);
  if (address !== '' && addresses === undefined) return undefined;
  const ports = hasPorts ? natPorts(to.slice(colon + 1)) : {};
  if (ports === undefined) return undefined;
  const flags = natFlags(options);
  // Spelled out: a ledger of a large cluster makes some hundred thousand of them.
  if (addresses !== undefined && ports.ports !== undefined && ports.basePort === undefined) {
    const { random, randomFully, persistent } = flags;
    return { kind, range: { addresses, ports: ports.ports, random, randomFully, persistent } };
  }
  return { kind, range: { ...(addresses === undefined ? {} : { addresses }), ...ports, ...flags } };
}

function buildToPorts(kind: 'redirect' | 'masquerade', options: Options): Target | undefined {
  const text = options.value('to-ports');
  const ports = text === undefined ? {} : natPorts(text);
  return ports === undefined ? undefined : { kind, range: { ...ports, ...natFlags(options) } };
}

function natPorts(text: string): Pick<NatRange, 'ports' | 'basePort'> | undefined {
  const [range, base, more] = text.split('/', 3);
  const ports = range === '' ? undefined : parseRange(range, '-', PORT_MAX);
  const basePort = base === undefined ? undefined : parseNumber(base, PORT_MAX);
  if (ports === undefined || more !== undefined || (base !== undefined && basePort === undefined)) return undefined;
  return basePort === undefined ? { ports } : { ports, basePort };
}

function natFlags(options: Options): Pick<NatRange, 'random' | 'randomFully' | 'persistent'> {
  return {
    random: options.flag('random'),
    randomFully: options.flag('random-fully'),
    persistent: options.flag('persistent'),
  };
}

function buildNetmap(options: Options, _: Extension, family: Family): Target | undefined {
  const prefix = parsePrefix(options.value('to') ?? '');
  return prefix?.family === family ? { kind: 'netmap', prefix } : undefined;
}

function buildTproxy(options: Options, _: Extension, family: Family): Target | undefined {
  const port = parseNumber(options.value('on-port'), PORT_MAX);
  const address = options.value('on-ip');
  const parsed = address === undefined ? null : parseAddress(address);
  const mark = options.take('tproxy-mark');
  const masked = mark === undefined ? { value: 0, mask: 0 } : parseMasked(mark.values[0]);
  if (port === undefined || masked === undefined || parsed === undefined) return undefined;
  if (parsed !== null && parsed.family !== family) return undefined;
  return { kind: 'tproxy', port, address: parsed === null || parsed.bits === 0n ? null : parsed.text, ...masked };
}

/** Source: extensions/libxt_MARK.c; every spelling becomes `mark = (mark & ~mask) ^ value`. */
function buildMark(options: Options): Target | undefined {
  const masked = markOperation(options);
  return masked === undefined ? undefined : { kind: 'mark', ...masked };
}

function markOperation(options: Options): { readonly value: number; readonly mask: number } | undefined {
  const xmark = options.value('set-xmark');
  if (xmark !== undefined) return parseMasked(xmark);
  const set = options.value('set-mark');
  if (set !== undefined) {
    const masked = parseMasked(set);
    return masked && { value: masked.value, mask: (masked.value | masked.mask) >>> 0 };
  }
  const and = parseNumber(options.value('and-mark'), WORD_MAX);
  if (and !== undefined) return { value: 0, mask: ~and >>> 0 };
  const or = parseNumber(options.value('or-mark'), WORD_MAX);
  if (or !== undefined) return { value: or, mask: or };
  const xor = parseNumber(options.value('xor-mark'), WORD_MAX);
  return xor === undefined ? undefined : { value: xor, mask: 0 };
}

/** Source: extensions/libxt_CONNMARK.c. */
function buildConnmark(options: Options): Target | undefined {
  const both = options.value('mask');
  const packetMask = parseNumber(options.value('nfmask') ?? both ?? String(WORD_MAX), WORD_MAX);
  const connectionMask = parseNumber(options.value('ctmask') ?? both ?? String(WORD_MAX), WORD_MAX);
  const left = parseNumber(options.value('left-shift-mark') ?? '0', LARGEST_SHIFT);
  const right = parseNumber(options.value('right-shift-mark') ?? '0', LARGEST_SHIFT);
  if (packetMask === undefined || connectionMask === undefined || left === undefined || right === undefined) {
    return undefined;
  }
  const shift = left - right;
  const save = options.flag('save-mark');
  const restore = options.flag('restore-mark');
  if (save !== restore) {
    return { kind: 'connmark', mode: save ? 'save' : 'restore', value: 0, connectionMask, packetMask, shift };
  }
  const masked = markOperation(options);
  if (save || masked === undefined) return undefined;
  return { kind: 'connmark', mode: 'set', value: masked.value, connectionMask: masked.mask, packetMask: 0, shift };
}
