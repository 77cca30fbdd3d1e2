/**
 * Reads the bound sockets of a network namespace.
 *
 * In: what `ss -lntup` prints, also with its header, with more options (`-e`, `-a`) or with other socket families beside.
 * Out: listening TCP and SCTP sockets and unconnected UDP ones; whatever else is listed takes no new request and is left out.
 * It must not decide which socket a packet reaches.
 */
import { addressFromBits, parseAddress } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Socket } from '../../model/network-namespace.ts';
import { textLines, unreadableText, type TextLine } from '../../model/text-lines.ts';

const COMMAND = '`ss -lntup`';
const PROTOCOLS: Readonly<Record<string, Socket['protocol']>> = { tcp: 'tcp', udp: 'udp', sctp: 'sctp' };
/** Netids of socket families that take no TCP, UDP or SCTP packet of their own (iproute2, misc/ss.c, proto_name). */
const OTHERS = new Set(
  `raw icmp6 p_raw p_dgr u_str u_dgr u_seq ??? nl v_str v_dgr ti_rd ti_sq ti_st ti_dg xdp mptcp dccp
  unknown`.split(/\s+/),
);
const STATES = new Set(
  `LISTEN UNCONN ESTAB SYN-SENT SYN-RECV FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSE-WAIT LAST-ACK CLOSING
  UNKNOWN`.split(/\s+/),
);
const BOUND = new Set(['LISTEN', 'UNCONN']);
/** ::ffff:0:0/96 */
const MAPPED = 0xffffn;
const IPV4_BITS = 0xffffffffn;

/** Reads every bound socket, in the order of the dump. */
export function parseSockets(artefact: Artefact): Parsed<readonly Socket[]> {
  const unreadable = unreadableText(artefact, `the output of ${COMMAND}`);
  if (unreadable !== undefined) return { value: [], gaps: [unreadable] };
  const gaps = new GapLog(artefact.name);
  const value: Socket[] = [];
  let old = false;
  for (const line of textLines(artefact)) {
    const words = line.text.trim().split(/\s+/, 8);
    if (line.text.trim() === '' || isHeader(words) || OTHERS.has(words[0] ?? '')) continue;
    old ||= (words[4] ?? '').startsWith(':::');
    const socket = line.cut ? 'the line is too long for a socket' : readSocket(artefact.name, line, words);
    if (typeof socket === 'string') {
      gaps.add('not-understood', socket, { line: line.number, raw: line.text, remedy: `capture it with ${COMMAND}` });
    } else if (socket !== null) value.push(socket);
  }
  if (!old) return { value, gaps: gaps.list() };
  for (const { dual, evidence } of value) {
    if (dual) gaps.add('not-understood', '`*` may be 0.0.0.0 or any address in this old form', evidence);
  }
  return { value: value.filter((socket) => !socket.dual), gaps: gaps.list() };
}

function isHeader(words: readonly string[]): boolean {
  return words.includes('Recv-Q') && words.includes('Send-Q');
}

/** One socket, null for one that is not bound to take requests, or why the line is not understood. */
function readSocket(artefact: string, line: TextLine, words: readonly string[]): Socket | null | string {
  const [netid = '', state = '', , , local = ''] = words;
  if (STATES.has(netid)) return 'the line names no protocol (no Netid column)';
  const protocol = PROTOCOLS[netid];
  if (protocol === undefined || !STATES.has(state)) return 'this is no line of `ss`';
  if (!BOUND.has(state)) return null;
  const bound = readLocal(local);
  if (typeof bound === 'string') return bound;
  return {
    protocol,
    state,
    ...bound,
    processes: readProcesses(line.text),
    evidence: { artefact, line: line.number, raw: line.text },
  };
}

type Bound = Pick<Socket, 'address' | 'family' | 'dual' | 'device' | 'port'>;

/**
 * A local address as iproute2 prints it since 4.17: `10.0.0.1:80`, `127.0.0.53%lo:53`, `[::]:80` (IPv6 alone), `*:80` (an IPv6
 * socket that takes IPv4 as well), `[fe80::1]%eth0:546` (misc/ss.c, inet_addr_print). Older ones print `*` for 0.0.0.0 and `:::80`
 * for any IPv6 socket; the latter tells such a file.
 */
function readLocal(text: string): Bound | string {
  const colon = text.lastIndexOf(':');
  const port = text.slice(colon + 1);
  if (colon <= 0 || !/^\d{1,5}$/.test(port) || Number(port) > 65535) return 'the local port is no number';
  const host = text.slice(0, colon);
  const percent = host.indexOf('%');
  const device = percent < 0 ? null : host.slice(percent + 1);
  const bare = percent < 0 ? host : host.slice(0, percent);
  if (bare === '*') return { address: '::', family: 6, dual: true, device, port: Number(port) };
  const bracketed = bare.startsWith('[') && bare.endsWith(']');
  const address = parseAddress(bracketed ? bare.slice(1, -1) : bare);
  if (address === undefined || (address.family === 6 && !bracketed)) {
    return 'the local address is none that iproute2 4.17 and newer print';
  }
  const mapped = address.family === 6 && address.bits >> 32n === MAPPED;
  const taken = mapped ? addressFromBits(4, address.bits & IPV4_BITS) : address;
  return { address: taken.text, family: taken.family, dual: false, device, port: Number(port) };
}

function readProcesses(text: string): Socket['processes'] {
  const users = text.indexOf('users:((');
  if (users < 0) return [];
  return [...text.slice(users).matchAll(/\("([^"]*)",pid=(\d{1,10})/g)].map(([, name = '', pid = '']) => ({
    name,
    pid: Number(pid),
  }));
}
