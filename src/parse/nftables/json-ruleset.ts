import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Evidence } from '../../model/evidence.ts';
import { GapLog } from '../../model/gap-log.ts';
import { Cursor } from '../../model/json.ts';
import type { NftBaseChain, NftFamily, NftRuleset } from '../../model/nftables.ts';
import { COLON, QUOTE, skipSpace } from '../json-index/byte-scan.ts';
import { readJson } from '../json-index/json-document.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { MOST_BYTES, readHead, type Head } from './json-head.ts';
import { findObjects, type ObjectPlaces } from './json-objects.ts';
import { PrintedChains } from './printed-chains.ts';
import { cutElements, elementFinder } from './printed-set.ts';
import { RulesetBuilder } from './ruleset-builder.ts';
import { timeoutOf, typeNames } from './set.ts';
import type { RuleSource, SetDeclaration, TableSource } from './table-source.ts';
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

/** The objects of the array, which are left closed. */
const OBJECTS = { levels: 2, innermostKeys: null } as const;
/** The word is searched without its first quote: there are too many of those to stop at each. */
const HOOK = 'hook"';

/**
 * Reads `nft -j list ruleset`. Rules and elements are understood when a packet meets them. An object that is not understood is a
 * gap, and then rules may be missing: it could be a chain.
 */
export function parseNftJson(artefact: Artefact): Parsed<NftRuleset> {
  const gaps = new GapLog(artefact.name);
  const reader = new Reader(artefact, gaps);
  const places = findObjects(artefact.bytes);
  if (places === null) readDocument(artefact, gaps, reader);
  else reader.readPlaces(places);
  if (gaps.list().length === 0 && hooksIn(artefact.bytes) !== reader.hooks) {
    gaps.add('unreadable', 'a hook stands where no chain is', { pointer: '' });
  }
  return reader.builder.finish();
}

/** Reads a document that is broken, or that somebody has printed in another way. */
function readDocument(artefact: Artefact, gaps: GapLog, reader: Reader): void {
  const document = readJson(artefact, 0, OBJECTS);
  gaps.addAll(document.gaps);
  const objects = document.root?.member('nftables');
  if (objects?.kind === 'array') reader.readAll(objects);
  else if (document.gaps.length === 0) {
    gaps.add('unreadable', 'no array nftables: this is no `nft -j list ruleset`', { pointer: '' });
  }
}

class Reader {
  readonly builder: RulesetBuilder;
  hooks = 0;
  private readonly artefact: string;
  private readonly bytes: Buffer;
  private readonly gaps: GapLog;
  private chains: PrintedChains | undefined;
  private places: ObjectPlaces = { starts: [], ends: [], parts: [] };

  constructor(artefact: Artefact, gaps: GapLog) {
    const { name, bytes } = artefact;
    this.artefact = name;
    this.bytes = bytes;
    this.gaps = gaps;
    this.builder = new RulesetBuilder(artefact, gaps, {
      placesOf: (family, table, chain) => this.chains?.rulesOf(family, table, chain),
      open: (place) => new LaterRule(this.objectAt(place)),
    });
  }

  readPlaces(places: ObjectPlaces): void {
    this.places = places;
    this.chains = new PrintedChains(this.bytes, places, (family, table) => this.builder.table(family, table));
    this.chains.index((index) => {
      const start = places.starts[index] ?? 0;
      const end = Math.min(places.ends[index] ?? 0, start + MOST_BYTES);
      const head = readHead(this.bytes.toString('latin1', start, end));
      if (head !== undefined) this.readLater(head, this.objectAt(index), index);
      else this.read(this.objectAt(index).cursor().value, index);
    });
  }

  private objectAt(index: number): JsonObject {
    const { artefact, bytes } = this;
    const [start, end] = [this.places.starts[index], this.places.ends[index]];
    let made: Cursor | undefined;
    return { cursor: () => (made ??= new Cursor(artefact, `/nftables/${index}`, parsed(bytes, start, end))) };
  }

  readAll(objects: JsonNode): void {
    for (const [index, node] of objects.elements().entries()) {
      const head = node.whole ? readHead(node.head(MOST_BYTES)) : undefined;
      if (head !== undefined) this.readLater(head, node, index);
      else if (node.whole) this.read(node.cursor().value, index);
    }
  }

