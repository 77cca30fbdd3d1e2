import type { Family } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Cursor } from '../../model/json.ts';
import type { RoutingRule } from '../../model/network-namespace.ts';
import { readEntries, reject, unsigned } from './entries.ts';
import { nameText, prefixText, tableName, trafficClass } from './names.ts';

/** Members that are read below, or that decide nothing: realms, and who made the rule (ip/iprule.c, print_rule). */
const KNOWN = new Set(
  `priority not src srclen dst dstlen tos fwmark fwmask iif oif iif_detached oif_detached uid_start
  uid_end ipproto sport sport_start sport_end dport dport_start dport_end table suppress_prefixlen
  suppress_ifgroup goto unresolved nop action flow_from flow_to protocol`.split(/\s+/),
);
const ENDS: Readonly<Record<string, RoutingRule['action']>> = {
  unreachable: 'unreachable',
  blackhole: 'blackhole',
  prohibit: 'prohibit',
};
const ALL_MARK_BITS = 0xffffffff;

type Range = { readonly from: number; readonly to: number };

/** Reads `ip -j [-6] rule`, in the order of the dump: that of equal priorities is the kernel's (net/core/fib_rules.c). */
export function parseRoutingRules(artefact: Artefact, family: Family): Parsed<readonly RoutingRule[]> {
  return readEntries(artefact, family === 4 ? 'ip -j rule' : 'ip -j -6 rule', (entry, gaps) => {
    const priority = unsigned(entry.at('priority'));
    if (priority === undefined) {
      reject(gaps, entry, 'a rule without priority');
      return [];
    }
    return [readRule(entry, family, priority)];
  });
}

function readRule(entry: Cursor, family: Family, priority: number): RoutingRule {
  const notUnderstood = new Set(entry.entries().flatMap(([key]) => (KNOWN.has(key) ? [] : [key])));
  /** The member as `read` gives it, null when it is absent; noted when it is there and `read` gives nothing. */
  const member = <T>(key: string, read: (value: Cursor) => T | undefined): T | null => {
    const value = entry.at(key);
    if (value.value === undefined) return null;
    const result = read(value);
    if (result === undefined) notUnderstood.add(key);
    return result ?? null;
  };
  const range = (name: string): Range | null => {
    const one = member(name, unsigned);
    if (one !== null) return { from: one, to: one };
    const from = member(`${name}_start`, unsigned);
    const to = member(`${name}_end`, unsigned);
    if ((from === null) !== (to === null)) notUnderstood.add(name);
    return from === null || to === null ? null : { from, to };
  };
  const text = (value: Cursor): string | undefined => value.string();
  const prefix = (name: string): string | null =>
    member(name, (value) => selector(value, entry.at(`${name}len`), family));
  const value = member('fwmark', unsigned);
  const mask = member('fwmask', unsigned);
  const gotoPriority = member('goto', unsigned);
  return {
    family,
    priority,
    inverted: entry.at('not').value !== undefined && entry.at('not').value !== false,
    source: prefix('src'),
    destination: prefix('dst'),
    inInterface: member('iif', text),
    outInterface: member('oif', text),
    mark: value === null && mask === null ? null : { value: value ?? 0, mask: mask ?? ALL_MARK_BITS },
    tos: member('tos', (cursor) => trafficClass(cursor.string() ?? '')),
    protocol: member('ipproto', text),
    sourcePorts: range('sport'),
    destinationPorts: range('dport'),
    uids: range('uid'),
    action: ruleAction(entry, gotoPriority),
    table: member('table', tableOf),
    gotoPriority,
    suppressPrefixLength: member('suppress_prefixlen', unsigned),
    suppressInterfaceGroup: member('suppress_ifgroup', text),
    notUnderstood: [...notUnderstood].toSorted(),
    evidence: entry.evidence(),
  };
}

function tableOf(value: Cursor): string | undefined {
  const text = nameText(value);
  return text === undefined ? undefined : tableName(text);
}

/** `src` and `srclen`: the address stands alone, its length beside it unless it is a whole address. Null is all. */
function selector(address: Cursor, length: Cursor, family: Family): string | null | undefined {
  const text = address.string() ?? '';
  if (text === 'all') return null;
  if (!length.exists) return prefixText(text, family);
  const bits = unsigned(length);
  const base = text === '0' && family === 6 ? '::' : text === '0' ? '0.0.0.0' : text;
  return bits === undefined ? undefined : prefixText(`${base}/${bits}`, family);
}

function ruleAction(entry: Cursor, gotoPriority: number | null): RoutingRule['action'] {
  if (gotoPriority !== null) return 'goto';
  if (entry.at('nop').value !== undefined) return 'nop';
  const action = entry.at('action').string();
  if (action !== undefined) return ENDS[action] ?? 'unknown';
  // A rule of a VRF names no table: the table is the device's.
  return entry.at('table').exists || entry.at('l3mdev').value !== undefined ? 'lookup' : 'unknown';
}
