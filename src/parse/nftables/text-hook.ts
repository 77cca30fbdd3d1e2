import type { NftBaseChain } from '../../model/nftables.ts';

/** Names that nft prints for priorities (nftables, src/rule.c, std_prios and bridge_std_prios). */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
const BRIDGE_PRIORITIES: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 };

const HOOK = /^type (\S+) hook (\S+)(?: devices? [^;]*)? priority ([^;]+);/;
const POLICY = /\bpolicy (\S+?);/;
const PRIORITY = /^(?:([a-z]+)(?: ([+-]) (\d{1,9}))?|(-?\d{1,10}))$/;

/** `type filter hook prerouting priority dstnat - 10; policy accept;`; undefined when a line is something else. */
export function readBaseChain(
  text: string,
  family: string,
): Pick<NftBaseChain, 'type' | 'hook' | 'priority' | 'policy'> | undefined {
  const [matched, type = 'unknown', hook = 'unknown', priority = ''] = HOOK.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const policy = (POLICY.exec(text)?.[1] ?? 'accept') === 'accept' ? 'accept' : 'drop';
  return { type, hook, priority: priorityOf(priority.trim(), family), policy };
}

function priorityOf(text: string, family: string): number | null {
  const [, name, sign, offset, number] = PRIORITY.exec(text) ?? [];
  if (number !== undefined) return Number(number);
  const names = family === 'bridge' ? BRIDGE_PRIORITIES : PRIORITIES;
  const base = name !== undefined && Object.hasOwn(names, name) ? names[name] : undefined;
  if (base === undefined) return null;
  return base + Number(offset ?? 0) * (sign === '-' ? -1 : 1);
}
