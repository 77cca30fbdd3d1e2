import { BRACKET, COLON, DASH, HASH, isAppend, NEWLINE, SPACE, STAR, wordAt } from './bytes.ts';

/** From a `*table` line to its COMMIT. Line numbers are indexes from 0; `to` is the first line after the section. */
export interface Section {
  readonly table: string;
  readonly from: number;
  to: number;
  committed: boolean;
  /** Which of all declarations stand in it. */
  readonly firstDeclaration: number;
  lastDeclaration: number;
  /** Rule lines whose chain no declaration nearby names: hardly ever any. */
  readonly suspects: number[];
}

/** What one pass over a dump finds. Offsets and line numbers count from 0. */
export interface Scan {
  readonly sections: readonly Section[];
  /** Where each line begins. */
  readonly starts: Uint32Array;
  /** Where each `:CHAIN` line begins. */
  readonly declarations: Uint32Array;
  /** Neighbouring `-A` lines of one chain: first line, line after the last, offset of the chain's name. */
  readonly runs: { readonly from: Uint32Array; readonly to: Uint32Array; readonly names: Uint32Array };
  /** Lines inside sections that are commands in any other form than `-A CHAIN` (`-I`, `-P`, `--append` …). */
  readonly commands: readonly number[];
  /** Lines that are nothing an iptables-save or a restore file has. */
  readonly strangers: readonly number[];
}

const SMALLEST_LINE = 24;
/** iptables-save writes rules in the order of the declarations, so that a chain is found a few steps on. */
const LOOK_AHEAD = 64;

/**
 * Finds lines, sections, declarations and runs of rules in one pass. It is one loop over plain numbers because that is what the
 * JavaScript engine makes fast within the first milliseconds: split into methods it takes twice the time on a large dump.
 */
export function scanLines(bytes: Buffer): Scan {
  const size = bytes.length;
  const guess = 64 + Math.ceil(size / SMALLEST_LINE);
  const sections: Section[] = [];
  const commands: number[] = [];
  const strangers: number[] = [];
  let starts = new Uint32Array(guess);
  let declarations = new Uint32Array(guess);
  let from = new Uint32Array(guess);
  let to = new Uint32Array(guess);
  let names = new Uint32Array(guess);
  let line = 0;
  let declared = 0;
  let runs = 0;
  let section: Section | undefined;
  // The chain of the line before: where its name stands and how long it is; 0 when that line was no rule.
  let name = 0;
  let length = 0;
  let next = 0;
  for (let position = 0; position < size; line += 1) {
    if (line === starts.length) starts = grown(starts);
    starts[line] = position;
    let at = position;
    if (bytes[at] === BRACKET) {
      while (at < size && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at += 1;
      at += 1;
    }
    if (section !== undefined && isAppend(bytes, at)) {
      at += 3;
      // From the end, where names of one prefix differ; the blank behind the name included.
      let index = length;
      while (index >= 0 && bytes[name + index] === bytes[at + index]) index -= 1;
      if (length > 0 && index < 0) to[runs - 1] = line + 1;
      else {
        let end = at;
        while (end < size && (bytes[end] ?? 0) > SPACE) end += 1;
        name = at;
        length = end - at;
        if (runs === from.length) [from, to, names] = [grown(from), grown(to), grown(names)];
        from[runs] = line;
        to[runs] = line + 1;
        names[runs] = at;
        runs += 1;
        const limit = Math.min(declared, next + LOOK_AHEAD);
        let candidate = next;
        for (; candidate < limit; candidate += 1) {
          const other = (declarations[candidate] ?? 0) + 1;
          let left = length;
          while (left >= 0 && (bytes[other + left] === bytes[at + left] || left === length)) left -= 1;
          if (left < 0 && (bytes[other + length] ?? 0) <= SPACE) break;
        }
        if (candidate < limit) next = candidate;
        else section.suspects.push(line);
      }
      at += length;
    } else {
      length = 0;
      const first = bytes[at];
      if (first === COLON && section !== undefined) {
        if (declared === declarations.length) declarations = grown(declarations);
        declarations[declared] = at;
        declared += 1;
      } else if (first === STAR) {
        if (section !== undefined) close(section, line, declared);
        section = open(line, wordAt(bytes, at + 1), declared);
        sections.push(section);
        next = declared;
      } else if (first === DASH && section !== undefined) commands.push(line);
      else if (first !== HASH && first !== NEWLINE && first !== undefined) {
        const text = bytes.toString('latin1', at, Math.min(at + 8, size)).trim();
        if (text.startsWith('COMMIT') && section !== undefined) {
          close(section, line + 1, declared);
          section.committed = true;
          section = undefined;
        } else if (text !== '' || first === 0) strangers.push(line);
      }
    }
    const end = bytes.indexOf(NEWLINE, at);
    position = end < 0 ? size : end + 1;
  }
  if (section !== undefined) close(section, line, declared);
  return {
    sections,
    commands,
    strangers,
    starts: starts.subarray(0, line),
    declarations: declarations.subarray(0, declared),
    runs: { from: from.subarray(0, runs), to: to.subarray(0, runs), names: names.subarray(0, runs) },
  };
}

function open(line: number, table: string, declaration: number): Section {
  return {
    table,
    from: line,
    to: line,
    committed: false,
    firstDeclaration: declaration,
    lastDeclaration: declaration,
    suspects: [],
  };
}

function close(section: Section, to: number, declaration: number): void {
  section.to = to;
  section.lastDeclaration = declaration;
}

function grown(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(values.length * 2);
  larger.set(values);
  return larger;
}
