/**
 * The options of iptables' match and target extensions as `name` (no value), `name:` (one value) or `name::` (two), in the spelling
 * that iptables-save prints. Source: the option tables in extensions/lib{xt,ipt,ip6t}_*.c of iptables 1.8.
 */
export type OptionGrammar = ReadonlyMap<string, number>;

const MATCHES: Readonly<Record<string, string>> = {
  addrtype: 'src-type: dst-type: limit-iface-in limit-iface-out',
  ah: 'ahspi: ahlen: ahres',
  bpf: 'bytecode: object-pinned:',
  cgroup: 'cgroup: path:',
  cluster: 'cluster-total-nodes: cluster-local-node: cluster-local-nodemask: cluster-hash-seed:',
  comment: 'comment:',
  connbytes: 'connbytes: connbytes-dir: connbytes-mode:',
  connlabel: 'label: set',
  connlimit: 'connlimit-upto: connlimit-above: connlimit-mask: connlimit-saddr connlimit-daddr',
  connmark: 'mark:',
  conntrack:
    'ctstate: ctproto: ctorigsrc: ctorigdst: ctreplsrc: ctrepldst: ctorigsrcport: ctorigdstport: ctreplsrcport: ctrepldstport: ctstatus: ctexpire: ctdir:',
  cpu: 'cpu:',
  dccp: 'sport: dport: dccp-types: dccp-option:',
  devgroup: 'src-group: dst-group:',
  dscp: 'dscp: dscp-class:',
  dst: 'dst-len: dst-opts:',
  ecn: 'ecn-tcp-cwr ecn-tcp-ece ecn-ip-ect:',
  esp: 'espspi:',
  eui64: '',
  frag: 'fragid: fraglen: fragres fragfirst fragmore fraglast',
  hashlimit:
    'hashlimit: hashlimit-upto: hashlimit-above: hashlimit-burst: hashlimit-mode: hashlimit-name: hashlimit-srcmask: hashlimit-dstmask: hashlimit-htable-size: hashlimit-htable-max: hashlimit-htable-gcinterval: hashlimit-htable-expire: hashlimit-rate-match hashlimit-rate-interval:',
  hbh: 'hbh-len: hbh-opts:',
  helper: 'helper:',
  hl: 'hl-eq: hl-lt: hl-gt:',
  icmp: 'icmp-type:',
  icmp6: 'icmpv6-type:',
  ipcomp: 'ipcompspi: compres',
  iprange: 'src-range: dst-range:',
  ipv6header: 'header: soft',
  ipvs: 'ipvs vproto: vaddr: vport: vdir: vmethod: vportctl:',
  length: 'length:',
  limit: 'limit: limit-burst:',
  mac: 'mac-source:',
  mark: 'mark:',
  mh: 'mh-type:',
  multiport: 'sports: dports: ports:',
  nfacct: 'nfacct-name:',
  osf: 'genre: ttl: log:',
  owner: 'uid-owner: gid-owner: socket-exists suppl-groups',
  physdev: 'physdev-in: physdev-out: physdev-is-in physdev-is-out physdev-is-bridged',
  pkttype: 'pkt-type:',
  policy: 'dir: pol: strict reqid: spi: tunnel-src: tunnel-dst: proto: mode: next',
  quota: 'quota:',
  rateest:
    'rateest: rateest1: rateest2: rateest-bps rateest-pps rateest-bps1 rateest-pps1 rateest-bps2 rateest-pps2 rateest-delta rateest-lt rateest-gt rateest-eq',
  realm: 'realm:',
  recent: 'set rcheck update remove seconds: reap hitcount: rttl name: mask: rsource rdest',
  rpfilter: 'loose validmark accept-local invert',
  rt: 'rt-type: rt-segsleft: rt-len: rt-0-res rt-0-addrs: rt-0-not-strict',
  sctp: 'sport: dport: chunk-types::',
  set: 'match-set:: return-nomatch update-counters update-subcounters packets-eq: packets-lt: packets-gt: bytes-eq: bytes-lt: bytes-gt:',
  socket: 'transparent nowildcard restore-skmark',
  srh: 'srh-next-hdr: srh-hdr-len-eq: srh-hdr-len-gt: srh-hdr-len-lt: srh-segs-left-eq: srh-segs-left-gt: srh-segs-left-lt: srh-last-entry-eq: srh-last-entry-gt: srh-last-entry-lt: srh-tag: srh-psid: srh-nsid: srh-lsid:',
  state: 'state:',
  statistic: 'mode: probability: every: packet:',
  string: 'from: to: algo: string: hex-string: icase',
  tcp: 'sport: dport: syn tcp-flags:: tcp-option:',
  tcpmss: 'mss:',
  time: 'datestart: datestop: timestart: timestop: contiguous weekdays: monthdays: localtz utc kerneltz',
  tos: 'tos:',
  ttl: 'ttl-eq: ttl-lt: ttl-gt:',
  u32: 'u32:',
  udp: 'sport: dport:',
  udplite: 'sport: dport:',
};

