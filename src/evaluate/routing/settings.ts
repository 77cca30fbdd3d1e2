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

/** The value that counts for a device; undefined: not known. */
export function combinedSetting(
  tables: RoutingTables,
  device: string,
  name: string,
  combination: Combination,
): { readonly value: number; readonly evidence: readonly Evidence[] } | undefined {
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
