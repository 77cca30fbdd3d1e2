import type { Family } from '../model/address.ts';
import type { Artefact, Gap } from '../model/artefact.ts';
import type { Reading } from '../model/facts.ts';
import type { IptablesRuleset } from '../model/netfilter.ts';
import { textLines } from '../model/text-lines.ts';
import { divideBaseChains } from '../parse/nftables/foreign-chains.ts';
import { parseIptablesSave } from '../parse/iptables-save/iptables-save.ts';
import { parseKubeProxyConfig } from '../parse/kube-proxy/kube-proxy-config.ts';
import { captureRemedy, type NetnsPlace } from './layout.ts';
import type { NftablesReading } from './nftables.ts';
import type { Reader } from './reader.ts';

/** File names by family: of the tool that is in use, and of the legacy one. */
const SAVE: Readonly<Record<Family, string>> = { 4: 'iptables-save.txt', 6: 'ip6tables-save.txt' };
const LEGACY: Readonly<Record<Family, string>> = { 4: 'iptables-legacy-save.txt', 6: 'ip6tables-legacy-save.txt' };
const NFT_FAMILY: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' };
/** What iptables-nft prints when it sees tables of the other back end (iptables/xtables-save.c). */
const LEGACY_HINT = 'tables-legacy tables present';

/** `[packets:bytes]` */
const COUNTERS = /\[\d+:\d+\] ?/g;

interface ReadSave {
  readonly state: 'read';
  readonly ruleset: IptablesRuleset;
  readonly gaps: readonly Gap[];
  readonly artefact: Artefact;
}

/** One captured save, or why there is none. */
type Saved = ReadSave | { readonly state: 'empty' | 'unreadable' | 'absent'; readonly gaps: readonly Gap[] };

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
  const rulesets: IptablesRuleset[] = [];
  /** Why rules may be loaded that nobody captured. */
  const lacking: Gap[] = [];
  const sameTables = save.state === 'read' && legacy.state === 'read' && isSameCapture(save, legacy);
  if (save.state === 'read' && !sameTables) rulesets.push(save.ruleset);
  if (legacy.state === 'read') rulesets.push(legacy.ruleset);
  const owned = nftables.value === undefined ? undefined : divideBaseChains(nftables.value.baseChains).iptables;
  const loaded = owned?.some((chain) => chain.family === NFT_FAMILY[family] && !chain.empty);
  if (save.state !== 'read' || save.ruleset.backend === 'legacy') {
    if (loaded === true) lacking.push(unsaved(name, reader.remedy(name, captureRemedy(place, SAVE[family])), nftables));
    else if (save.state !== 'read' && (loaded === undefined || nftables.value?.incomplete !== undefined))
      lacking.push(...save.gaps);
  }
  // The legacy back end is usually not in use, and its tool prints nothing then.
  if (legacy.state === 'unreadable' || (legacy.state !== 'read' && hintsAtLegacy(save))) lacking.push(...legacy.gaps);
  if (rulesets.length === 0 && lacking.length === 0) lacking.push(...unsavedKubeProxy(reader, place, family));
  const known = lacking.length === 0;
  const live = [save, legacy].flatMap((one) => (one.state === 'read' ? [one.gaps] : []));
  const artefact = rulesets[0]?.artefact ?? (save.state === 'absent' && known ? nftables.artefact : name);
  return reader.noted({
    ...(known ? { value: rulesets } : {}),
    get gaps() {
      return [...lacking, ...live.flat()];
    },
    artefact,
  });
}

function readSave(reader: Reader, place: NetnsPlace, file: string, family: Family): Saved {
  const name = `${place.folder}${file}`;
  const remedy = reader.remedy(name, captureRemedy(place, file));
  const artefact = reader.artefact(name);
  if (artefact === undefined) return { state: 'absent', gaps: reader.absence(name, remedy) };
  const { value, gaps } = parseIptablesSave(artefact, family);
  if (value.tables.length > 0) return { state: 'read', ruleset: value, gaps, artefact };
  const isEmpty = artefact.bytes.length === 0;
  const problem = isEmpty ? 'the file is empty' : 'the file holds no table of iptables';
  return {
    state: isEmpty ? 'empty' : 'unreadable',
    gaps: [{ kind: 'unreadable', artefact: name, problem, remedy }],
  };
}

/**
 * On a node whose iptables is the legacy one, both files hold the same tables, which must not count twice. Headers do not always
 * tell (before 1.8.8 both back ends write the same), so that equal rules count as the same ones.
 */
function isSameCapture(save: ReadSave, legacy: ReadSave): boolean {
  if (save.ruleset.backend !== 'unknown') return save.ruleset.backend === 'legacy';
  const others = ruleLines(legacy.artefact);
  for (const line of ruleLines(save.artefact)) if (others.next().value !== line) return false;
  return others.next().done === true;
}

/** The lines that matter, without counters. */
function* ruleLines(artefact: Artefact): Generator<string, undefined> {
  for (const { text } of textLines(artefact)) {
    if (text.trim() !== '' && !text.startsWith('#')) yield text.replaceAll(COUNTERS, '');
  }
}

function hintsAtLegacy(save: Saved): boolean {
  return save.state === 'read' && save.artefact.bytes.includes(LEGACY_HINT);
}

/** A kube-proxy that works with iptables has rules there: if neither back end shows any, nobody captured the one that it uses. */
function unsavedKubeProxy(reader: Reader, place: NetnsPlace, family: Family): readonly Gap[] {
  const folder = `${place.folder}kube-proxy/`;
  const { mode } = parseKubeProxyConfig({
    configz: reader.artefact(`${folder}configz`),
    proxyMode: reader.artefact(`${folder}proxyMode`),
  }).value;
  if (mode !== 'iptables' && mode !== 'ipvs') return [];
  const problem = `kube-proxy works in ${mode} mode here, and no rules of iptables were captured`;
  const artefact = `${place.folder}${LEGACY[family]}`;
  const remedy = reader.remedy(artefact, captureRemedy(place, LEGACY[family]));
  return [{ kind: 'missing', artefact, problem, remedy }];
}

function unsaved(artefact: string, remedy: string, nftables: NftablesReading): Gap {
  const problem = `${nftables.artefact} shows rules of iptables (nf_tables), which no iptables-save tells`;
  return { kind: 'missing', artefact, problem, remedy };
}
