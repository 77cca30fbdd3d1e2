import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Evidence } from '../../model/evidence.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { NftBaseChain, NftFamily, NftRuleset } from '../../model/nftables.ts';
import { readJson, type JsonNode } from '../json-index/json-document.ts';
import { RulesetBuilder } from './ruleset-builder.ts';
import { timeoutOf, typeNames } from './set.ts';
import type { RuleSource } from './table.ts';
import { isObject, memberOf, onlyMember, textOf, type Tree } from './tree.ts';

/** Kinds of object that hang on no hook by themselves and hold no rules (libnftables-json(5)). */
const PASSIVE: ReadonlySet<string> = new Set([
  'metainfo',
  'element',
  'counter',
  'ct helper',
  'secmark',
  'ct timeout',
  'ct expectation',
  'synproxy',
  'tunnel',
]);

const HOOK = '"hook"';
const SPACE = 0x20;
const COLON = 0x3a;

/**
 * Reads `nft -j list ruleset`. Rules and elements are understood when a packet meets them. An object that is not understood is a
 * gap, and then rules may be missing: it could be a chain.
 */
export function parseNftJson(artefact: Artefact): Parsed<NftRuleset> {
  const document = readJson(artefact);
  const gaps = new GapLog(artefact.name);
  gaps.addAll(document.gaps);
  const objects = document.root?.member('nftables');
  const reader = new Reader(artefact, gaps);
  if (objects?.kind === 'array') reader.readAll(objects);
  else if (document.gaps.length === 0) {
    gaps.add('unreadable', 'no array nftables: this is no `nft -j list ruleset`', { pointer: '' });
  }
  if (gaps.list().length === 0 && hooksIn(artefact.bytes) !== reader.hooks) {
    gaps.add('unreadable', 'a hook stands where no chain is', { pointer: '' });
  }
  return reader.builder.finish();
}

class Reader {
  readonly builder: RulesetBuilder;
  hooks = 0;
  private readonly artefact: string;
  private readonly gaps: GapLog;

  constructor(artefact: Artefact, gaps: GapLog) {
    this.artefact = artefact.name;
    this.gaps = gaps;
    this.builder = new RulesetBuilder(artefact.name, gaps);
  }

  readAll(objects: JsonNode): void {
    const whole: unknown = objects.whole ? objects.cursor().value : undefined;
    if (Array.isArray(whole)) {
      for (let index = 0; index < whole.length; index += 1) this.read(whole[index], index);
      return;
    }
    for (const [index, node] of objects.elements().entries()) if (node.whole) this.read(node.cursor().value, index);
  }

  private read(value: unknown, index: number): void {
    const [kind, body] = isObject(value) ? onlyMember(value) : [undefined, undefined];
    if (kind !== undefined && PASSIVE.has(kind)) return;
    if (kind === undefined || !isObject(body) || !this.readObject(kind, body, index)) {
      this.gaps.add('not-understood', 'this object is not understood', {
        pointer: `/nftables/${index}`,
        raw: JSON.stringify(value),
      });
    }
  }

  private readObject(kind: string, body: Tree, index: number): boolean {
    const family = textOf(body['family']);
    const table = textOf(kind === 'table' ? body['name'] : body['table']);
    const name = textOf(body['name']);
    if (family === undefined || table === undefined) return false;
    const cite = (): Evidence => {
      return { artefact: this.artefact, pointer: `/nftables/${index}/${kind}`, raw: JSON.stringify(body) };
    };
    if (kind === 'flowtable') {
      if (body['hook'] !== undefined) this.hooks += 1;
      return true;
    }
    const place = this.builder.table(family, table);
    if (kind === 'rule') return this.readRule(body, cite, place);
    if (name === undefined) return false;
    switch (kind) {
      case 'table':
        place.dormant = flagsOf(body).includes('dormant');
        return true;
      case 'chain':
        if (!place.chains.has(name)) place.chains.set(name, []);
        if (body['hook'] !== undefined) this.hooks += 1;
        // A chain without any of these hangs nowhere and is reached by jumps alone.
        if (['hook', 'prio', 'type', 'policy'].some((key) => body[key] !== undefined)) {
          this.builder.baseChain(baseChain(body, name, table, place.family, cite()));
        }
        return true;
      case 'set':
      case 'map':
        return this.readSet(kind, body, name, place);
      case 'limit':
      case 'quota':
        place.objects.set(`${kind} ${name}`, () => body);
        return true;
      default:
        return false;
    }
  }

  private readRule(body: Tree, cite: () => Evidence, place: ReturnType<RulesetBuilder['table']>): boolean {
    const chain = textOf(body['chain']);
    const statements = body['expr'];
    if (chain === undefined || (statements !== undefined && !Array.isArray(statements))) return false;
    const list: readonly unknown[] = statements ?? [];
    const source: RuleSource = { cite, statements: () => list };
    const rules = place.chains.get(chain);
    if (rules === undefined) place.chains.set(chain, [source]);
    else rules.push(source);
    for (const statement of list) {
      const changed = textOf(
        memberOf(memberOf(statement, 'set'), 'set') ?? memberOf(memberOf(statement, 'map'), 'map'),
      );
      if (changed?.startsWith('@') === true) this.builder.updates(place, changed.slice(1));
    }
    return true;
  }

  private readSet(kind: 'set' | 'map', body: Tree, name: string, place: ReturnType<RulesetBuilder['table']>): boolean {
    const types = typeNames(body['type']);
    const data = kind === 'map' ? typeNames(body['map']) : null;
    if (types === undefined || data === undefined) return false;
    const flags = flagsOf(body);
    const list: unknown = body['elem'] ?? [];
    place.sets.set(name, {
      types,
      data,
      dynamic: flags.includes('dynamic') || flags.includes('timeout'),
      timeoutSeconds: timeoutOf(body),
      elements: () => (Array.isArray(list) ? (list as unknown[]) : [list]),
      incomplete: undefined,
    });
    return true;
  }
}

function flagsOf(body: Tree): readonly unknown[] {
  const { flags } = body;
  return Array.isArray(flags) ? (flags as unknown[]) : [flags];
}

function baseChain(
  body: Tree,
  chain: string,
  table: string,
  family: NftFamily | 'unknown',
  evidence: Evidence,
): Omit<NftBaseChain, 'empty'> {
  const priority = body['prio'];
  return {
    family,
    table,
    chain,
    type: textOf(body['type']) ?? 'unknown',
    hook: textOf(body['hook']) ?? 'unknown',
    priority: typeof priority === 'number' ? priority : null,
    policy: (textOf(body['policy']) ?? 'accept') === 'accept' ? 'accept' : 'drop',
    evidence,
  };
}

/** How often a member `hook` stands in the text, whatever the text around it is: none may be overlooked. */
function hooksIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(HOOK); at >= 0; at = bytes.indexOf(HOOK, at + HOOK.length)) {
    let next = at + HOOK.length;
    while (next < bytes.length && (bytes[next] ?? 0) <= SPACE) next += 1;
    if (bytes[next] === COLON) count += 1;
  }
  return count;
}
