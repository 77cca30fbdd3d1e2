/**
 * Reads the virtual servers of IPVS. In: one artefact, printed by `ipvsadm -Sn`, by `ipvsadm -Ln` or by the kernel itself
 * (/proc/net/ip_vs). Out: the virtual servers with their real ones, and gaps. Which of them takes a packet is the evaluator's business.
 */
import { gapRaw, type Artefact, type Gap, type Parsed } from '../../model/artefact.ts';
import type { Unknown } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import { indexVirtualServers, type RealServer, type VirtualServer, type VirtualServers } from '../../model/ipvs.ts';
import { textLines } from '../../model/text-lines.ts';
import { readListingLine } from './listing-line.ts';
import { readSaveLine } from './save-line.ts';
import type { ServerLine } from './server-line.ts';

const MOST_GAPS = 100;

/**
 * Reads whichever form it is. No lines at all are no virtual servers: `ipvsadm -Sn` prints nothing then. A line that is not
 * understood leaves open what is missing, which `incomplete` says.
 */
export function parseVirtualServers(artefact: Artefact): Parsed<VirtualServers> {
  const found = new Map<
    string,
    { -readonly [K in keyof VirtualServer]: VirtualServer[K] } & { servers: RealServer[] }
  >();
  const gaps: Gap[] = [];
  let unread: Evidence | undefined;
  let last: string | null = null;
  for (const { number: line, text: raw, cut } of textLines(artefact)) {
    if (raw.trim() === '' || raw.startsWith('#')) continue;
    const evidence: Evidence = { artefact: artefact.name, line, raw };
    const read: ServerLine = cut
      ? { kind: 'problem', problem: 'the line is too long' }
      : raw.startsWith('-')
        ? readSaveLine(raw)
        : readListingLine(raw);
    let problem = read.kind === 'problem' ? read.problem : undefined;
    if (read.kind === 'virtual') {
      last = read.server.name;
      if (found.has(last)) problem = `virtual server ${last} stands here a second time`;
      else found.set(last, { ...read.server, servers: [], evidence });
    } else if (read.kind === 'real') {
      const virtual = found.get(read.of ?? last ?? '');
      if (virtual === undefined) problem = 'the real server has no virtual server';
      else virtual.servers.push({ ...read.server, evidence });
    }
    if (problem === undefined) continue;
    unread ??= evidence;
    if (gaps.length < MOST_GAPS)
      gaps.push({ kind: 'unreadable', artefact: artefact.name, line, raw: gapRaw(raw), problem });
  }
  return { value: indexVirtualServers(artefact.name, [...found.values()], incomplete(unread)), gaps };
}

function incomplete(unread: Evidence | undefined): Unknown | undefined {
  if (unread === undefined) return undefined;
  return {
    reason: `a line of ${unread.artefact} is not understood, so virtual servers may be missing`,
    evidence: [unread],
  };
}
