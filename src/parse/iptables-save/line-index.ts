/**
 * Takes the bytes of an iptables-save, gives where its lines, sections and chains are. One pass, no line is decoded: a dump may
 * hold hundreds of thousands of rules, of which a packet meets a dozen.
 */

/** From a `*table` line to its COMMIT. Line numbers are indexes from 0; `to` is the first line after the section. */
export interface Section {
  readonly table: string;
  readonly from: number;
  to: number;
  committed: boolean;
}

/** Neighbouring `-A` lines of one chain. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const HASH = 0x23;
const STAR = 0x2a;
const DASH = 0x2d;
const COLON = 0x3a;
const UPPER_A = 0x41;
const BRACKET = 0x5b;

/** Typed arrays that grow: an index of a large dump as plain arrays of objects costs several times its reading. */
class Numbers {
  private values: Uint32Array;
  length = 0;

  constructor(capacity: number) {
    this.values = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.values[index] ?? 0;
  }

  setLast(value: number): void {
    this.values[this.length - 1] = value;
  }

  /** @returns -1 when there is none at or after `from` */
  indexOf(value: number, from: number): number {
    const index = this.values.indexOf(value, from);
    return index < this.length ? index : -1;
  }

  /** Index of the first of these ascending values that is not below `value`. */
  lowerBound(value: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The lines of one dump. */
export class LineIndex {
  readonly bytes: Buffer;
  readonly sections: Section[] = [];
  /** `:CHAIN POLICY` lines. */
  readonly declarations: Numbers;
  /** Lines inside sections that are commands in any other form than `-A CHAIN` (`-I`, `-P`, `--append` …). */
  readonly commands: number[] = [];
  /** Lines that are nothing an iptables-save or a restore file has. */
  readonly strangers: number[] = [];
  private readonly starts: Numbers;
  private readonly runFrom: Numbers;
  private readonly runTo: Numbers;
  private readonly runName: Numbers;
  private readonly runKey: Numbers;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const guess = 64 + (bytes.length >>> 5);
    this.starts = new Numbers(guess);
    this.declarations = new Numbers(guess);
    this.runFrom = new Numbers(guess);
    this.runTo = new Numbers(guess);
    this.runName = new Numbers(guess);
    this.runKey = new Numbers(guess);
    this.scan();
  }

  get lineCount(): number {
    return this.starts.length;
  }

  /** The text of a line (index from 0) without its line end. */
  line(index: number): string {
    return this.bytes.toString('utf8', this.starts.at(index), this.endOf(index));
  }

  /** Where the command of a line begins: after the counters, if it has them. */
  commandOf(index: number): number {
    const start = this.starts.at(index);
    return this.bytes[start] === BRACKET ? this.bytes.indexOf(SPACE, start) + 1 || this.bytes.length : start;
  }

  /** Whether the line ends in a line feed: the last one of a dump that was cut off does not. */
  terminated(index: number): boolean {
    return index + 1 < this.starts.length || this.bytes.at(-1) === NEWLINE;
  }

  /** Where a line ends, line feed and carriage return left out. */
  endOf(index: number): number {
    const last = index + 1 === this.starts.length;
    const next = last ? this.bytes.length : this.starts.at(index + 1) - 1;
    const end = last && this.terminated(index) ? next - 1 : next;
    return this.bytes[end - 1] === 0x0d && end > this.starts.at(index) ? end - 1 : end;
  }

  /** Every run of a chain's rules inside a section, in order. */
  runs(section: Section, chain: string): Run[] {
    const name = Buffer.from(chain);
    const runs: Run[] = [];
    const after = this.runFrom.lowerBound(section.to);
    const key = keyBefore(Buffer.concat([Buffer.from('-A '), name]), name.length + 3);
    let run = this.runKey.indexOf(key, this.runFrom.lowerBound(section.from));
    while (run >= 0 && run < after) {
      if (sameName(this.bytes, this.runName.at(run), name)) {
        runs.push({ from: this.runFrom.at(run), to: this.runTo.at(run) });
      }
      run = this.runKey.indexOf(key, run + 1);
    }
    return runs;
  }

  /** The line that declares a chain in a section: the last one, as iptables-restore would have it. */
  declaration(section: Section, chain: string): number | undefined {
    const needle = Buffer.from(`:${chain} `);
    const from = this.starts.at(section.from);
    const first = this.declarations.lowerBound(section.from);
    const last = this.declarations.lowerBound(section.to) - 1;
    if (last < first) return undefined;
    let at = this.bytes.lastIndexOf(needle, this.starts.at(this.declarations.at(last)));
    while (at >= from) {
      const line = this.lineAt(at);
      if (this.starts.at(line) === at) return line;
      at = at === 0 ? -1 : this.bytes.lastIndexOf(needle, at - 1);
    }
    return undefined;
  }

  /** A rule line of a section whose chain is declared nowhere in it, nor `known` otherwise; undefined when there is none. */
  undeclared(section: Section, known: (chain: string) => boolean): number | undefined {
    let names: Set<string> | undefined;
    let declaration = this.declarations.lowerBound(section.from);
    const declarationsEnd = this.declarations.lowerBound(section.to);
    const runsEnd = this.runFrom.lowerBound(section.to);
    for (let run = this.runFrom.lowerBound(section.from); run < runsEnd; run += 1) {
      const at = this.runName.at(run);
      // iptables-save writes the rules in the order of the declarations, so that the next one is nearly always at hand.
      let candidate = declaration;
      while (candidate < declarationsEnd && !this.declares(candidate, at)) candidate += 1;
      if (candidate < declarationsEnd) declaration = candidate;
      else {
        names ??= this.declaredNames(section);
        const name = this.nameAt(at);
        if (!names.has(name) && !known(name)) return this.runFrom.at(run);
      }
    }
    return undefined;
  }

  private lineAt(offset: number): number {
    const index = this.starts.lowerBound(offset);
    return index < this.starts.length && this.starts.at(index) === offset ? index : index - 1;
  }

  private declares(declaration: number, nameAt: number): boolean {
    return sameToken(this.bytes, this.starts.at(this.declarations.at(declaration)) + 1, nameAt);
  }

  private declaredNames(section: Section): Set<string> {
    const names = new Set<string>();
    const end = this.declarations.lowerBound(section.to);
    for (let index = this.declarations.lowerBound(section.from); index < end; index += 1) {
      names.add(this.nameAt(this.starts.at(this.declarations.at(index)) + 1));
    }
    return names;
  }

  private nameAt(offset: number): string {
    return this.bytes.toString('utf8', offset, nameEnd(this.bytes, offset));
  }

  private scan(): void {
    const { bytes } = this;
    const size = bytes.length;
    let section: Section | undefined;
    let position = 0;
    // Name and length of the chain of the line before; length 0 when that was no rule.
    let name = 0;
    let nameLength = 0;
    while (position < size) {
      const line = this.starts.length;
      this.starts.push(position);
      let at = position;
      if (bytes[at] === BRACKET) at = bytes.indexOf(SPACE, at) + 1 || size;
      const first = bytes[at];
      if (section !== undefined && first === DASH && isAppend(bytes, at)) {
        at += 3;
        if (nameLength > 0 && continues(bytes, name, nameLength, at)) this.runTo.setLast(line + 1);
        else {
          name = at;
          nameLength = nameEnd(bytes, at) - at;
          this.runFrom.push(line);
          this.runTo.push(line + 1);
          this.runName.push(name);
          this.runKey.push(keyBefore(bytes, name + nameLength));
        }
      } else {
        nameLength = 0;
        section = this.other(line, first, at, section);
      }
      const end = bytes.indexOf(NEWLINE, at);
      position = end < 0 ? size : end + 1;
    }
    if (section !== undefined) section.to = this.starts.length;
  }

  /** A line that is no `-A`. Gives the section that the next line belongs to. */
  private other(
    line: number,
    first: number | undefined,
    at: number,
    section: Section | undefined,
  ): Section | undefined {
    if (first === COLON && section !== undefined) this.declarations.push(line);
    else if (first === STAR) {
      if (section !== undefined) section.to = line;
      const opened = { table: this.nameAt(at + 1), from: line, to: line, committed: false };
      this.sections.push(opened);
      return opened;
    } else if (first === DASH && section !== undefined) this.commands.push(line);
    else if (first !== HASH && first !== NEWLINE && first !== undefined) {
      const text = this.bytes.toString('latin1', at, Math.min(at + 8, this.bytes.length)).trim();
      if (text.startsWith('COMMIT') && section !== undefined) {
        section.to = line + 1;
        section.committed = true;
        return undefined;
      }
      if (text !== '' || this.bytes[at] === 0) this.strangers.push(line);
    }
    return section;
  }
}

function isAppend(bytes: Buffer, at: number): boolean {
  return bytes[at + 1] === UPPER_A && bytes[at + 2] === SPACE && (bytes[at + 3] ?? 0) > SPACE;
}

function nameEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (end < bytes.length && (bytes[end] ?? 0) > SPACE) end += 1;
  return end;
}

/** Whether the name at `at` is the one at `name`; from the end, where names of one prefix differ. */
function continues(bytes: Buffer, name: number, length: number, at: number): boolean {
  for (let index = length; index >= 0; index -= 1) if (bytes[name + index] !== bytes[at + index]) return false;
  return true;
}

/** Whether the words at two offsets are the same. */
function sameToken(bytes: Buffer, one: number, other: number): boolean {
  let index = 0;
  while ((bytes[one + index] ?? 0) > SPACE && bytes[one + index] === bytes[other + index]) index += 1;
  return (bytes[one + index] ?? 0) <= SPACE && (bytes[other + index] ?? 0) <= SPACE;
}

function sameName(bytes: Buffer, at: number, name: Buffer): boolean {
  return bytes.compare(name, 0, name.length, at, at + name.length) === 0 && (bytes[at + name.length] ?? 0) <= SPACE;
}

/** The four bytes before `end`, as a number: enough to tell most chains apart without reading their names. */
function keyBefore(bytes: Buffer, end: number): number {
  return end < 4 ? 0 : bytes.readUInt32LE(end - 4);
}
