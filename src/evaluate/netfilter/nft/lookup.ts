import { addressFromBits } from '../../../model/address.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import type { NftDatum, NftElement, NftRule, NftSet, NftSetReference, NftTable } from '../../../model/nftables.ts';
import { append, findLast } from '../list.ts';
import { freshKey } from '../match/chance.ts';
import { change, type WalkState } from '../state.ts';
import { suppose } from '../suppose.ts';
import { distribute, type Span } from './choice.ts';
import { fitsKey } from './compare.ts';
import type { Choice, Value } from './value.ts';

/** What the evaluation of a rule may look at, beside the packet. */
export interface NftContext {
  readonly rule: NftRule;
  /** Index of the statement that is run. */
  readonly statement: number;
  readonly table: NftTable;
  readonly environment: NetfilterEnvironment;
}

/** One way that a lookup may end: an element, none, or nobody can tell. */
export interface Found {
  readonly state: WalkState;
  readonly element: NftElement | null | undefined;
  /** For `undefined`: why, in one clause. */
  readonly reason: string;
}

const PRESENT: NftElement = { key: [] };

/** The element of a set or map that has the key. Source: net/netfilter/nft_lookup.c nft_lookup_eval. */
export function lookUp(
  reference: NftSetReference,
  key: Value,
  context: NftContext,
  state: WalkState,
): readonly Found[] {
  const set = reference.kind === 'anonymous' ? reference.set : context.table.set(reference.name);
  if (set === undefined) {
    const name = reference.kind === 'named' ? reference.name : '';
    return [notKnown(state, `set ${name} is not in the dump`)];
  }
  if (key.kind === 'choice') return lookUpChoice(set, key.choice, context, state);
  if (key.kind === 'unknown') return [notKnown(state, key.reason)];
  if (set.dynamic) return lookUpDynamic(set, key, context, state);
  return [lookUpKey(set, key, state)];
}

function notKnown(state: WalkState, reason: string): Found {
  return { state, element: undefined, reason };
}

function lookUpKey(set: NftSet, key: Value, state: WalkState): Found {
  const parts = partsOf(key);
  const elements = parts === undefined ? set.elements : set.candidates(parts);
  let rest: NftElement | null = null;
  let open = false;
  for (const element of elements) {
    if (isRest(element)) {
      rest = element;
      continue;
    }
    const fits = fitsKey(element.key, key);
    if (fits === 'yes') return { state, element, reason: '' };
    open ||= fits === 'unknown';
  }
  if (open) return notKnown(state, unknownPart(key));
  if (set.incomplete !== undefined) return notKnown(state, set.incomplete.reason);
  return { state, element: rest, reason: '' };
}

/** `*`: where no other element is. */
function isRest(element: NftElement): boolean {
  return element.key.every((pattern) => pattern.kind === 'any');
}

function unknownPart(key: Value): string {
  const parts = key.kind === 'parts' ? key.parts : [key];
  const part = parts.find((one) => one.kind === 'unknown' || one.kind === 'within' || one.kind === 'bits');
  if (part?.kind === 'unknown') return part.reason;
  return part?.kind === 'within'
    ? `the port is any of ${part.from} to ${part.to}`
    : 'some bits of the value are not known';
}

/** The parts of a key; undefined when one is not known. */
function partsOf(key: Value): readonly NftDatum[] | undefined {
  const parts: NftDatum[] = [];
  for (const part of key.kind === 'parts' ? key.parts : [key]) {
    if (part.kind !== 'known') return undefined;
    parts.push(part.datum);
  }
  return parts;
}

/** A number that something picks, in a set or map whose keys are numbers. */
function lookUpChoice(set: NftSet, choice: Choice, { rule }: NftContext, state: WalkState): readonly Found[] {
  const spans: Span<NftElement>[] = [];
  let rest: NftElement | null = null;
  for (const element of set.elements) {
    const [pattern, other] = element.key;
    if (pattern?.kind === 'any') rest = element;
    else if (pattern?.kind !== 'range' || other !== undefined)
      return [notKnown(state, `${choice.text} is looked up in another kind of set`)];
    else if (typeof pattern.from === 'number' && typeof pattern.to === 'number') {
      spans.push({ from: pattern.from, to: pattern.to, item: element });
    }
  }
  if (set.dynamic || set.incomplete !== undefined)
    return [notKnown(state, set.incomplete?.reason ?? 'the set changes')];
  const branches = distribute(choice, spans, state, choiceKey(choice, rule, state));
  return branches.map((branch) => ({ state: branch.state, element: branch.item ?? rest, reason: '' }));
}

/** A turn is taken each time that a packet comes to the rule; a hash stays the same. */
export function choiceKey(choice: Choice, rule: NftRule, state: WalkState): string {
  const key = `${choice.by}:${choice.id}:${placeOf(rule)}`;
  return choice.by === 'turn' ? freshKey(key, state) : key;
}

/** Where a rule stands, as part of a key. */
export function placeOf({ evidence }: NftRule): string {
  return `${evidence.artefact}:${evidence.line ?? evidence.pointer ?? ''}`;
}

/** What packets put into a set or take out of it is known of this packet's own rules alone; the rest is a condition. */
function lookUpDynamic(set: NftSet, key: Value, { table }: NftContext, state: WalkState): readonly Found[] {
  const text = partsOf(key)?.join(' ');
  if (set.isMap) return [notKnown(state, `packets change map ${set.name ?? ''}`)];
  if (text === undefined) return [notKnown(state, unknownPart(key))];
  const entry = entryKey(table, set.name ?? '', text);
  const before = findLast(state.recent, (one) => one.key === entry)?.present;
  if (before !== undefined) return [{ state, element: before ? PRESENT : null, reason: '' }];
  const subject = { kind: 'set-element', set: set.name ?? '', element: readable(set, key) } as const;
  return [true, false].flatMap((value): Found[] => {
    const next = suppose(state, { key: entry, value, subject });
    return next === null ? [] : [{ state: next, element: value ? PRESENT : null, reason: '' }];
  });
}

function entryKey(table: NftTable, set: string, text: string): string {
  return `set:${table.family} ${table.name}:${set}:${text}`;
}

/**
 * Puts the key into a set, or takes it out.
 * @returns one clause when nobody can tell which key that is
 */
export function changeSet(
  name: string,
  key: Value,
  present: boolean,
  { table }: NftContext,
  state: WalkState,
): WalkState | string {
  const text = partsOf(key)?.join(' ');
  if (text === undefined) return unknownPart(key);
  return change(state, { recent: append(state.recent, { key: entryKey(table, name, text), present }) });
}

/** A key as a person would write it. */
function readable(set: NftSet, key: Value): string {
  const parts = key.kind === 'parts' ? key.parts : [key];
  return parts
    .map((part, index) => (part.kind === 'known' ? datumText(part.datum, set.types[index] ?? '') : '?'))
    .join(' . ');
}

function datumText(datum: number | bigint | string, type: string): string {
  if (type === 'ipv4_addr' && typeof datum === 'number') return addressFromBits(4, BigInt(datum)).text;
  if (type === 'ipv6_addr' && typeof datum === 'bigint') return addressFromBits(6, datum).text;
  return String(datum);
}
