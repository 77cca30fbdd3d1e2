import type { Evidence } from '../../model/evidence.ts';
import type { NftFamily } from '../../model/nftables.ts';

const FAMILIES: readonly string[] = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'] satisfies NftFamily[];

/** A rule before it is understood. */
export interface RuleSource {
  cite(): Evidence;
  /** Its statements as libnftables-json(5) has them. */
  statements(): readonly unknown[];
}

/** A set or map that has a name, before its elements are understood. */
export interface SetDeclaration {
  readonly types: readonly string[];
  /** Types of a map's data; null for a set. */
  readonly data: readonly string[] | null;
  readonly dynamic: boolean;
  readonly timeoutSeconds: number | null;
  /** The elements as libnftables-json(5) has them. */
  readonly elements: () => readonly unknown[];
  /**
   * Set where all elements are written with plain values, and one can be found without reading the others.
   * @param parts of a key, as they are written
   * @returns the element as `elements` has it
   */
  readonly find?: (parts: readonly string[]) => unknown;
}

/** Finds rules that were not added one by one: those of a listing that are read when somebody asks for their chain. */
export interface RuleFinder {
  /** Numbers of the chain's rules in the listing, in order; undefined: it knows no such chain. */
  placesOf(family: string, table: string, chain: string): readonly number[] | undefined;
  open(place: number): RuleSource;
}

interface PlacedRule {
  readonly place: number;
  readonly rule: RuleSource;
}

/** What was found in one table. */
export class TableSource {
  readonly family: NftFamily | 'unknown';
  readonly name: string;
  dormant = false;
  /** Sets and maps; undefined: not understood. */
  readonly sets = new Map<string, () => SetDeclaration | undefined>();
  /** Named limits and quotas, as libnftables-json(5) has them, by kind and name. */
  readonly objects = new Map<string, () => unknown>();
  /** Sets that rules of the table change. */
  readonly updated = new Set<string>();

  private readonly chains = new Map<string, PlacedRule[]>();
  private readonly placesOf: (chain: string) => readonly number[] | undefined;
  private readonly open: (place: number) => RuleSource;

  /** @param family as the listing says it, by which the finder knows the table */
  constructor(family: string, name: string, finder: RuleFinder) {
    this.family = isFamily(family) ? family : 'unknown';
    this.name = name;
    this.placesOf = (chain) => finder.placesOf(family, name, chain);
    this.open = (place) => finder.open(place);
  }

  addChain(name: string): void {
    if (!this.chains.has(name)) this.chains.set(name, []);
  }

  /** @param place number of the rule in the listing; rules are added in their order */
  addRule(chain: string, rule: RuleSource, place = 0): void {
    const rules = this.chains.get(chain);
    if (rules === undefined) this.chains.set(chain, [{ place, rule }]);
    else rules.push({ place, rule });
  }

  /** The rules of a chain, in order; undefined: there is no such chain. */
  rulesOf(chain: string): readonly RuleSource[] | undefined {
    const added = this.chains.get(chain);
    const places = this.placesOf(chain);
    if (places === undefined) return added?.map(({ rule }) => rule);
    const found = places.map((place): PlacedRule => ({ place, rule: this.open(place) }));
    return [...(added ?? []), ...found].toSorted((a, b) => a.place - b.place).map(({ rule }) => rule);
  }

  hasRules(chain: string): boolean {
    return (this.chains.get(chain)?.length ?? 0) > 0 || (this.placesOf(chain)?.length ?? 0) > 0;
  }

  updates(set: string): void {
    this.updated.add(set);
  }
}

function isFamily(text: string): text is NftFamily {
  return FAMILIES.includes(text);
}
