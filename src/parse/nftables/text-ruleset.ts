import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Evidence } from '../../model/evidence.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { NftRuleset } from '../../model/nftables.ts';
import { textLines, unreadableText, type TextLine } from '../../model/text-lines.ts';
import { RulesetBuilder } from './ruleset-builder.ts';
import { typeNames } from './set.ts';
import type { SetDeclaration, TableSource } from './table-source.ts';
import { readBaseChain } from './text-hook.ts';
import { readNamedElements, readObjectBody, readOneExpression, readStatements } from './text-statement.ts';
import { readDuration } from './text-value.ts';

/** What `nft -a` adds to a line. */
const HANDLE = / # handle \d{1,10}$/;
const TABLE = /^table (?:(ip|ip6|inet|arp|bridge|netdev) )?(\S+) \{$/;
const BLOCK =
  /^(chain|set|map|flowtable|counter|quota|limit|secmark|synproxy|tunnel|ct helper|ct timeout|ct expectation) (\S+) \{$/;
/** Members of a table and a chain that say nothing about packets. */
const REMARK = /^(?:comment "[^"]*"|flags [a-z, ]+|policy \S+;?)$/;
const QUOTED = /"[^"]*"/g;
/** A rule that changes a set. */
const CHANGES = /\b(?:add|update|delete) @(\S+) \{/g;

/** A part of a table while its lines are read. */
interface OpenBlock {
  readonly kind: string;
  readonly name: string;
  readonly line: TextLine;
  readonly lines: TextLine[];
}

/**
 * Reads `nft list ruleset`. Blocks are followed by their braces; rules and elements are understood when a packet meets them. A text
 * whose braces do not close is a gap, and then rules may be missing.
 */
export function parseNftText(artefact: Artefact): Parsed<NftRuleset> {
  const gaps = new GapLog(artefact.name);
  const builder = new RulesetBuilder(artefact, gaps);
  const unreadable = unreadableText(artefact, 'the output of `nft list ruleset`');
  if (unreadable !== undefined) {
    gaps.addAll([unreadable]);
    return builder.finish();
  }
  let depth = 0;
  let hooks = 0;
  let chains = 0;
  let table: TableSource | null = null;
  let block: OpenBlock | null = null;
  for (const line of textLines(artefact)) {
    const text = bare(line);
    const at = { line: line.number, raw: line.text };
    if (text === '' || text.startsWith('#')) continue;
    if (declaresHook(text)) hooks += 1;
    if (depth === 0) {
      const opened = TABLE.exec(text);
      if (opened === null) gaps.add('unreadable', 'this opens no table', at);
      table = opened === null ? null : builder.table(opened[1] ?? 'ip', opened[2] ?? '');
    } else if (depth === 1) {
      const opened = BLOCK.exec(text);
      block = opened === null ? null : { kind: opened[1] ?? '', name: opened[2] ?? '', line, lines: [] };
      if (text.startsWith('flags ') && text.includes('dormant') && table !== null) table.dormant = true;
      if (opened === null && text !== '}' && !REMARK.test(text)) {
        gaps.add('not-understood', 'this is not understood in a table', at);
      }
    } else block?.lines.push(line);
    const change = braces(text);
    depth += change ?? 0;
    if (change === undefined || line.cut || depth < 0) {
      gaps.add('unreadable', 'the braces or quotes of this line do not match', at);
      depth = Math.max(0, depth);
    }
    if (depth <= 1 && block !== null && table !== null) {
      chains += readBlock(builder, artefact.name, table, block);
      block = null;
    }
  }
  if (hooks !== chains) gaps.add('unreadable', 'a hook stands where no chain is');
  if (depth > 0) gaps.add('unreadable', 'the text ends inside a block: the file was cut off');
  return builder.finish();
}

/** @returns how many hooks the block hangs on */
function readBlock(builder: RulesetBuilder, artefact: string, table: TableSource, block: OpenBlock): number {
  const { kind, name, lines } = block;
  switch (kind) {
    case 'chain':
      return readChain(builder, artefact, table, block);
    case 'set':
    case 'map':
      table.sets.set(name, () => readSet(kind, lines));
      return 0;
    case 'limit':
    case 'quota':
      table.objects.set(`${kind} ${name}`, () => readObjectBody(kind, lines.map(bare).slice(0, -1).join(' ')));
      return 0;
    default:
      return 0;
  }
}

function readChain(builder: RulesetBuilder, artefact: string, table: TableSource, { name, lines }: OpenBlock): number {
  table.addChain(name);
  let hooks = 0;
  let open: TextLine[] = [];
  let depth = 0;
  for (const line of lines) {
    const text = bare(line);
    const base = depth === 0 ? readBaseChain(text, table.family) : undefined;
    if (base !== undefined && hooks === 0) {
      const evidence = citation(artefact, line);
      builder.baseChain({ ...base, family: table.family, table: table.name, chain: name, evidence });
      hooks += 1;
    } else if (depth > 0 || (text !== '}' && !REMARK.test(text))) {
      // A rule goes on while its braces are open.
      open.push(line);
      depth += braces(text) ?? 0;
      if (depth > 0) continue;
      const [first = line] = open;
      const whole = open.map(bare).join('\n');
      table.addRule(name, { cite: () => citation(artefact, first), statements: () => readStatements(whole) });
      for (const [, set = ''] of whole.matchAll(CHANGES)) table.updates(set);
      open = [];
      depth = 0;
    }
  }
  return hooks;
}

function citation(artefact: string, line: TextLine): Evidence {
  return { artefact, line: line.number, raw: line.text };
}

/** `type a . b : c`, `typeof …`, `flags …`, `timeout …`, `elements = { … }` */
function readSet(kind: 'set' | 'map', lines: readonly TextLine[]): SetDeclaration {
  const texts = lines.map(bare);
  const member = (key: string): string | undefined =>
    texts.find((text) => text.startsWith(`${key} `))?.slice(key.length + 1);
  const from = texts.findIndex((text) => text.startsWith('elements ='));
  const declared = member('type') ?? member('typeof') ?? '';
  const [key = '', data = ''] = declared.split(' : ');
  const types = (text: string): readonly string[] =>
    member('type') === undefined
      ? (typeNames({ typeof: readOneExpression(text) }) ?? ['other'])
      : text.replace(/^interval /, '').split(' . ');
  const flags = new Set((member('flags') ?? '').split(',').map((flag) => flag.trim()));
  const timeout = member('timeout');
  const read = readOnce(() => (from < 0 ? [] : readNamedElements(texts.slice(from, -1).join('\n'), kind)));
  return {
    types: types(key),
    data: kind === 'map' ? (data === 'verdict' ? ['verdict'] : types(data)) : null,
    dynamic: flags.has('dynamic') || flags.has('timeout'),
    timeoutSeconds: timeout === undefined ? null : (readDuration(timeout) ?? null),
    elements: () => read() ?? [null],
  };
}

function readOnce<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function bare(line: TextLine): string {
  return line.text.trim().replace(HANDLE, '');
}

/** A hook wherever it stands: none may be overlooked. */
function declaresHook(text: string): boolean {
  const plain = text.replaceAll(QUOTED, '');
  const type = plain.search(/\btype\b/);
  return type >= 0 && plain.includes('hook', type);
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
