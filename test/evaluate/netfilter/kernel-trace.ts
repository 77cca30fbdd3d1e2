import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TRACES = join(import.meta.dirname, '../../fixtures/iptables/kernel-traces');

/** Traces of IPv4 packets through the rules of the lab's node1, of iptables and of nftables alike. */
export const TRACE_NAMES = [
  'affinity',
  'clusterip',
  'from-node',
  'hairpin',
  'itp-local-none',
  'lb-allowed',
  'lb-local',
  'nodeport',
  'noendpoints',
  'udp',
] as const;

/** The first packet of a connection, and the rules that the kernel says it traversed. */
export interface KernelTrace {
  readonly protocol: 'tcp' | 'udp';
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** null: made on the machine. */
  readonly inInterface: string | null;
  /** In order, as iptables-save prints them. */
  readonly rules: readonly string[];
}

/** Reads what `xtables-monitor --trace` printed; the rule that switched tracing on is left out. */
export function readKernelTrace(name: string): KernelTrace {
  const lines = readFileSync(join(TRACES, `${name}.xt.txt`), 'utf8').split('\n');
  const field = (line: string, key: string): string => new RegExp(` ${key}=(\\S*)`).exec(line)?.[1] ?? '';
  const first = lines[0] ?? '';
  const id = field(first, 'ID');
  const rules: string[] = [];
  let current = '';
  for (const line of lines) {
    if (line.startsWith('PACKET')) current = field(line, 'ID');
    const rule = /-4 -t \S+ (-A .*)$/.exec(line)?.[1]?.trimEnd();
    if (current === id && rule !== undefined && !rule.endsWith('-j TRACE')) rules.push(rule);
  }
  return {
    protocol: first.includes(' SYN ') ? 'tcp' : 'udp',
    source: field(first, 'SRC'),
    sourcePort: Number(field(first, 'SPORT')),
    destination: field(first, 'DST'),
    destinationPort: Number(field(first, 'DPORT')),
    inInterface: field(first, 'IN') === '' ? null : field(first, 'IN'),
    rules,
  };
}

/** A rule as it stands in a dump, without its counters. */
export function bareRule(raw: string): string {
  return raw.replace(/^\[\d+:\d+\] /, '');
}

/**
 * Reads what `nft monitor trace` printed of one packet: for each rule its chain and what it did. nft shows the rules that iptables made
 * in its own words, so that only these can be compared.
 */
export function readNftTrace(name: string): string[] {
  const text = readFileSync(join(TRACES, `${name}.nft.txt`), 'utf8');
  return text.split('\n').flatMap((line) => {
    const found = /^trace id \S+ \S+ (?:raw|mangle|nat|filter) (\S+) rule (.*) \(verdict (\S+)(?: (\S+))?\)/.exec(line);
    if (found === null) return [];
    const [, chain, rule = '', verdict = '', target] = found;
    return [`${chain} ${target ?? (rule.includes('dnat to') ? 'DNAT' : verdict.toUpperCase())}`];
  });
}

/** A rule of a dump in the same form: its chain and its target. */
export function chainAndTarget(raw: string): string {
  const found = /-A (\S+) .*?-[jg] (\S+)/.exec(raw);
  return `${found?.[1]} ${found?.[2]}`;
}
