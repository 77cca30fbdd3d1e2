import type { Evidence } from '../../model/evidence.ts';
import type { NftFamily, NftRule, NftSet, NftStatement, NftTable } from '../../model/nftables.ts';
import type { MapData } from './expression.ts';
import { LazySet } from './set.ts';
import { anonymousSet, decodeStatement, limitText, type RuleSurroundings } from './statement.ts';
import type { RuleSource, SetDeclaration, TableSource } from './table-source.ts';
import { memberOf } from './tree.ts';

/** Told when a rule turns out not to be understood. */
type OnProblem = (evidence: Evidence, problem: string) => void;

/** A rule that is understood when somebody looks at it. */
class LazyRule implements NftRule {
  readonly table: string;
  readonly chain: string;
  private readonly source: RuleSource;
  private readonly owner: LazyTable;
  private cited: Evidence | undefined;
  private decoded: readonly NftStatement[] | undefined;

  constructor(owner: LazyTable, chain: string, source: RuleSource) {
    this.table = `${owner.family} ${owner.name}`;
    this.chain = chain;
    this.source = source;
    this.owner = owner;
  }

  get evidence(): Evidence {
    this.cited ??= this.source.cite();
    return this.cited;
  }

  get raw(): string {
    return this.evidence.raw;
  }

  get statements(): readonly NftStatement[] {
    this.decoded ??= this.decode();
    return this.decoded;
  }

  private decode(): readonly NftStatement[] {
    const statements = this.source.statements().flatMap((one) => decodeStatement(one, this.owner));
    for (const one of statements) if (one.kind === 'unknown') this.owner.report(this.evidence, one.reason);
    return statements;
  }
}

/** A table whose rules and sets are made when a packet meets them, and kept. */
export class LazyTable implements NftTable, RuleSurroundings {
  readonly family: NftFamily | 'unknown';
  readonly name: string;
  private readonly source: TableSource;
  private readonly onProblem: OnProblem;
  private readonly chains = new Map<string, readonly NftRule[]>();
  private readonly sets = new Map<string, NftSet>();
  private readonly declarations = new Map<string, SetDeclaration>();

  constructor(source: TableSource, onProblem: OnProblem) {
    this.family = source.family;
    this.name = source.name;
    this.source = source;
    this.onProblem = onProblem;
  }

  get dormant(): boolean {
    return this.source.dormant;
  }

  rules(chain: string): readonly NftRule[] | undefined {
    const known = this.chains.get(chain);
    if (known !== undefined) return known;
    const rules = this.source.rulesOf(chain)?.map((source) => new LazyRule(this, chain, source));
    if (rules !== undefined) this.chains.set(chain, rules);
    return rules;
  }

  set(name: string): NftSet | undefined {
    const known = this.sets.get(name);
    if (known !== undefined) return known;
    const declared = this.declared(name);
    if (declared === undefined) return undefined;
    const dynamic = declared.dynamic || this.source.updated.has(name);
    const set = new LazySet({ ...declared, name, dynamic });
    this.sets.set(name, set);
    return set;
  }

  private declared(name: string): SetDeclaration | undefined {
    const known = this.declarations.get(name);
    if (known !== undefined) return known;
    const declared = this.source.sets.get(name)?.();
    if (declared !== undefined) this.declarations.set(name, declared);
    return declared;
  }

  object(kind: 'limit' | 'quota', name: string): { readonly text: string; readonly over: boolean } | undefined {
    const tree = this.source.objects.get(`${kind} ${name}`)?.();
    return tree === undefined ? undefined : limitText(kind, tree);
  }

  map(data: unknown, keys: readonly string[], wanted: readonly string[]): MapData | undefined {
    if (typeof data === 'string' && data.startsWith('@')) {
      const name = data.slice(1);
      const types = this.declared(name)?.data;
      return types === undefined || types === null ? undefined : { reference: { kind: 'named', name }, types };
    }
    const elements = memberOf(data, 'set');
    if (!Array.isArray(elements)) return undefined;
    const types = wanted.length > 1 ? dataTypes(elements, wanted) : wanted;
    return { reference: { kind: 'anonymous', set: anonymousSet(elements, keys, types) }, types };
  }

  report(evidence: Evidence, problem: string): void {
    this.onProblem(evidence, problem);
  }
}

/** Of a translation's address and port, a map may hold both or the address alone. */
function dataTypes(elements: readonly unknown[], wanted: readonly string[]): readonly string[] {
  const [first] = elements;
  const data: unknown = Array.isArray(first) ? first[1] : undefined;
  return memberOf(data, 'concat') === undefined ? wanted.slice(0, 1) : wanted;
}
