/** Secrets in the dumps of nodes that are lines of text. Lines stay lines, so that every citation still leads to its place. */
import { redacted } from '../model/redaction.ts';
import type { Hiding } from './hiding.ts';

/**
 * How each line of a format begins. A line that does not belong there could be anything, and is taken out whole; whoever reads the
 * dump then meets a line that is not understood.
 */
const LINES: Readonly<Record<string, RegExp>> = {
  'iptables-save': /^(?:#|\*[a-z]+$|:[^ ]+ [A-Z-]+|COMMIT$|(?:\[\d+:\d+\] )?-[AIN] |$)/,
  ipvsadm: /^(?:-[Aa] |$)/,
  // net/netfilter/ipvs/ip_vs_ctl.c ip_vs_info_seq_show
  'ip-vs':
    /^(?:IP Virtual Server version [\d.]+ \(size=\d+\)|Prot LocalAddress:Port Scheduler Flags| {2}-> RemoteAddress:Port Forward Weight ActiveConn InActConn|(?:(?:TCP|UDP|SCTP) {2}(?:[0-9A-F]{8}|\[[0-9a-f:]+\]):[0-9A-F]{4}|FWM {2}[0-9A-F]{8}(?: IPv6)?) [a-z]+ *(?:ops *)?(?:persistent \d+ [0-9A-F]{8})? *| {2}-> (?:[0-9A-F]{8}|\[[0-9a-f:]+\]):[0-9A-F]{4} +[A-Za-z]+ +\d+ +\d+ +\d+ *|)$/,
  // ipvsadm.c print_conn_entry, net/netfilter/ipvs/ip_vs_conn.c ip_vs_conn_seq_show; not the data of a persistence engine
  'ipvs-connections':
    /^(?:IPVS connection entries|pro expire state +source +virtual +destination|Pro FromIP +FPrt ToIP +TPrt DestIP +DPrt State +Expires PEName PEData|[A-Z]+ +\d+:\d\d +[A-Z_]+ +(?:[\d.]+|\[[0-9a-f:.]+\]):\d+ +(?:[\d.]+|\[[0-9a-f:.]+\]):\d+ +(?:[\d.]+|\[[0-9a-f:.]+\]):\d+ *|[A-Z]+ +[0-9A-Fa-f:]+ [0-9A-F]{4} [0-9A-Fa-f:]+ [0-9A-F]{4} [0-9A-Fa-f:]+ [0-9A-F]{4} [A-Z_]+ +\d+ *|)$/,
  ipset: /^(?:create |add |$)/,
  conntrack: /^(?:(?:ipv[46] +\d+ )?[a-z0-9]+ +\d+ |conntrack v|$)/,
  sysctl: /^(?:[a-zA-Z0-9_./@:-]+ ?=|sysctl: |$)/,
  sockets: /^(?:(?:tcp|udp|raw|mptcp|sctp|dccp|icmp6|u_\w+|p_\w+|nl|v_str|Netid|State)\b|[A-Z-]+ +\d|$)/,
};

const FORMATS: Readonly<Record<string, keyof typeof LINES>> = {
  'iptables-save.txt': 'iptables-save',
  'ip6tables-save.txt': 'iptables-save',
  'iptables-legacy-save.txt': 'iptables-save',
  'ip6tables-legacy-save.txt': 'iptables-save',
  'ipvsadm-save.txt': 'ipvsadm',
  'ip_vs.txt': 'ip-vs',
  'ipvsadm-connections.txt': 'ipvs-connections',
  'ipset-save.txt': 'ipset',
  'conntrack.txt': 'conntrack',
  'sysctl.txt': 'sysctl',
  'sockets.txt': 'sockets',
};

/** Settings of the kernel that are keys: net.ipv4.tcp_fastopen_key, net.ipv6.conf.*.stable_secret. */
const KERNEL_KEY = /(?:_key|secret)$/;

/** Whether a file of this name is a dump of lines. */
export function isLineFile(file: string): boolean {
  return Object.hasOwn(FORMATS, file) || ['nft-ruleset.txt', 'proxyMode', 'metrics'].includes(file);
}

/** Takes the secrets out of a dump. @param file its name without folders */
export function hideInLines(file: string, text: string, hiding: Hiding): string {
  const format = FORMATS[file];
  const belongs = format === undefined ? undefined : LINES[format];
  return text
    .split('\n')
    .map((line) => {
      const bare = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (belongs !== undefined && !belongs.test(bare)) return hiding.value(bare, false) || redacted('0'.repeat(12));
      if (format !== 'sysctl') return hiding.text(line);
      const [, key = '', between = '', value = ''] = /^([^ =]+)( ?= ?)(.*)$/.exec(bare) ?? [];
      return KERNEL_KEY.test(key) ? key + between + hiding.value(value, true) : hiding.text(line);
    })
    .join('\n');
}
