import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Modules that the guest loads: it has no modprobe that the kernel could call. */
export const MODULES: readonly RegExp[] = [
  /^kernel\/net\/netfilter\/ipvs\//,
  /^kernel\/net\/netfilter\/ipset\//,
  /^kernel\/net\/ipv[46]\/netfilter\/ip6?(_tables|t_REJECT|table_(filter|nat|mangle|raw))/,
  /^kernel\/net\/netfilter\/(nf_conntrack_netlink|xt_(addrtype|comment|connmark|conntrack|ipvs|mark|MASQUERADE|multiport|nat|physdev|REDIRECT|set|statistic|tcpudp))\./,
  /^kernel\/net\/(bridge\/bridge|ipv4\/ipip|ipv4\/fou|sctp\/sctp)\./,
  /^kernel\/net\/ipv6\/ip6_tunnel\./,
  /^kernel\/drivers\/net\/(dummy|veth)\./,
];

/** @returns the files of all modules that a pattern names, each after those that it needs (`modules.dep`) */
export function moduleFiles(folder: string, patterns: readonly RegExp[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of readFileSync(path.join(folder, 'modules.dep'), 'utf8').split('\n')) {
    const [file = '', rest = ''] = line.split(':');
    if (file !== '') needs.set(file, rest.split(' ').filter(Boolean));
  }
  const ordered = new Set<string>();
  const add = (file: string): void => {
    if (ordered.has(file)) return;
    for (const need of needs.get(file) ?? []) add(need);
    ordered.add(file);
  };
  for (const file of needs.keys()) if (patterns.some((pattern) => pattern.test(file))) add(file);
  return [...ordered].map((file) => path.join(folder, file));
}
