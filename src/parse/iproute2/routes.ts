import { parseAddress, type Family } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Cursor } from '../../model/json.ts';
import type { Nexthop, Route } from '../../model/network-namespace.ts';
import { readEntries, reject, unsigned } from './entries.ts';
import { nameText, prefixText, scopeName, tableName, trafficClass } from './names.ts';

const TYPES = new Set([
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'unreachable',
  'blackhole',
  'prohibit',
  'throw',
]);
/** Types that say where a packet goes; the others say that it goes nowhere. */
const NEEDS_DEVICE = new Set(['unicast', 'local', 'broadcast', 'anycast', 'multicast']);
const PREFERENCES: Readonly<Record<string, Route['preference']>> = { low: 'low', medium: 'medium', high: 'high' };

/**
 * Members that are read below, or that change nothing about where a packet goes: who made the route, metrics, realms, lifetimes
 * (ip/iproute.c, print_route).
 */
const KNOWN = new Set(
  `type dst from gateway via dev table scope prefsrc metric tos pref flags nexthops nhid weight
  protocol metrics flow expires error users age used hoplimit`.split(/\s+/),
);
const KNOWN_OF_NEXTHOP = new Set(['gateway', 'via', 'dev', 'weight', 'flags', 'flow']);
const COMMANDS: Readonly<Record<Family, string>> = {
  4: 'ip -j -4 route show table all',
  6: 'ip -j -6 route show table all',
};

/**
 * Reads the routes of one family out of `ip -j [-6] route show table all`. Without `-4`, table all prints both families, so one
 * file may hold both; entries of the other family are not this call's business.
 *
 * iproute2 leaves out what is usual: no `table` is main, no `type` unicast, no `scope` global, no `metric` 0. A capture of the
 * main table alone is a gap: the kernel asks the local table first, and keeps one in every namespace that has an address.
 */
export function parseRoutes(artefact: Artefact, family: Family): Parsed<readonly Route[]> {
  const entries = readEntries(artefact, COMMANDS[family], (entry) => [entry]);
  const gaps = new GapLog(artefact.name);
  gaps.addAll(entries.gaps);
  const mixed = new Set(entries.value.map(writtenFamily)).has(family === 4 ? 6 : 4);
  const own = entries.value.filter((entry) => familyOf(entry, family, mixed) === family);
  const value = own.flatMap((entry) => readRoute(entry, family, gaps));
  const remedy = `capture it with \`${COMMANDS[family]}\``;
  if (own.length === 0 && entries.value.length > 0) {
    gaps.add('missing', `holds no IPv${family} routes`, { remedy });
  } else if (value.length > 0 && value.every((route) => route.table === 'main')) {
    gaps.add('missing', 'holds the main table alone', { remedy });
  }
  return { value, gaps: gaps.list() };
}

/** The family that the destination is written in; undefined for `default`. */
function writtenFamily(entry: Cursor): Family | undefined {
  const text = entry.at('dst').string() ?? '';
  const address = parseAddress(text.includes('/') ? text.slice(0, text.indexOf('/')) : text);
  return address?.family;
}

/** Of a default route in a file of both families: only IPv6 routes carry a preference, and its gateway tells as well. */
function familyOf(entry: Cursor, asked: Family, mixed: boolean): Family {
  const written = writtenFamily(entry);
  if (written !== undefined || !mixed) return written ?? asked;
  return entry.at('pref').exists || (entry.at('gateway').string() ?? '').includes(':') ? 6 : 4;
}