const TARGETS: Readonly<Record<string, string>> = {
  ACCEPT: '',
  AUDIT: 'type:',
  CHECKSUM: 'checksum-fill',
  CLASSIFY: 'set-class:',
  CLUSTERIP: 'new hashmode: clustermac: total-nodes: local-node: hash-init:',
  CONNMARK:
    'set-mark: save-mark restore-mark mask: set-xmark: and-mark: or-mark: xor-mark: ctmask: nfmask: left-shift-mark: right-shift-mark:',
  CONNSECMARK: 'save restore',
  CT: 'notrack helper: ctevents: expevents: zone-orig: zone-reply: zone: timeout:',
  DNAT: 'to-destination: random persistent',
  DNPT: 'src-pfx: dst-pfx:',
  DROP: '',
  DSCP: 'set-dscp: set-dscp-class:',
  ECN: 'ecn-tcp-remove ecn-tcp-cwr: ecn-tcp-ece: ecn-ip-ect:',
  HL: 'hl-set: hl-dec: hl-inc:',
  HMARK:
    'hmark-tuple: hmark-src-prefix: hmark-dst-prefix: hmark-sport-mask: hmark-dport-mask: hmark-spi-mask: hmark-sport: hmark-dport: hmark-spi: hmark-proto-mask: hmark-rnd: hmark-mod: hmark-offset:',
  IDLETIMER: 'timeout: label: alarm',
  LED: 'led-trigger-id: led-delay: led-always-blink',
  LOG: 'log-level: log-prefix: log-tcp-sequence log-tcp-options log-ip-options log-uid log-macdecode',
  MARK: 'set-mark: and-mark: or-mark: xor-mark: set-xmark:',
  MASQUERADE: 'to-ports: random random-fully',
  NETMAP: 'to:',
  NFLOG: 'nflog-group: nflog-prefix: nflog-range: nflog-size: nflog-threshold:',
  NFQUEUE: 'queue-num: queue-balance: queue-bypass queue-cpu-fanout',
  NOTRACK: '',
  RATEEST: 'rateest-name: rateest-interval: rateest-ewmalog:',
  REDIRECT: 'to-ports: random',
  REJECT: 'reject-with:',
  RETURN: '',
  SECMARK: 'selctx:',
  SET: 'add-set:: del-set:: map-set:: exist timeout: map-mark map-prio map-queue',
  SNAT: 'to-source: random random-fully persistent',
  SNPT: 'src-pfx: dst-pfx:',
  SYNPROXY: 'sack-perm timestamp wscale: mss: ecn',
  TCPMSS: 'set-mss: clamp-mss-to-pmtu',
  TCPOPTSTRIP: 'strip-options:',
  TEE: 'gateway: oif:',
  TOS: 'set-tos: and-tos: or-tos: xor-tos:',
  TPROXY: 'on-port: on-ip: tproxy-mark:',
  TRACE: '',
  TTL: 'ttl-set: ttl-dec: ttl-inc:',
  ULOG: 'ulog-nlgroup: ulog-prefix: ulog-cprange: ulog-qthreshold:',
};

/** Other spellings that iptables-restore takes, by the one that iptables-save prints. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['source-port', 'sport'],
  ['destination-port', 'dport'],
  ['source-ports', 'sports'],
  ['destination-ports', 'dports'],
  ['hl', 'hl-eq'],
  ['ttl', 'ttl-eq'],
]);

const EXTENSION_SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['icmpv6', 'icmp6'],
  ['ipv6-icmp', 'icmp6'],
  ['mobility-header', 'mh'],
  ['ipv6-mh', 'mh'],
]);

const parsed = new Map<string, OptionGrammar>();

/** The options of a match extension; undefined: not known. */
export function matchOptions(name: string): OptionGrammar | undefined {
  return grammarOf(MATCHES, EXTENSION_SYNONYMS.get(name) ?? name);
}

/** The options of a target extension; undefined: not known (or a user chain). */
export function targetOptions(name: string): OptionGrammar | undefined {
  return grammarOf(TARGETS, name);
}

/** The name under which an extension is known here. */
export function extensionName(name: string): string {
  return EXTENSION_SYNONYMS.get(name) ?? name;
}

/** The spelling of an option that iptables-save prints, within an extension's grammar. */
export function optionName(grammar: OptionGrammar, name: string): string {
  const other = SYNONYMS.get(name);
  return other !== undefined && !grammar.has(name) ? other : name;
}

function grammarOf(table: Readonly<Record<string, string>>, name: string): OptionGrammar | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  if (!Object.hasOwn(table, name)) return undefined;
  const words = (table[name] ?? '').split(' ').filter((word) => word !== '');
  const grammar = new Map(
    words.map((word) => [word.replaceAll(':', ''), word.length - word.replaceAll(':', '').length]),
  );
  parsed.set(name, grammar);
  return grammar;
}
