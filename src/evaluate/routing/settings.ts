import type { Family } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { RoutingTables } from './routing-tables.ts';

export interface Setting {
  readonly value: string;
  readonly evidence: Evidence;
}

/** A kernel setting; undefined: not captured. */
export function setting(tables: RoutingTables, name: string): Setting | undefined {
  return tables.sysctl.value?.get(name);
}

/** A setting of one device, or of `all`: `net.ipv4.conf.eth0.rp_filter`. */
export function deviceSetting(
  tables: RoutingTables,
  family: Family,
  device: string,
  name: string,
): Setting | undefined {
  return setting(tables, `net.ipv${family}.conf.${device}.${name}`);
}

/** How a device's own value and that of `all` are combined (include/linux/inetdevice.h: IN_DEV_ORCONF, IN_DEV_MAXCONF). */
export type Combination = 'or' | 'max';

interface CombinedSetting {
  readonly value: number;
  readonly evidence: readonly Evidence[];
}

/** Asked for each packet, and the same for all of them. */
const combined = new WeakMap<RoutingTables, Map<string, { readonly setting: CombinedSetting | undefined }>>();

/** The value that counts for a device; undefined: not known. */
export function combinedSetting(
  tables: RoutingTables,
  device: string,
  name: string,
  combination: Combination,
): CombinedSetting | undefined {
  const known = combined.get(tables) ?? new Map<string, { readonly setting: CombinedSetting | undefined }>();
  combined.set(tables, known);
  const key = `${combination} ${name} ${device}`;
  const made = known.get(key) ?? { setting: combine(tables, device, name, combination) };
  known.set(key, made);
  return made.setting;
}

function combine(
  tables: RoutingTables,
  device: string,
  name: string,
  combination: Combination,
): CombinedSetting | undefined {
  const parts = ['all', device].map((who) => deviceSetting(tables, 4, who, name));
  const values = parts.map((part) =>
    part === undefined || !/^\d{1,3}$/.test(part.value) ? undefined : Number(part.value),
  );
  const evidence = parts.flatMap((part) => (part === undefined ? [] : [part.evidence]));
  // One value that is on decides an `or` by itself; both decide a maximum.
  if (combination === 'or' && values.some((value) => value !== undefined && value > 0)) return { value: 1, evidence };
  const [all, own] = values;
  return all === undefined || own === undefined ? undefined : { value: Math.max(all, own), evidence };
}
