import type { Artefact, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import { textLines, unreadableText, type TextLine } from '../../model/text-lines.ts';
import { divideBaseChains, type BaseChain, type NftablesOverview } from './foreign-chains.ts';

/** Names that nft prints for priorities (nftables, src/rule.c, std_prios and bridge_std_prios). */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
const BRIDGE_PRIORITIES: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 };

/** What `nft -a` adds to a line. */
const HANDLE = / # handle \d{1,10}$/;
const TABLE = /^table (?:(ip|ip6|inet|arp|bridge|netdev) )?(\S+) \{$/;
const CHAIN = /^chain (\S+) \{$/;
/** What else may stand in a table: objects that hang on no hook (nftables, src/rule.c, table_print and its callees). */
const PASSIVE =
  /^(?:(?:set|map|flowtable|counter|quota|limit|secmark|synproxy|tunnel|ct helper|ct timeout|ct expectation) \S+ \{|\}|flags [a-z, ]+|comment "[^"]*")$/;
const HOOK = /^type \S+ hook (\S+)(?: devices? [^;]*)? priority ([^;]+);/;
const QUOTED = /"[^"]*"/g;
const POLICY = /\bpolicy (\S+?);/;
const NO_RULE = /^(?:type \S+ hook [^;]*;(?: policy \S+;)?|policy \S+;?|comment "[^"]*")$/;
const PRIORITY = /^(?:([a-z]+)(?: ([+-]) (\d{1,9}))?|(-?\d{1,10}))$/;

/** A chain while its block is read. */
interface OpenChain {
  readonly name: string;
  readonly line: TextLine;
  hook: TextLine | null;
  ruled: boolean;
}

/**
 * Reads the base chains of `nft list ruleset`. Blocks are followed by their braces; in a chain, each line that is neither its
 * type, policy nor comment counts as a rule. A text whose braces do not close is a gap, and then no chain is known to be empty.
 */
export function parseNftText(artefact: Artefact): Parsed<NftablesOverview> {
  const unreadable = unreadableText(artefact, 'the output of `nft list ruleset`');
  if (unreadable !== undefined) return { value: divideBaseChains([]), gaps: [unreadable] };
  const gaps = new GapLog(artefact.name);
  const chains: BaseChain[] = [];
  let depth = 0;
  let hooks = 0;
  let table: { readonly family: string; readonly name: string } | null = null;
  let chain: OpenChain | null = null;
  for (const line of textLines(artefact)) {
    const text = line.text.trim().replace(HANDLE, '');
    const at = { line: line.number, raw: line.text };
    if (text === '' || text.startsWith('#')) continue;
    if (declaresHook(text)) hooks += 1;
    if (depth === 0) {
      const opened = TABLE.exec(text);
      if (opened === null) gaps.add('unreadable', 'this opens no table', at);
      table = opened === null ? null : { family: opened[1] ?? 'ip', name: opened[2] ?? '' };
    } else if (depth === 1) {
      const opened = CHAIN.exec(text);
      chain = opened === null ? null : { name: opened[1] ?? '', line, hook: null, ruled: false };
      if (opened === null && !PASSIVE.test(text)) gaps.add('not-understood', 'this is not understood in a table', at);
    } else if (chain !== null) {
      if (HOOK.test(text) && chain.hook === null) chain.hook = line;
      if (text !== '}' && !NO_RULE.test(text)) chain.ruled = true;
    }
    const change = braces(text);
    depth += change ?? 0;
    if (change === undefined || line.cut || depth < 0) {
      gaps.add('unreadable', 'the braces or quotes of this line do not match', at);
      depth = Math.max(0, depth);
    }
    if (depth <= 1 && chain !== null) {
      if (chain.hook !== null) chains.push(baseChain(artefact.name, table, chain, chain.hook));
      chain = null;
    }
  }
  if (hooks !== chains.length) gaps.add('unreadable', 'a hook stands where no chain is');
  if (depth > 0) gaps.add('unreadable', 'the text ends inside a block: the file was cut off');
  const whole = gaps.list().length === 0;
  return {
    value: divideBaseChains(whole ? chains : chains.map((one) => ({ ...one, empty: false }))),
    gaps: gaps.list(),
  };
}

/** A hook wherever it stands: none may be overlooked. */
function declaresHook(text: string): boolean {
  const bare = text.replaceAll(QUOTED, '');
  const type = bare.search(/\btype\b/);
  return type >= 0 && bare.includes('hook', type);
}

function baseChain(
  artefact: string,
  table: { readonly family: string; readonly name: string } | null,
  chain: OpenChain,
  hook: TextLine,
): BaseChain {
  const text = hook.text.trim();
  const [, name = 'unknown', priority = ''] = HOOK.exec(text) ?? [];
  const family = table?.family ?? 'unknown';
  return {
    family,
    table: table?.name ?? 'unknown',
    chain: chain.name,
    hook: name,
    priority: priorityOf(priority.trim(), family),
    empty: !chain.ruled && (POLICY.exec(text)?.[1] ?? 'accept') === 'accept',
    evidence: { artefact, line: hook.number, raw: hook.text },
  };
}

function priorityOf(text: string, family: string): number | null {
  const [, name, sign, offset, number] = PRIORITY.exec(text) ?? [];
  if (number !== undefined) return Number(number);
  const names = family === 'bridge' ? BRIDGE_PRIORITIES : PRIORITIES;
  const base = name !== undefined && Object.hasOwn(names, name) ? names[name] : undefined;
  if (base === undefined) return null;
  return base + Number(offset ?? 0) * (sign === '-' ? -1 : 1);
}

/** By how much the line opens more braces than it closes, outside of strings and comments; undefined: a string stays open. */
function braces(text: string): number | undefined {
  let change = 0;
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '#') break;
    else if (character === '{') change += 1;
    else if (character === '}') change -= 1;
  }
  return quoted ? undefined : change;
}
