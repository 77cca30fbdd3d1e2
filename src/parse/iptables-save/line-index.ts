/**
 * Takes the bytes of an iptables-save, gives where its lines, sections and chains are. One pass over bytes, no line is decoded: a
 * dump may hold hundreds of thousands of rules, of which a packet meets a dozen.
 */
import { BRACKET, COLON, DASH, HASH, isAppend, NEWLINE, RETURN, sameWord, SPACE, STAR, wordAt } from './bytes.ts';
import { RunIndex, type Run } from './run-index.ts';

/** From a `*table` line to its COMMIT. Line numbers are indexes from 0; `to` is the first line after the section. */
export interface Section {
  readonly table: string;
  readonly from: number;
  to: number;
  committed: boolean;
  /** Where its declarations are among all. */
  readonly firstDeclaration: number;
  lastDeclaration: number;
  /** Rule lines whose chain no declaration nearby names: hardly ever any. */
  readonly suspects: number[];
}

const SMALLEST_LINE = 24;
/** iptables-save writes rules in the order of the declarations, so that a chain is found a few steps on. */
const LOOK_AHEAD = 64;

/** The lines of one dump. */
export class LineIndex {
  readonly bytes: Buffer;
  readonly sections: Section[] = [];
  /** Lines inside sections that are commands in any other form than `-A CHAIN` (`-I`, `-P`, `--append` …). */
  readonly commands: number[] = [];
  /** Lines that are nothing an iptables-save or a restore file has. */
  readonly strangers: number[] = [];
  lineCount = 0;
  private readonly runIndex: RunIndex;
  private starts: Uint32Array;
  private declarations: Uint32Array;
  private declarationCount = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const guess = 64 + Math.ceil(bytes.length / SMALLEST_LINE);
    this.starts = new Uint32Array(guess);
    this.declarations = new Uint32Array(64);
    this.runIndex = new RunIndex(bytes);
    this.scan();
  }

  /** The text of a line (index from 0) without its line end. */
  line(index: number): string {
    return this.bytes.toString('utf8', this.startOf(index), this.endOf(index));
  }

  /** Where the command of a line begins: after the counters, if it has them. */
  commandOf(index: number): number {
    const start = this.startOf(index);
    return this.bytes[start] === BRACKET ? this.bytes.indexOf(SPACE, start) + 1 || this.bytes.length : start;
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

  /** Every run of a chain's rules inside a section, in order. */
  runs(section: Section, chain: string): Run[] {
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
    if (section.suspects.length === 0) return undefined;
    const names = new Set<string>();
    for (let index = section.firstDeclaration; index < section.lastDeclaration; index += 1) {
      names.add(wordAt(this.bytes, this.declarationAt(index) + 1));
    }
    return section.suspects.find((line) => {
      const chain = wordAt(this.bytes, this.commandOf(line) + 3);
      return !names.has(chain) && !known(chain);
    });
  }

  private startOf(index: number): number {
    return this.starts[index] ?? this.bytes.length;
  }

  private declarationAt(index: number): number {
    return this.declarations[index] ?? 0;
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

  private scan(): void {
    const { bytes, runIndex } = this;
    const size = bytes.length;
    let section: Section | undefined;
    let declaration = 0;
    let position = 0;
    while (position < size) {
      const line = this.lineCount;
      if (line === this.starts.length) this.starts = doubled(this.starts);
      this.starts[line] = position;
      this.lineCount = line + 1;
      let at = position;
      if (bytes[at] === BRACKET) {
        while (at < size && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at += 1;
        at += 1;
      }
      if (section !== undefined && isAppend(bytes, at)) {
        if (runIndex.add(line, at + 3)) {
          const declared = this.findDeclared(declaration, section, at + 3);
          if (declared < 0) section.suspects.push(line);
          else declaration = declared;
        }
      } else {
        runIndex.interrupt();
        const before = section;
        section = this.other(line, at, section);
        if (section !== before) declaration = this.declarationCount;
      }
      const end = bytes.indexOf(NEWLINE, at);
      position = end < 0 ? size : end + 1;
    }
    if (section !== undefined) this.close(section, this.lineCount);
  }

  /** @returns -1 when none of the next declarations names the chain */
  private findDeclared(from: number, section: Section, name: number): number {
    const end = Math.min(this.declarationCount, from + LOOK_AHEAD);
    for (let index = Math.max(from, section.firstDeclaration); index < end; index += 1) {
      if (sameWord(this.bytes, this.declarationAt(index) + 1, name)) return index;
    }
    return -1;
  }

  /** A line that is no `-A`. Gives the section that the next line belongs to. */
  private other(line: number, at: number, section: Section | undefined): Section | undefined {
    const first = this.bytes[at];
    if (first === COLON && section !== undefined) {
      if (this.declarationCount === this.declarations.length) this.declarations = doubled(this.declarations);
      this.declarations[this.declarationCount] = at;
      this.declarationCount += 1;
    } else if (first === STAR) {
      if (section !== undefined) this.close(section, line);
      return this.open(line, wordAt(this.bytes, at + 1));
    } else if (first === DASH && section !== undefined) this.commands.push(line);
    else if (first !== HASH && first !== NEWLINE && first !== undefined) {
      const text = this.bytes.toString('latin1', at, Math.min(at + 8, this.bytes.length)).trim();
      if (text.startsWith('COMMIT') && section !== undefined) {
        this.close(section, line + 1);
        section.committed = true;
        return undefined;
      }
      if (text !== '' || first === 0) this.strangers.push(line);
    }
    return section;
  }

  private open(line: number, table: string): Section {
    const section: Section = {
      table,
      from: line,
      to: line,
      committed: false,
      firstDeclaration: this.declarationCount,
      lastDeclaration: this.declarationCount,
      suspects: [],
    };
    this.sections.push(section);
    return section;
  }

  private close(section: Section, to: number): void {
    section.to = to;
    section.lastDeclaration = this.declarationCount;
  }
}

function doubled(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(values.length * 2);
  larger.set(values);
  return larger;
}
