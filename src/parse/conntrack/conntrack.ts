/**
 * Reads a dump of the connection tracking table.
 *
 * In: /proc/net/nf_conntrack, or `conntrack -L` with or without `-o extended`; they differ in the two leading words for the
 * address family (net/netfilter/nf_conntrack_standalone.c, ct_seq_show; libnetfilter_conntrack, snprintf_default.c).
 * Out: entries with both tuples. A line that is none is a gap. It must not judge what an entry means for a request.
 */
import { parseAddress } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { ConntrackEntry, ConntrackTuple } from '../../model/network-namespace.ts';
import { textLines, unreadableText, type TextLine } from '../../model/text-lines.ts';

const FAMILY_WORDS = new Set(['ipv4', 'ipv6']);
const NUMBER = /^\d{1,10}$/;
const STATE = /^[A-Z][A-Z0-9_]*$/;
/** What the conntrack tool prints after the last entry; on a terminal it is on standard error. */
const SUMMARY = /^conntrack v\S+ \(conntrack-tools\): /;
const WORD_LIMIT = 200;

/** Reads every entry; entries keep the order of the dump. */
export function parseConntrack(artefact: Artefact): Parsed<readonly ConntrackEntry[]> {
  const gaps = new GapLog(artefact.name);
  const unreadable = unreadableText(artefact, 'the output of `conntrack -L -o extended` or /proc/net/nf_conntrack');
  if (unreadable !== undefined) return { value: [], gaps: [unreadable] };
  const value: ConntrackEntry[] = [];
  for (const line of textLines(artefact)) {
    if (line.text.trim() === '' || SUMMARY.test(line.text)) continue;
    const entry = line.cut ? 'the line is too long for an entry' : readEntry(artefact.name, line);
    if (typeof entry === 'string') gaps.add('unreadable', entry, { line: line.number, raw: line.text });
    else value.push(entry);
  }
  return { value, gaps: gaps.list() };
}

/** One entry, or why the line is none. */
function readEntry(artefact: string, line: TextLine): ConntrackEntry | string {
  const words = line.text.trim().split(/\s+/, WORD_LIMIT);
  let at = FAMILY_WORDS.has(words[0] ?? '') ? 2 : 0;
  const protocol = words[at];
  if (protocol === undefined || !NUMBER.test(words[at + 1] ?? '')) return 'this is no connection tracking entry';
  at += 2;
  const timeout = NUMBER.test(words[at] ?? '') ? Number(words[at++]) : null;
  const state = STATE.test(words[at] ?? '') ? (words[at] ?? null) : null;
  const tuples: Map<string, string>[] = [];
  const rest = new Map<string, string>();
  const marks = new Set<string>();
  for (const word of words.slice(at)) {
    const equals = word.indexOf('=');
    const key = word.slice(0, Math.max(0, equals));
    if (equals < 0) marks.add(word);
    else if (key === 'src') tuples.push(new Map([[key, word.slice(equals + 1)]]));
    else if (tuples.length > 0 && !tuples.at(-1)?.has(key)) tuples.at(-1)?.set(key, word.slice(equals + 1));
    else rest.set(key, word.slice(equals + 1));
  }
  const original = readTuple(tuples[0]);
  const reply = readTuple(tuples[1]);
  if (original === undefined || reply === undefined || tuples.length !== 2) return 'the entry has not two whole tuples';
  const last = tuples[1] ?? rest;
  return {
    family: original.source.includes(':') ? 6 : 4,
    protocol,
    timeoutSeconds: timeout,
    state,
    original,
    reply,
    unreplied: marks.has('[UNREPLIED]'),
    assured: marks.has('[ASSURED]'),
    mark: count(last.get('mark')) ?? 0,
    zone: count(last.get('zone')) ?? 0,
    evidence: { artefact, line: line.number, raw: line.text },
  };
}

function readTuple(members: ReadonlyMap<string, string> | undefined): ConntrackTuple | undefined {
  const source = parseAddress(members?.get('src') ?? '');
  const destination = parseAddress(members?.get('dst') ?? '');
  if (source === undefined || source.family !== destination?.family) return undefined;
  return {
    source: source.text,
    destination: destination.text,
    sourcePort: count(members?.get('sport')) ?? null,
    destinationPort: count(members?.get('dport')) ?? null,
  };
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}
