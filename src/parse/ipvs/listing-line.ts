import type { ForwardingMethod } from '../../model/ipvs-tracking.ts';
import { PSEUDONYMOUS_ADDRESSES } from '../../model/redaction.ts';
import { addressedName, markedName, readHexAddress, readProtocol, readServerAddress } from './addresses.ts';
import type { ServerLine } from './server-line.ts';

const METHODS: Readonly<Record<string, ForwardingMethod>> = { Masq: 'nat', Tunnel: 'tunnel', Route: 'direct' };
/** Headings of both forms, and of listings that leave out what decides. */
const HEADING = /^(?:IP Virtual Server version |Prot LocalAddress:Port Scheduler Flags| {2}-> RemoteAddress:Port)/;
const WITHOUT_SCHEDULERS = /^Prot LocalAddress:Port +(?:Conns|CPS)/;
const REAL = /^ {2}-> (\S+) +(\S+) +(\d+) /;
const HEXADECIMAL = /^(?:[0-9A-F]{8}:[0-9A-F]{4}|\[[0-9a-f]{4}(?::[0-9a-f]{4}){7}\]:[0-9A-F]{4})$/;

/**
 * A line of `ipvsadm -Ln`, or of /proc/net/ip_vs, which has addresses in hexadecimal, times in jiffies and no flags of schedulers,
 * but lists real servers in the kernel's order (net/netfilter/ipvs/ip_vs_ctl.c ip_vs_info_seq_show).
 */
export function readListingLine(raw: string): ServerLine {
  if (WITHOUT_SCHEDULERS.test(raw)) {
    return problem('the listing leaves out schedulers and weights (--stats, --rate); `ipvsadm -Sn` has them');
  }
  if (HEADING.test(raw)) return { kind: 'heading' };
  const real = REAL.exec(`${raw} `);
  return real === null ? virtualServer(raw) : realServer(real);
}

function problem(text: string): ServerLine {
  return { kind: 'problem', problem: text };
}

function realServer([, at = '', forward = '', weight = '']: RegExpExecArray): ServerLine {
  const address = readServerAddress(at, HEXADECIMAL.test(at));
  if (address === undefined) return problem('the address of the real server is not understood');
  const method = Object.hasOwn(METHODS, forward) ? METHODS[forward] : undefined;
  return {
    kind: 'real',
    of: null,
    server: {
      address: address.address,
      port: address.port,
      method: method ?? 'direct',
      weight: Number(weight),
      upperThreshold: null,
      notUnderstood: method === undefined ? `forwarding method ${forward} is not evaluated` : null,
    },
  };
}

function virtualServer(raw: string): ServerLine {
  const words = raw.trim().split(/ +/);
  const [kind = '', at = ''] = words;
  const hexadecimal = HEXADECIMAL.test(at) || /^[0-9A-F]{8}$/.test(at);
  const marked = kind === 'FWM';
  const six = marked && words[2] === 'IPv6';
  const rest = words.slice(six ? 3 : 2);
  const [scheduler, ...flags] = rest;
  if (scheduler === undefined) return problem('the virtual server has no scheduler');
  const options = readFlags(flags, hexadecimal);
  if (typeof options === 'string') return problem(options);
  const base = { scheduler, ...options };
  if (marked) {
    const mark = hexadecimal ? parseInt(at, 16) : /^\d{1,10}$/.test(at) ? Number(at) : 0;
    if (mark === 0) return problem(`${at} is no mark`);
    const family = six ? 6 : 4;
    const name = markedName(mark, family);
    return { kind: 'virtual', server: { ...base, name, family, protocol: null, address: null, port: 0, mark } };
  }
  const protocol = readProtocol(kind);
  const address = readServerAddress(at, hexadecimal);
  if (protocol === undefined || address === undefined) {
    return problem('the line is not understood (is it from ipvsadm -Ln?)');
  }
  const name = addressedName(protocol, address);
  return { kind: 'virtual', server: { ...base, name, protocol, mark: 0, ...address } };
}

/** `(sh-port) ops persistent 300 mask 255.255.255.0 pe sip`; the kernel's own: `ops persistent 6000 FFFFFF00`. */
function readFlags(words: readonly string[], hexadecimal: boolean) {
  let schedulerFlags: readonly string[] | null = hexadecimal ? null : [];
  let onePacket = false;
  let persistence: { seconds: number | null; mask: string } | null = null;
  let notUnderstood: string | null = null;
  let ordered = hexadecimal;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (/^\(.+\)$/.test(word)) schedulerFlags = word.slice(1, -1).split(',');
    else if (word === 'ops') onePacket = true;
    // The order serves hashes of addresses, which pseudonyms do not have.
    else if (word === PSEUDONYMOUS_ADDRESSES) ordered = false;
    else if (word === 'pe') notUnderstood = `persistence engine ${words[(at += 1)] ?? ''} is not evaluated`;
    else if (word === 'mask' && persistence !== null) persistence.mask = words[(at += 1)] ?? '';
    else if (word === 'persistent') {
      const time = words[(at += 1)] ?? '';
      if (!/^\d{1,10}$/.test(time)) return `${time} is no time`;
      persistence = hexadecimal
        ? { seconds: null, mask: kernelMask(words[(at += 1)] ?? '') }
        : { seconds: Number(time), mask: 'all' };
    } else return `flag ${word} is not understood`;
  }
  return { schedulerFlags, onePacket, persistence, notUnderstood, ordered };
}

/** A netmask as one number, or the length of an IPv6 prefix in the same eight digits. */
function kernelMask(text: string): string {
  if (!/^[0-9A-F]{8}$/.test(text)) return text;
  return text.startsWith('000000') && text !== '00000000' ? String(parseInt(text, 16)) : readHexAddress(text);
}
