import type { Family } from '../../model/address.ts';
import type { GapKind } from '../../model/artefact.ts';
import type { Unknown } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { IptablesChain, IptablesTable } from '../../model/netfilter.ts';
import { LazyChain, type ChainSource } from './chain.ts';
import type { LineIndex, Section } from './line-index.ts';
import { RecentChains } from './recent-chains.ts';
import { readCommand, type RestoreCommand } from './restore-command.ts';

/** Following more of them would cost quadratic time; no file for iptables-restore has so many in this form. */
const MOST_COMMANDS = 5_000;
const BUILT_IN: ReadonlySet<string> = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

/** One `*table` … `COMMIT` of a dump, its chains found by name. */
export class TableSection {
  /** Why rules may be missing here. */
  readonly incomplete: Unknown | undefined;
  private readonly lines: LineIndex;
  private readonly section: Section;
  private readonly artefact: string;
  private readonly source: ChainSource;
  private readonly commands: readonly RestoreCommand[];
  private readonly chains = new RecentChains();
  /** Lines that were found not to be understood: a chain may be read again. */
  private readonly strange = new Set<number>();
  private byChain: Map<string | null, RestoreCommand[]> | undefined;
  private readonly report: (kind: GapKind, line: number, problem: string) => void;

  constructor(
    lines: LineIndex,
    section: Section,
    artefact: string,
    family: Family,
    table: IptablesTable,
    report: (kind: GapKind, line: number, problem: string) => void,
  ) {
    this.lines = lines;
    this.section = section;
    this.artefact = artefact;
    this.report = report;
    this.source = {
      lines,
      family,
      table,
      onProblem: (line, problems) => {
        if (this.strange.has(line)) return;
        this.strange.add(line);
        for (const problem of problems) report('not-understood', line - 1, problem);
      },
    };
    const commands = lines.commands.filter((line) => section.from < line && line < section.to);
    this.commands = commands.map((line, ordinal) =>
      ordinal < MOST_COMMANDS ? readCommand(lines.line(line), line) : { kind: 'unknown', chain: null, line },
    );
    this.incomplete = this.findDamage();
  }

  chain(name: string): IptablesChain | undefined {
    const known = this.chains.get(name);
    if (known !== undefined) return known ?? undefined;
    const chain = this.build(name);
    this.chains.set(name, chain ?? null);
    return chain;
  }

  private build(name: string): IptablesChain | undefined {
    const rules = this.ruleLines(name);
    const builtIn = BUILT_IN.has(name);
    // Where a chain is declared is looked up when somebody asks, but for chains that have no rules or may have a policy.
    const own = builtIn || rules.length === 0 ? this.ownLine(name) : undefined;
    if (own === undefined && rules.length === 0) return undefined;
    const policy = builtIn ? this.policy(name, own) : null;
    const cite = (): Evidence => this.evidence(own ?? this.ownLine(name) ?? rules[0] ?? this.section.from);
    return new LazyChain(this.source, { name, policy }, cite, rules);
  }

  /** The line that declares or makes a chain. */
  private ownLine(name: string): number | undefined {
    const made = this.commandsOf(name).findLast((one) => one.kind === 'new' || one.kind === 'policy');
    return this.lines.declaration(this.section, name) ?? made?.line;
  }

  /** Built-in chains that state no policy have the kernel's: ACCEPT. */
  private policy(name: string, line: number | undefined): 'ACCEPT' | 'DROP' {
    const command = this.commandsOf(name).findLast((one) => one.kind === 'policy');
    const word =
      command?.kind === 'policy' ? command.policy : line === undefined ? '' : this.lines.line(line).split(' ', 2)[1];
    return word === 'DROP' ? 'DROP' : 'ACCEPT';
  }

  /** The chain's rules in the kernel's order: as the lines stand, unless the section holds commands that change it. */
  private ruleLines(name: string): number[] {
    const rules = this.lines.rules(this.section, name);
    const commands = this.commandsOf(name);
    if (commands.length === 0) return rules;
    const appended = rules.map((line): RestoreCommand => ({ kind: 'append', chain: name, line }));
    return applyCommands([...appended, ...commands].toSorted((a, b) => a.line - b.line));
  }

  private commandsOf(name: string): readonly RestoreCommand[] {
    this.byChain ??= groupByChain(this.commands);
    return [...(this.byChain.get(name) ?? []), ...(this.byChain.get(null) ?? [])];
  }

  private findDamage(): Unknown | undefined {
    const { lines, section } = this;
    const problems: (readonly [number, string])[] = [];
    const stray = lines.strangers.find((line) => section.from < line && line < section.to);
    if (stray !== undefined) problems.push([stray, 'a line is not understood']);
    for (const { kind, line } of this.commands) {
      if (kind !== 'unknown') continue;
      this.report('not-understood', line, 'this command is not understood');
      problems.push([line, 'a command is not understood']);
    }
    const undeclared = this.findUndeclared();
    if (undeclared !== undefined) {
      this.report('unreadable', undeclared, 'this chain is declared nowhere in the table');
      problems.push([undeclared, 'a rule stands in a chain that is declared nowhere']);
    }
    if (!section.committed) {
      this.report(
        'unreadable',
        section.from,
        `table ${section.table} has no COMMIT: the file is cut off, or was never loaded`,
      );
      problems.push([section.from, 'its COMMIT is missing']);
    }
    const [first] = problems;
    if (first === undefined) return undefined;
    const reason = `rules of table ${section.table} may be missing from the dump: ${first[1]}`;
    return { reason, evidence: [this.evidence(first[0])] };
  }

  /** Files written by hand may leave the built-in chains undeclared, and make chains with `-N`. */
  private findUndeclared(): number | undefined {
    const made = new Set(this.commands.filter((command) => command.kind === 'new').map((command) => command.chain));
    return this.lines.undeclared(this.section, (name) => BUILT_IN.has(name) || made.has(name));
  }

  private evidence(line: number): Evidence {
    return { artefact: this.artefact, line: line + 1, raw: this.lines.line(line) };
  }
}

function groupByChain(commands: readonly RestoreCommand[]): Map<string | null, RestoreCommand[]> {
  const groups = new Map<string | null, RestoreCommand[]>();
  for (const command of commands) {
    const group = groups.get(command.chain);
    if (group === undefined) groups.set(command.chain, [command]);
    else group.push(command);
  }
  return groups;
}

/** Runs commands in order, as iptables-restore does; gives the lines of the rules that stand in the end. */
function applyCommands(commands: readonly RestoreCommand[]): number[] {
  const rules: number[] = [];
  for (const command of commands) {
    if (command.kind === 'append') rules.push(command.line);
    else if (command.kind === 'insert') rules.splice(command.position - 1, 0, command.line);
    else if (command.kind === 'flush') rules.length = 0;
  }
  return rules;
}