function readRoute(entry: Cursor, family: Family, gaps: GapLog): Route[] {
  // A cached route (`ip route show cache`) is the trace of a decision, not a reason for one.
  if (entry.at('cache').exists) return [];
  const destination = prefixText(entry.at('dst').string() ?? '', family);
  if (destination === undefined) {
    reject(gaps, entry, 'dst is no prefix');
    return [];
  }
  if (entry.at('encap').exists) {
    const problem = 'a route with an encapsulation, whose own members iproute2 prints under the names of the route';
    gaps.add('not-understood', problem, { pointer: entry.pointer, raw: entry.evidence().raw });
    return [];
  }
  const source = entry.at('from').exists ? prefixText(entry.at('from').string() ?? '', family) : null;
  const type = entry.at('type').string() ?? 'unicast';
  const tos = entry.at('tos').exists ? trafficClass(entry.at('tos').string() ?? '') : 0;
  const metric = entry.at('metric').exists ? unsigned(entry.at('metric')) : 0;
  const preferredSource = entry.at('prefsrc').exists ? parseAddress(entry.at('prefsrc').string() ?? '')?.text : null;
  const table = entry.at('table').exists ? nameText(entry.at('table')) : 'main';
  const scope = entry.at('scope').exists ? nameText(entry.at('scope')) : 'global';
  const preference = PREFERENCES[entry.at('pref').string() ?? 'medium'];
  const nexthops = readNexthops(entry);
  const nexthopId = unsigned(entry.at('nhid')) ?? null;
  const notUnderstood = new Set(entry.entries().flatMap(([key]) => (KNOWN.has(key) ? [] : [key])));
  const need = (key: string, value: unknown): void => {
    if (value === undefined) notUnderstood.add(key);
  };
  need('from', source);
  need('type', TYPES.has(type) ? type : undefined);
  need('tos', tos);
  need('metric', metric);
  need('prefsrc', preferredSource);
  need('pref', preference);
  need('table', table);
  need('scope', scope);
  for (const { unknown } of nexthops) for (const key of unknown) notUnderstood.add(key);
  if (nexthops.length === 0 && NEEDS_DEVICE.has(type)) notUnderstood.add(nexthopId === null ? 'dev' : 'nhid');
  return [
    {
      family,
      type,
      destination,
      table: tableName(table ?? ''),
      nexthops: nexthops.map((one) => one.nexthop),
      preferredSource: preferredSource ?? null,
      scope: scopeName(scope ?? 'global'),
      metric: metric ?? 0,
      tos: tos ?? 0,
      preference: preference ?? 'medium',
      source: source ?? null,
      flags: entry.at('flags').strings(),
      nexthopId,
      notUnderstood: [...notUnderstood].toSorted(),
      evidence: entry.evidence(),
    },
  ];
}

interface ReadNexthop {
  readonly nexthop: Nexthop;
  readonly unknown: readonly string[];
}

function readNexthops(entry: Cursor): ReadNexthop[] {
  const listed = entry.at('nexthops');
  if (listed.exists) {
    if (!Array.isArray(listed.value)) return [{ nexthop: nexthop(entry, []), unknown: ['nexthops'] }];
    return listed.items().map((item) => readNexthop(item, item.at('flags').strings(), true));
  }
  const present = ['gateway', 'via', 'dev'].some((key) => entry.at(key).exists);
  return present ? [readNexthop(entry, entry.at('flags').strings(), false)] : [];
}

function readNexthop(entry: Cursor, flags: readonly string[], listed: boolean): ReadNexthop {
  const read = nexthop(entry, flags);
  const unknown = listed ? entry.entries().flatMap(([key]) => (KNOWN_OF_NEXTHOP.has(key) ? [] : [key])) : [];
  if (entry.at('gateway').exists && read.gateway === null) unknown.push('gateway');
  if (entry.at('via').exists && read.gateway === null) unknown.push('via');
  if (read.device === null) unknown.push('dev');
  const weight = entry.at('weight');
  if (weight.exists && (unsigned(weight) ?? 0) < 1) unknown.push('weight');
  return { nexthop: read, unknown };
}

function nexthop(entry: Cursor, flags: readonly string[]): Nexthop {
  const gateway = entry.at('gateway').string() ?? entry.at('via', 'host').string() ?? '';
  return {
    gateway: parseAddress(gateway)?.text ?? null,
    device: entry.at('dev').string() ?? null,
    weight: Math.max(1, unsigned(entry.at('weight')) ?? 1),
    flags,
  };
}
