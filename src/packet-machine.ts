/**
 * A machine of which a person has the rules and the addresses, to be asked about packets. In: paths and addresses as given. Out:
 * something that answers, and what of the rules was not understood. It evaluates nothing itself.
 */
import type { LooseLine } from './collect/lines.ts';
import type { PacketDescription } from './explain/packet/packet-flow.ts';
import { PacketAnswers, type PacketAnswer, type PacketFailure } from './explain/packet/packet.ts';
import { QuestionError } from './explain/question/question-input.ts';
import { readMachineFile, type MachineFile } from './machine-files.ts';
import { parseAddress, type Address } from './model/address.ts';
import { gapRaw, type Gap } from './model/artefact.ts';
import { withRemedy } from './model/gap-remedy.ts';
import type { VirtualServers } from './model/ipvs.ts';
import type { HookModule, IptablesRuleset } from './model/netfilter.ts';
import type { NftRuleset } from './model/nftables.ts';
import { ciliumModule } from './evaluate/cilium/evaluate-cilium.ts';
import { ipvsModule } from './evaluate/ipvs/evaluate-ipvs.ts';
import { divideBaseChains } from './parse/nftables/foreign-chains.ts';

/** Answers may be much longer than questions: they are handed on in groups. */
const LINES_AT_ONCE = 200;

/** What a person has of a machine: paths (`-` is standard input) and texts of addresses. */
export interface MachineInput {
  readonly rulesets: readonly string[];
  readonly rulesets6: readonly string[];
  readonly nodeAddresses: readonly string[];
}

export interface PacketMachine {
  /**
   * Answers one description of a packet (see `readPacketFlow` for its members).
   * @param defaults what holds where the description says nothing
   */
  answer(description: unknown, defaults?: PacketDescription): PacketAnswer | PacketFailure;
  /** What was not understood among the rules that were looked at so far. */
  gaps(): readonly Gap[];
}

/**
 * Reads a machine's rules.
 * @throws InputError when a file cannot be read, QuestionError when an address is none or a file holds no rules
 */
export async function openPacketMachine(input: MachineInput): Promise<PacketMachine> {
  const addresses = input.nodeAddresses.map(nodeAddress);
  if (addresses.length === 0) {
    throw new QuestionError('no address of the machine is given', [
      'Name each with --node-address IP: packets to them are for the machine itself, all others are forwarded.',
    ]);
  }
  const files = [
    ...input.rulesets.map((path) => [path, 4] as const),
    ...input.rulesets6.map((path) => [path, 6] as const),
  ];
  if (files.length === 0) {
    throw new QuestionError('no ruleset is given', [
      'Name one with --ruleset FILE (iptables-save, or a listing of nft) or --ruleset6 FILE (ip6tables-save).',
    ]);
  }
  if (files.filter(([path]) => path === '-').length > 1) {
    throw new QuestionError('standard input can hold one file only', ['Give `-` once, and paths for the rest.']);
  }
  const read: MachineFile[] = [];
  for (const [path, family] of files) read.push(await readMachineFile(path, family));
  const given = read.flatMap((file) => (file.kind === 'ruleset' ? [file.parsed.value] : []));
  const iptables = given.flatMap((ruleset) => ('baseChains' in ruleset ? [] : [ruleset]));
  const rulesets = given.map((ruleset) => ('baseChains' in ruleset ? besideIptables(ruleset, iptables) : ruleset));
  const own = ownAddresses(addresses, read);
  const answers = new PacketAnswers({
    hooked: [...rulesets, ...virtualServers(read), ...ciliumTables(read)],
    addresses: own.addresses,
    ipsets: new Map(read.flatMap((file) => (file.kind === 'ipsets' ? [...file.parsed.value] : []))),
    sysctl: new Map(read.flatMap((file) => (file.kind === 'sysctl' ? [...file.parsed.value] : []))),
  });
  return {
    answer: (description, defaults) => answers.answer(description, defaults),
    gaps: () => [
      ...missingAddresses(iptables, own.addresses),
      ...own.gaps,
      ...read.flatMap((file) => file.parsed.gaps.map(withRemedy)),
    ],
  };
}

function virtualServerLists(files: readonly MachineFile[]): readonly VirtualServers[] {
  return files.flatMap((file) => (file.kind === 'virtual-servers' ? [file.parsed.value] : []));
}

function virtualServers(files: readonly MachineFile[]): readonly HookModule[] {
  const [connections] = files.flatMap((file) => (file.kind === 'connections' ? [file.parsed.value] : []));
  return virtualServerLists(files).flatMap((servers) => ipvsModule(servers, connections) ?? []);
}

function ciliumTables(files: readonly MachineFile[]): readonly HookModule[] {
  return files.flatMap((file) => (file.kind === 'cilium' ? [ciliumModule(file.parsed.value)] : []));
}

