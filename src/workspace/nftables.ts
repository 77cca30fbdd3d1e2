import type { Artefact } from '../model/artefact.ts';
import type { Reading } from '../model/facts.ts';
import type { NftBaseChain, NftRuleset } from '../model/nftables.ts';
import { divideBaseChains } from '../parse/nftables/foreign-chains.ts';
import { parseNftJson } from '../parse/nftables/json-ruleset.ts';
import { parseNftText } from '../parse/nftables/text-ruleset.ts';
import { captureRemedy, type NetnsPlace } from './layout.ts';
import type { Reader } from './reader.ts';

export type NftablesReading = Reading<NftRuleset>;

const JSON_FILE = 'nft-ruleset.json';
const TEXT_FILE = 'nft-ruleset.txt';
const SAVES: Readonly<Record<'ip' | 'ip6', string>> = { ip: 'iptables-save.txt', ip6: 'ip6tables-save.txt' };
/**
 * What iptables-nft prints of a table that somebody else has put chains into: "# Table `nat' is incompatible, use 'nft' tool.", and
 * since 1.8.8 "# Table `nat' contains incompatible base-chains, use 'nft' tool to list them." (iptables/xtables-save.c).
 */
const INCOMPATIBLE = /^# Table `([^']{1,100})' [^\n]{0,40}incompatible[^\n]{0,60}$/;
const COMMENT_LINES = 1000;

/** The ruleset of nftables, from the JSON or the text form. Rules that turn out not to be understood are gaps later. */
export function readNftables(reader: Reader, place: NetnsPlace): NftablesReading {
  const json = `${place.folder}${JSON_FILE}`;
  const text = `${place.folder}${TEXT_FILE}`;
  // An nft that is built without JSON (as that of kube-proxy's image) can still print the text.
  const onlyText =
    (!reader.has(json) && reader.has(text)) || (reader.refused(json) && reader.artefact(text) !== undefined);
  const file = onlyText ? TEXT_FILE : JSON_FILE;
  const parse = onlyText ? parseNftText : parseNftJson;
  return reader.readLive(
    `${place.folder}${file}`,
    captureRemedy(place, file),
    parse,
    ({ baseChains }) => baseChains.length === 0,
  );
}

/** What of nftables is beside the rules that captured iptables-saves show. */
export interface BesideIptables {
  readonly ruleset: NftablesReading;
  readonly baseChains: Reading<readonly NftBaseChain[]>;
}

/**
 * Base chains that no captured iptables-save shows: those of other tables than iptables-nft's, those of its tables where no save
 * of them was captured, and those of tables that iptables-nft itself says it cannot show.
 */
export function besideIptables(reader: Reader, place: NetnsPlace, nftables: NftablesReading): BesideIptables {
  const saves = new Map(
    (['ip', 'ip6'] as const).map((family) => {
      const artefact = reader.artefact(`${place.folder}${SAVES[family]}`);
      return [family, artefact === undefined ? undefined : readNotes(artefact)] as const;
    }),
  );
  const told = [...saves].flatMap(([family, notes]) =>
    [...(notes?.incompatible ?? [])].map(([table, line]) => untoldChain(place, family, table, line)),
  );
  const { value, artefact } = nftables;
  if (value === undefined) {
    const { gaps } = nftables;
    return { ruleset: nftables, baseChains: { ...(told.length > 0 ? { value: told } : {}), gaps, artefact } };
  }
  const { foreign, iptables } = divideBaseChains(value.baseChains);
  const uncovered = iptables.filter(({ family, table }) => {
    const notes = family === 'ip' || family === 'ip6' ? saves.get(family) : undefined;
    return notes === undefined || !notes.tables.has(table) || notes.incompatible.has(table);
  });
  const baseChains = [...foreign, ...uncovered];
  const live = <T>(part: T): Reading<T> => ({
    value: part,
    get gaps() {
      return nftables.gaps;
    },
    artefact,
  });
  return { ruleset: live({ ...value, baseChains }), baseChains: live(baseChains) };
}

interface SaveNotes {
  readonly tables: ReadonlySet<string>;
  /** Line of the note, by table. */
  readonly incompatible: ReadonlyMap<string, { readonly number: number; readonly raw: string }>;
}

/** Table lines and notes of a save; both start a line with `*` or `#`, which no rule does. */
function readNotes(artefact: Artefact): SaveNotes {
  const tables = new Set<string>();
  const incompatible = new Map<string, { readonly number: number; readonly raw: string }>();
  const { bytes } = artefact;
  let start = 0;
  for (let number = 1; start < bytes.length && incompatible.size < COMMENT_LINES; number++) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed;
    const first = bytes[start];
    if (first === 0x2a || first === 0x23) {
      const raw = bytes.toString('utf8', start, Math.min(end, start + 300)).replace(/\r$/, '');
      if (first === 0x2a) tables.add(raw.slice(1).trim());
      const table = INCOMPATIBLE.exec(raw)?.[1];
      if (table !== undefined) incompatible.set(table, { number, raw });
    }
    start = end + 1;
  }
  return { tables, incompatible };
}

/** Stands for the chains of a table of which only a note tells. */
function untoldChain(
  place: NetnsPlace,
  family: 'ip' | 'ip6',
  table: string,
  line: { readonly number: number; readonly raw: string },
): NftBaseChain {
  const artefact = `${place.folder}${SAVES[family]}`;
  const evidence = { artefact, line: line.number, raw: line.raw };
  return {
    family,
    table,
    chain: 'unknown',
    type: 'unknown',
    hook: 'unknown',
    priority: null,
    policy: 'drop',
    empty: false,
    evidence,
  };
}
