import type { NftStatement } from '../../model/nftables.ts';
import { memberOf, textOf } from './tree.ts';

/** What is sent back, by nft's name: as iptables names it. Source: nftables src/datatype.c icmp_code_tbl and its neighbours. */
const ICMP: Readonly<Record<string, string>> = {
  'net-unreachable': 'icmp-net-unreachable',
  'host-unreachable': 'icmp-host-unreachable',
  'prot-unreachable': 'icmp-proto-unreachable',
  'port-unreachable': 'icmp-port-unreachable',
  'net-prohibited': 'icmp-net-prohibited',
  'host-prohibited': 'icmp-host-prohibited',
  'admin-prohibited': 'icmp-admin-prohibited',
};
const ICMPV6: Readonly<Record<string, string>> = {
  'no-route': 'icmp6-no-route',
  'admin-prohibited': 'icmp6-adm-prohibited',
  'addr-unreachable': 'icmp6-addr-unreachable',
  'port-unreachable': 'icmp6-port-unreachable',
  'policy-fail': 'icmp6-policy-fail',
  'reject-route': 'icmp6-reject-route',
};
/** Source: net/netfilter/nft_reject.c icmp_code_v4 and icmp_code_v6. */
const ICMPX: Readonly<Record<string, Readonly<Record<4 | 6, string>>>> = {
  'no-route': { 4: 'icmp-net-unreachable', 6: 'icmp6-no-route' },
  'port-unreachable': { 4: 'icmp-port-unreachable', 6: 'icmp6-port-unreachable' },
  'host-unreachable': { 4: 'icmp-host-unreachable', 6: 'icmp6-addr-unreachable' },
  'admin-prohibited': { 4: 'icmp-admin-prohibited', 6: 'icmp6-adm-prohibited' },
};

/**
 * The statement `reject`. A kind that is of one family, or of TCP, has a test for it in front of it, which nft does not print.
 * Source: nftables src/evaluate.c stmt_evaluate_reject.
 */
export function rejectAnswers(body: unknown): NftStatement {
  const type = textOf(memberOf(body, 'type')) ?? 'icmpx';
  const code = textOf(memberOf(body, 'expr')) ?? 'port-unreachable';
  if (type === 'tcp reset') return { kind: 'reject', with: { 4: 'tcp-reset', 6: 'tcp-reset' }, tcpOnly: true };
  const own = (table: Readonly<Record<string, string>>): string | null =>
    Object.hasOwn(table, code) ? (table[code] ?? null) : null;
  const both = Object.hasOwn(ICMPX, code) ? ICMPX[code] : undefined;
  const answers =
    type === 'icmp'
      ? { 4: own(ICMP), 6: null }
      : type === 'icmpv6'
        ? { 4: null, 6: own(ICMPV6) }
        : { 4: both?.[4] ?? null, 6: both?.[6] ?? null };
  if (answers[4] === null && answers[6] === null) {
    return { kind: 'unknown', reason: `reject with ${type} ${code} is not understood` };
  }
  return { kind: 'reject', with: answers, tcpOnly: false };
}
