/**
 * Takes the bytes of an iptables-save, gives where its lines, sections and chains are. No line is decoded before somebody asks for
 * it: a dump may hold hundreds of thousands of rules, of which a packet meets a dozen.
 */
import { BRACKET, DASH, HASH, NEWLINE, RETURN, SPACE, STAR, wordAt } from './bytes.ts';
import { RunIndex } from './run-index.ts';
import { scanLines, type Scan } from './scan-lines.ts';

/** From a `*table` line to its COMMIT. Line numbers are indexes from 0; `to` is the first line after the section. */
export interface Section {
  readonly table: string;
  readonly from: number;
  to: number;
  committed: boolean;
  /** Which of all declarations stand in it. */
  readonly firstDeclaration: number;
  lastDeclaration: number;
}

/** The lines of one dump. */
export class LineIndex {
  readonly bytes: Buffer;
  readonly sections: Section[] = [];
  /** Lines inside sections that are commands in any other form than `-A CHAIN` (`-I`, `-P`, `--append` …). */
  readonly commands: number[] = [];
  /** Lines that are nothing an iptables-save or a restore file has. */
  readonly strangers: number[] = [];
  private readonly scan: Scan;
  private readonly runIndex: RunIndex;
  private section: Section | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.scan = scanLines(bytes, (line, at, declared) => this.other(line, at, declared));
    if (this.section !== undefined) close(this.section, this.lineCount, this.scan.declarations.length);
    this.runIndex = new RunIndex(bytes, this.scan.runs, (line) => this.commandOf(line));
  }

  get lineCount(): number {
    return this.scan.starts.length;
  }

  /** The text of a line (index from 0) without its line end. */
  line(index: number): string {
    return this.bytes.toString('utf8', this.startOf(index), this.endOf(index));
  }

  /** Where the command of a line begins: after the counters, if it has them. */
  commandOf(index: number): number {
    let at = this.startOf(index);
    if (this.bytes[at] !== BRACKET) return at;
    while (at < this.bytes.length && this.bytes[at] !== SPACE && this.bytes[at] !== NEWLINE) at += 1;
    return at + 1;
  }

  /** Whether the line ends in a line feed: the last one of a dump that was cut off does not. */
  terminated(index: number): boolean {
    return index + 1 < this.lineCount || this.bytes.at(-1) === NEWLINE;
  }

  /** Where a line ends, line feed and carriage return left out. */
  endOf(index: number): number {
    const last = index + 1 === this.lineCount;
    const next = last ? this.bytes.length : this.startOf(index + 1) - 1;
    const end = last && this.terminated(index) ? next - 1 : next;
    return this.bytes[end - 1] === RETURN && end > this.startOf(index) ? end - 1 : end;
  }

  /** The lines of a chain's rules inside a section, in order. */
  rules(section: Section, chain: string): number[] {
    return this.runIndex.find(chain, section.from, section.to);
  }

  /** The line that declares a chain in a section: the last one, as iptables-restore would have it. */
  declaration({ firstDeclaration, lastDeclaration }: Section, chain: string): number | undefined {
    if (lastDeclaration === firstDeclaration) return undefined;
    const needle = Buffer.from(`:${chain} `);
    const from = this.declarationAt(firstDeclaration);
    let at = this.bytes.lastIndexOf(needle, this.declarationAt(lastDeclaration - 1));
    while (at >= from) {
      if (this.bytes[at - 1] === NEWLINE) return this.lineAt(at);
      at = this.bytes.lastIndexOf(needle, at - 1);
    }
    return undefined;
  }

  /** A rule line of a section whose chain is declared nowhere in it, nor `known` otherwise; undefined when there is none. */
  undeclared(section: Section, known: (chain: string) => boolean): number | undefined {
    const suspects = this.scan.suspects.filter((line) => section.from < line && line < section.to);
    if (suspects.length === 0) return undefined;
    const names = new Set<string>();
    for (let index = section.firstDeclaration; index < section.lastDeclaration; index += 1) {
      names.add(wordAt(this.bytes, this.declarationAt(index) + 1));
    }
    return suspects.find((line) => {
      const chain = wordAt(this.bytes, this.commandOf(line) + 3);
      return !names.has(chain) && !known(chain);
    });
  }

  /** Where a line begins; behind the last one, the end of the dump. */
  startOf(index: number): number {
    return this.scan.starts[index] ?? this.bytes.length;
  }

  private declarationAt(index: number): number {
    return this.scan.declarations[index] ?? 0;
  }

  /** The line that begins at an offset. */
  private lineAt(offset: number): number {
    let low = 0;
    let high = this.lineCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startOf(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A line that is neither rule nor declaration. */
  private other(line: number, at: number, declared: number): void {
    const { section } = this;
    const first = this.bytes[at];
    if (first === HASH || first === NEWLINE || first === undefined) return;
    if (first === STAR) {
      if (section !== undefined) close(section, line, declared);
      this.section = {
        table: wordAt(this.bytes, at + 1),
        from: line,
        to: line,
        committed: false,
        firstDeclaration: declared,
        lastDeclaration: declared,
      };
      this.sections.push(this.section);
      return;
    }
    const text = this.bytes.toString('latin1', at, Math.min(at + 8, this.bytes.length)).trim();
    if (section !== undefined && first === DASH) this.commands.push(line);
    else if (section !== undefined && text.startsWith('COMMIT')) {
      close(section, line + 1, declared);
      section.committed = true;
      this.section = undefined;
    } else if (text !== '' || first === 0) this.strangers.push(line);
  }
}

function close(section: Section, to: number, declared: number): void {
  section.to = to;
  section.lastDeclaration = declared;
}
