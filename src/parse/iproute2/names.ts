import { parseAddress, parsePrefix, type Family } from '../../model/address.ts';
import type { Cursor } from '../../model/json.ts';

/** Numbers that iproute2 prints in the place of names under `-N` or without its /etc/iproute2 files (lib/rt_names.c). */
const TABLES: Readonly<Record<string, string>> = { '253': 'default', '254': 'main', '255': 'local' };
const SCOPES: Readonly<Record<string, string>> = {
  '0': 'global',
  '200': 'site',
  '253': 'link',
  '254': 'host',
  '255': 'nowhere',
};
/** /etc/iproute2/rt_dsfield, as iproute2 ships it. */
const TRAFFIC_CLASSES: Readonly<Record<string, number>> = {
  default: 0x00,
  lowdelay: 0x10,
  throughput: 0x08,
  reliability: 0x04,
  AF11: 0x28,
  AF12: 0x30,
  AF13: 0x38,
  AF21: 0x48,
  AF22: 0x50,
  AF23: 0x58,
  AF31: 0x68,
  AF32: 0x70,
  AF33: 0x78,
  AF41: 0x88,
  AF42: 0x90,
  AF43: 0x98,
  CS1: 0x20,
  CS2: 0x40,
  CS3: 0x60,
  CS4: 0x80,
  CS5: 0xa0,
  CS6: 0xc0,
  CS7: 0xe0,
  EF: 0xb8,
};
const ZERO: Readonly<Record<Family, string>> = { 4: '0.0.0.0', 6: '::' };

/** A name, or the number that stands in its place, as text. */
export function nameText(cursor: Cursor): string | undefined {
  return typeof cursor.value === 'number' ? String(cursor.value) : cursor.string();
}

export function tableName(text: string): string {
  return TABLES[text] ?? text;
}

export function scopeName(text: string): string {
  return SCOPES[text] ?? text;
}

/** A traffic class byte; undefined for a name that the node's own rt_dsfield may define as it likes. */
export function trafficClass(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,2}$/i.test(text)) return Number(text);
  return Object.hasOwn(TRAFFIC_CLASSES, text) ? TRAFFIC_CLASSES[text] : undefined;
}

/**
 * CIDR text of a prefix as `ip route` prints it: `default`, `10.0.0.0/8`, a bare address, or `0/8` where the kernel left the
 * address out. Undefined when it is none of the family.
 */
export function prefixText(text: string, family: Family): string | undefined {
  if (text === 'default' || text === 'all' || text === 'any') return `${ZERO[family]}/0`;
  const full = text.startsWith('0/') ? `${ZERO[family]}${text.slice(1)}` : text;
  const prefix = parsePrefix(full);
  if (prefix?.family !== family) return undefined;
  const slash = full.indexOf('/');
  const address = parseAddress(slash < 0 ? full : full.slice(0, slash));
  if (address === undefined) return undefined;
  return `${address.text}/${slash < 0 ? (family === 4 ? 32 : 128) : full.slice(slash + 1)}`;
}
