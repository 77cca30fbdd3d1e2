/**
 * Reads the output of `ipset save`. In: one artefact. Out: its sets by name, each with its entries as they stand, and gaps.
 * What an entry means is the evaluator's business.
 */
import { gapRaw, type Artefact, type Gap, type Parsed } from '../../model/artefact.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { IpSet } from '../../model/network-namespace.ts';

const MOST_GAPS = 100;

interface OpenSet extends IpSet {
  readonly entries: { readonly text: string; readonly evidence: Evidence }[];
}

/** Lines are `create NAME TYPE OPTIONS` and `add NAME ENTRY`; a `swap` or `flush` is no output of `ipset save`. */
export function parseIpsetSave(artefact: Artefact): Parsed<ReadonlyMap<string, IpSet>> {
  const sets = new Map<string, OpenSet>();
  const gaps: Gap[] = [];
  const text = artefact.bytes.toString('utf8');
  let at = 0;
  for (let line = 1; at < text.length; line += 1) {
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    const raw = text.slice(at, text.charAt(stop - 1) === '\r' ? stop - 1 : stop);
    at = stop + 1;
    const problem = readLine(sets, raw, { artefact: artefact.name, line, raw });
    if (problem !== undefined && gaps.length < MOST_GAPS) {
      gaps.push({ kind: 'unreadable', artefact: artefact.name, line, raw: gapRaw(raw), problem });
    }
  }
  return { value: sets, gaps };
}

/** @returns what is wrong with the line, if anything */
function readLine(sets: Map<string, OpenSet>, raw: string, evidence: Evidence): string | undefined {
  const line = raw.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const [command, name, third] = line.split(' ', 3);
  if (name === undefined || third === undefined) return 'this is no line of an ipset save';
  const rest = line.slice((command ?? '').length + name.length + 2);
  if (command === 'create') {
    if (sets.has(name)) return `set ${name} is created a second time`;
    sets.set(name, { name, type: third, options: rest.split(' ').slice(1), entries: [], evidence });
    return undefined;
  }
  if (command !== 'add') return 'this is no line of an ipset save';
  const set = sets.get(name);
  if (set === undefined) return `set ${name} was not created before`;
  set.entries.push({ text: rest, evidence });
  return undefined;
}