/**
 * The addresses of the machine: those that were named, and those of a listing of its interfaces. IPVS takes packets for the machine itself
 * alone, so that without a listing the addresses of its virtual servers count as the machine's own, which is said.
 */
function ownAddresses(
  named: readonly Address[],
  files: readonly MachineFile[],
): { readonly addresses: readonly Address[]; readonly gaps: readonly Gap[] } {
  const listed = files.flatMap((file) => (file.kind === 'addresses' ? file.parsed.value : []));
  const known = [...named, ...listed.flatMap((one) => parseAddress(one.address) ?? [])];
  const texts = new Set(known.map((one) => one.text));
  const servers = listed.length > 0 ? [] : virtualServerLists(files);
  const virtual = new Set(servers.flatMap(({ all }) => all.flatMap(({ address }) => address ?? [])));
  const added = [...virtual].filter((text) => !texts.has(text));
  const problem = `the addresses of virtual servers are taken to be the machine's own (${added.length} of them)`;
  const remedy = 'give the output of `ip -j address` as a --ruleset';
  const artefact = servers[0]?.artefact ?? '';
  const gaps = added.length === 0 ? [] : [{ kind: 'missing' as const, artefact, problem, remedy }];
  return { addresses: [...known, ...added.flatMap((text) => parseAddress(text) ?? [])], gaps };
}

/** A machine without a known address of a family would forward every packet of it. */
function missingAddresses(rulesets: readonly IptablesRuleset[], addresses: readonly Address[]): Gap[] {
  return rulesets
    .filter(({ family }) => !addresses.some((address) => address.family === family))
    .map(({ artefact, family }) => ({
      kind: 'missing',
      artefact,
      problem: `no IPv${family} address of the machine is given, so that it is taken to forward every IPv${family} packet`,
      remedy: 'name one with --node-address',
    }));
}

/** Families and hooks of nftables that `evaluateTraversal` walks through. */
const EVALUATED: ReadonlySet<string> = new Set(['ip', 'ip6', 'inet', 'arp']);
const HOOKS: ReadonlySet<string> = new Set(['prerouting', 'input', 'forward', 'output', 'postrouting']);

/**
 * The chains of nftables that no given iptables-save shows, so that each rule counts once. Chains of bridges and devices may decide
 * over any packet, and are not evaluated.
 */
function besideIptables(ruleset: NftRuleset, saves: readonly IptablesRuleset[]): NftRuleset {
  const { foreign, iptables } = divideBaseChains(ruleset.baseChains);
  const others = iptables.filter(({ family, table }) => {
    const mine = saves.filter((save) => save.family === (family === 'ip' ? 4 : 6) && save.backend !== 'legacy');
    return !mine.some((save) => save.tables.some((one) => one === table));
  });
  const baseChains = [...foreign, ...others];
  const blind = baseChains.find((one) => !one.empty && (!EVALUATED.has(one.family) || !HOOKS.has(one.hook)));
  if (blind === undefined || ruleset.incomplete !== undefined) return { ...ruleset, baseChains };
  const reason = `chain ${blind.chain} of table ${blind.family} ${blind.table} (${blind.hook}) is not evaluated`;
  return { ...ruleset, baseChains, incomplete: { reason, evidence: [blind.evidence] } };
}

/**
 * Answers descriptions of packets, one JSON object a line, in order; blank lines are left out. Few lines are in memory at a time.
 * @param path `-` is standard input
 * @param defaults what holds where a line says nothing
 * @throws InputError when the file cannot be read
 */
export async function* answerFlows(
  machine: PacketMachine,
  path: string,
  defaults: PacketDescription,
): AsyncGenerator<readonly (PacketAnswer | PacketFailure)[], void> {
  // Loaded here: a single packet needs no streams.
  const { collectLineGroups } = await import('./collect/lines.ts');
  for await (const lines of collectLineGroups(path, LINES_AT_ONCE)) {
    yield lines.map((line) => answerLine(machine, line, defaults));
  }
}

function answerLine(
  machine: PacketMachine,
  { text, cut }: LooseLine,
  defaults: PacketDescription,
): PacketAnswer | PacketFailure {
  if (cut) return { description: gapRaw(text), error: 'this line is too long for a flow' };
  const description = parseJson(text);
  return description === undefined
    ? { description: gapRaw(text.trim()), error: 'this line is no JSON' }
    : machine.answer(description, defaults);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function nodeAddress(text: string): Address {
  const address = parseAddress(text.trim());
  if (address !== undefined) return address;
  throw new QuestionError(`--node-address: ${JSON.stringify(text)} is no IP address`, [
    'Give the addresses of the machine whose rules these are, one each time.',
  ]);
}