  /** An object of which it is known where it belongs, and which nobody has asked for yet. */
  private readLater({ kind, family, table, name, updates }: Head, node: JsonObject, index: number): void {
    const place = this.builder.table(family, table);
    if (kind === 'rule') {
      place.addRule(name, new LaterRule(node), index);
      for (const set of updates) place.updates(set);
    } else if (kind === 'chain') place.addChain(name);
    else place.sets.set(name, () => this.declared(kind, node, index));
  }

  private declared(kind: 'set' | 'map', node: JsonObject, index: number): SetDeclaration | undefined {
    const [start, end] = [this.places.starts[index], this.places.ends[index]];
    const isPlaced = start !== undefined && end !== undefined;
    const found = isPlaced ? printedDeclaration(kind, this.bytes.toString('latin1', start, end)) : undefined;
    return found ?? declaration(kind, memberOf(node.cursor().value, kind));
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
    if (kind === 'rule') return this.readRule(body, cite, place, index);
    if (name === undefined) return false;
    switch (kind) {
      case 'table':
        place.dormant = flagsOf(body).includes('dormant');
        return true;
      case 'chain':
        place.addChain(name);
        if (body['hook'] !== undefined) this.hooks += 1;
        // A chain without any of these hangs nowhere and is reached by jumps alone.
        if (['hook', 'prio', 'type', 'policy'].some((key) => body[key] !== undefined)) {
          this.builder.baseChain(baseChain(body, name, table, place.family, cite()));
        }
        return true;
      case 'set':
      case 'map': {
        const declared = declaration(kind, body);
        place.sets.set(name, () => declared);
        return declared !== undefined;
      }
      case 'limit':
      case 'quota':
        place.objects.set(`${kind} ${name}`, () => body);
        return true;
      default:
        return false;
    }
  }

  private readRule(body: Tree, cite: () => Evidence, place: TableSource, index: number): boolean {
    const chain = textOf(body['chain']);
    const statements = body['expr'];
    if (chain === undefined || (statements !== undefined && !Array.isArray(statements))) return false;
    const list: readonly unknown[] = statements ?? [];
    place.addRule(chain, { cite, statements: () => list }, index);
    for (const statement of list) {
      const changed = textOf(
        memberOf(memberOf(statement, 'set'), 'set') ?? memberOf(memberOf(statement, 'map'), 'map'),
      );
      if (changed?.startsWith('@') === true) place.updates(changed.slice(1));
    }
    return true;
  }
}

/** One object of the array, which is parsed when somebody asks for its value. */
interface JsonObject {
  cursor(): Cursor;
}

/** @returns undefined when it is no JSON */
function parsed(bytes: Buffer, start: number | undefined, end: number | undefined): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}

/** A rule whose text is read when a packet comes to it. */
class LaterRule implements RuleSource {
  private readonly node: JsonObject;

  constructor(node: JsonObject) {
    this.node = node;
  }

  cite(): Evidence {
    return this.node.cursor().at('rule').evidence();
  }

  statements(): readonly unknown[] {
    const expr = this.node.cursor().at('rule', 'expr').value;
    return Array.isArray(expr)
      ? (expr as unknown[])
      : expr === undefined && this.node.cursor().isObject()
        ? []
        : [null];
  }
}

/** @returns undefined when it is not understood */
function declaration(kind: 'set' | 'map', body: unknown): SetDeclaration | undefined {
  const types = typeNames(memberOf(body, 'type'));
  const data = kind === 'map' ? typeNames(memberOf(body, 'map')) : null;
  if (types === undefined || data === undefined || !isObject(body)) return undefined;
  const flags = flagsOf(body);
  const list: unknown = body['elem'] ?? [];
  return {
    types,
    data,
    dynamic: flags.includes('dynamic') || flags.includes('timeout'),
    timeoutSeconds: timeoutOf(body),
    elements: () => (Array.isArray(list) ? (list as unknown[]) : [list]),
  };
}

/** @returns undefined when its elements are to be read one by one */
function printedDeclaration(kind: 'set' | 'map', text: string): SetDeclaration | undefined {
  const printed = cutElements(text);
  const declared = declaration(kind, memberOf(printed?.declaration, kind));
  if (printed === undefined || declared === undefined) return undefined;
  const find = elementFinder(printed.elements, declared.types, declared.data);
  if (find === undefined) return undefined;
  const elements = (): readonly unknown[] => {
    const list: unknown = JSON.parse(`[${printed.elements}]`);
    return Array.isArray(list) ? (list as unknown[]) : [];
  };
  return { ...declared, find, elements };
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
    if (bytes[at - 1] === QUOTE && bytes[skipSpace(bytes, at + HOOK.length)] === COLON) count += 1;
  }
  return count;
}
