import type { Artefact, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Cursor } from '../../model/json.ts';
import type { Link } from '../../model/network-namespace.ts';
import { readEntries, reject, unsigned } from './entries.ts';

/** Reads `ip -j -d link`. Without `-d` no entry tells its kind, which is a gap of its own. */
export function parseLinks(artefact: Artefact): Parsed<readonly Link[]> {
  const entries = readEntries(artefact, 'ip -j -d link', (entry, gaps) => {
    const name = entry.at('ifname').string();
    const index = unsigned(entry.at('ifindex'));
    if (name !== undefined && index !== undefined) return [{ entry, name, index }];
    reject(gaps, entry, 'an interface without ifname or ifindex');
    return [];
  });
  const indexes = new Map(entries.value.map(({ name, index }) => [name, index]));
  const value = entries.value.map(({ entry, name, index }) => readLink(entry, name, index, indexes));
  const gaps = new GapLog(artefact.name);
  gaps.addAll(entries.gaps);
  if (value.length === 0 && entries.gaps.length === 0) {
    const remedy = 'capture it again with `ip -j -d link`';
    gaps.add('unreadable', 'it lists no interface, and every network namespace has lo', { remedy });
  }
  if (value.length > 0 && value.every((link) => !link.detailed)) {
    gaps.add('missing', 'no interface tells its kind', { remedy: 'capture it again with `ip -j -d link`' });
  }
  return { value, gaps: gaps.list() };
}

function readLink(entry: Cursor, name: string, index: number, indexes: ReadonlyMap<string, number>): Link {
  const flags = entry.at('flags').strings();
  const info = entry.at('linkinfo');
  const data = info.at('info_data');
  const kind = info.at('info_kind').string() ?? null;
  const peer = entry.at('link').string();
  return {
    name,
    index,
    up: flags.includes('UP'),
    loopback: flags.includes('LOOPBACK'),
    mtu: unsigned(entry.at('mtu')) ?? null,
    mac: entry.at('address').string() ?? null,
    // The name stands where the other end lives in this namespace, the index where it lives in another one.
    peerIndex: unsigned(entry.at('link_index')) ?? (peer === undefined ? undefined : indexes.get(peer)) ?? null,
    peerNamespace: unsigned(entry.at('link_netnsid')) ?? null,
    master: entry.at('master').string() ?? null,
    kind,
    // iproute2 prints promiscuity for every interface exactly when it was asked for details (ip/ipaddress.c, print_linkinfo).
    detailed: info.exists || entry.at('promiscuity').exists,
    bridgeCallsIptables: kind === 'bridge' && isOn(data.at('nf_call_iptables')),
    bridgeCallsIp6tables: kind === 'bridge' && isOn(data.at('nf_call_ip6tables')),
    hairpin: isOn(info.at('info_slave_data', 'hairpin')),
    evidence: entry.evidence(),
  };
}

/** A switch that iproute2 prints as 0 and 1, or, for bridge ports, as a boolean. */
function isOn(cursor: Cursor): boolean {
  return cursor.value === true || cursor.value === 1;
}
