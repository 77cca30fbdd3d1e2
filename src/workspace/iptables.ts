import type { Family } from '../model/address.ts';
import type { Artefact, Gap } from '../model/artefact.ts';
import type { Reading } from '../model/facts.ts';
import type { IptablesRuleset } from '../model/netfilter.ts';
import { parseIptablesSave } from '../parse/iptables-save/iptables-save.ts';
import { captureRemedy, type NetnsPlace } from './layout.ts';
import type { NftablesReading } from './nftables.ts';
import type { Reader } from './reader.ts';

/** File names by family: of the tool that is in use, and of the legacy one. */
const SAVE: Readonly<Record<Family, string>> = { 4: 'iptables-save.txt', 6: 'ip6tables-save.txt' };
const LEGACY: Readonly<Record<Family, string>> = { 4: 'iptables-legacy-save.txt', 6: 'ip6tables-legacy-save.txt' };
const NFT_FAMILY: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' };
/** What iptables-nft prints when it sees tables of the other back end (iptables/xtables-save.c). */
const LEGACY_HINT = 'tables-legacy tables present';

/** One captured save, or why there is none. */
type Saved =
  | {
      readonly state: 'read';
      readonly ruleset: IptablesRuleset;
      readonly gaps: readonly Gap[];
      readonly artefact: Artefact;
    }
  | { readonly state: 'empty' | 'absent'; readonly gaps: readonly Gap[] };

/**
 * Every iptables ruleset of a family that is loaded in a namespace. Both back ends may be, and rules that nobody captured may
 * decide over any packet: the fact is known only if nothing hints at such rules.
 */
export function readIptables(
  reader: Reader,
  place: NetnsPlace,
  family: Family,
  nftables: NftablesReading,
): Reading<readonly IptablesRuleset[]> {
  const name = `${place.folder}${SAVE[family]}`;
  const save = readSave(reader, place, SAVE[family], family);
  const legacy = readSave(reader, place, LEGACY[family], family);
  const gaps: Gap[] = [];
  const rulesets: IptablesRuleset[] = [];
  let known = true;
  const lacking = (more: readonly Gap[]): void => {
    gaps.push(...more);
    known = false;
  };
  // On a node whose iptables is the legacy one, both files hold the same tables.
  const sameTables = save.state === 'read' && save.ruleset.backend === 'legacy' && legacy.state === 'read';
  if (save.state === 'read' && !sameTables) rulesets.push(save.ruleset);
  if (legacy.state === 'read') rulesets.push(legacy.ruleset);
  const loaded = nftables.value?.iptables.some((chain) => chain.family === NFT_FAMILY[family] && !chain.empty);
  if (save.state !== 'read' || save.ruleset.backend === 'legacy') {
    if (loaded === true) lacking([unsaved(name, captureRemedy(place, SAVE[family]), nftables)]);
    else if (save.state !== 'read' && (loaded === undefined || nftables.gaps.length > 0)) lacking(save.gaps);
  }
  if (legacy.state === 'empty') lacking(legacy.gaps);
  if (legacy.state === 'absent' && hintsAtLegacy(save)) lacking(legacy.gaps);
  const live = [save, legacy].flatMap((one) => (one.state === 'read' ? [one.gaps] : []));
  const artefact = rulesets[0]?.artefact ?? (save.state === 'absent' && known ? nftables.artefact : name);
  return reader.noted({
    ...(known ? { value: rulesets } : {}),
    get gaps() {
      return [...gaps, ...live.flat()];
    },
    artefact,
  });
}

function readSave(reader: Reader, place: NetnsPlace, file: string, family: Family): Saved {
  const name = `${place.folder}${file}`;
  const remedy = captureRemedy(place, file);
  const artefact = reader.artefact(name);
  if (artefact === undefined) return { state: 'absent', gaps: reader.absence(name, remedy) };
  const { value, gaps } = parseIptablesSave(artefact, family);
  if (value.tables.length > 0) return { state: 'read', ruleset: value, gaps, artefact };
  const problem = artefact.bytes.length === 0 ? 'the file is empty' : 'the file holds no table of iptables';
  return { state: 'empty', gaps: [{ kind: 'unreadable', artefact: name, problem, remedy }] };
}

function hintsAtLegacy(save: Saved): boolean {
  return save.state === 'read' && save.artefact.bytes.includes(LEGACY_HINT);
}

function unsaved(artefact: string, remedy: string, nftables: NftablesReading): Gap {
  const problem = `${nftables.artefact} shows rules of iptables (nf_tables), which no iptables-save tells`;
  return { kind: 'missing', artefact, problem, remedy };
}
