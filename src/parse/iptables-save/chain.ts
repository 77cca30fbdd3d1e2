import type { Family } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Match, Target } from '../../model/iptables-rule.ts';
import type { IptablesChain, IptablesRule, IptablesTable } from '../../model/netfilter.ts';
import { isAppend } from './bytes.ts';
import { DestinationFilter } from './destination-filter.ts';
import type { LineIndex } from './line-index.ts';
import type { RuleBody } from './rule-body.ts';
import { damaged, parseRuleLine } from './rule-line.ts';

/** Chains shorter than this are read whole: a filter would cost more than it saves. */
const FILTERED_LENGTH = 16;

/** What a chain needs to read its rules. */
export interface ChainSource {
  readonly lines: LineIndex;
  readonly family: Family;
  readonly table: IptablesTable;
  /** Told when a rule turns out not to be understood. */
  readonly onProblem: (line: number, problems: readonly string[]) => void;
}

/** A rule whose line is decoded and understood when somebody looks at it. */
class LazyRule implements IptablesRule {
  readonly table: IptablesTable;
  readonly chain: string;
  readonly line: number;
  private readonly source: ChainSource;
  private text: string | undefined;
  private body: RuleBody | undefined;

  constructor(source: ChainSource, chain: string, index: number) {
    this.table = source.table;
    this.chain = chain;
    this.line = index + 1;
    this.source = source;
  }

  get raw(): string {
    this.text ??= this.source.lines.line(this.line - 1);
    return this.text;
  }

  get matches(): readonly Match[] {
    return this.read().matches;
  }

  get target(): Target | null {
    return this.read().target;
  }

  private read(): RuleBody {
    if (this.body !== undefined) return this.body;
    const { lines, family, onProblem } = this.source;
    const whole = lines.terminated(this.line - 1);
    this.body = whole ? parseRuleLine(this.raw, family) : damaged(this.raw, 'the file ends within this line');
    if (this.body.problems.length > 0) onProblem(this.line, this.body.problems);
    return this.body;
  }
}

/** One chain of a dump. Rules are made once and kept, so that many packets cost one reading. */
export class LazyChain implements IptablesChain {
  readonly table: IptablesTable;
  readonly name: string;
  readonly policy: 'ACCEPT' | 'DROP' | null;
  private readonly source: ChainSource;
  private readonly cite: () => Evidence;
  private readonly lines: readonly number[];
  private readonly made = new Map<number, IptablesRule>();
  private filter: DestinationFilter | undefined;
  private all: readonly IptablesRule[] | undefined;

  /**
   * @param cite gives the chain's own line, which few ask for
   * @param lines the chain's rules: indexes of lines, in the kernel's order
   */
  constructor(
    source: ChainSource,
    chain: Pick<IptablesChain, 'name' | 'policy'>,
    cite: () => Evidence,
    lines: readonly number[],
  ) {
    this.table = source.table;
    this.name = chain.name;
    this.policy = chain.policy;
    this.source = source;
    this.cite = cite;
    this.lines = lines;
  }

  get evidence(): Evidence {
    return this.cite();
  }

  *rules(): Iterable<IptablesRule> {
    for (let ordinal = 0; ordinal < this.lines.length; ordinal += 1) yield this.rule(ordinal);
  }

  candidates(destination: string): readonly IptablesRule[] {
    if (this.lines.length < FILTERED_LENGTH) {
      this.all ??= [...this.rules()];
      return this.all;
    }
    this.filter ??= this.makeFilter();
    return this.filter.candidates(destination).map((ordinal) => this.rule(ordinal));
  }

  private rule(ordinal: number): IptablesRule {
    const known = this.made.get(ordinal);
    if (known !== undefined) return known;
    const made = new LazyRule(this.source, this.name, this.lines[ordinal] ?? 0);
    this.made.set(ordinal, made);
    return made;
  }

  private makeFilter(): DestinationFilter {
    const { lines } = this.source;
    const numbers = this.lines;
    const { length } = numbers;
    const command = Buffer.byteLength(`-A ${this.name} `);
    const first = numbers[0] ?? 0;
    // Commands like `-I` may have put them into another order.
    const neighbours = numbers.every((line, ordinal) => line === first + ordinal);
    return new DestinationFilter(lines.bytes, {
      length,
      optionsOf: (ordinal) => {
        const at = lines.commandOf(numbers[ordinal] ?? 0);
        return isAppend(lines.bytes, at) ? at + command : -1;
      },
      startOf: (ordinal) => (neighbours ? lines.startOf(first + ordinal) : undefined),
    });
  }
}
