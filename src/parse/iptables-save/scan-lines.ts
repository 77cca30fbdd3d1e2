import { BRACKET, COLON, DASH, NEWLINE, SPACE, UPPER_A } from './bytes.ts';

/** What one pass over a dump finds. Offsets and line numbers count from 0. */
export interface Scan {
  /** Where each line begins. */
  readonly starts: Uint32Array;
  /** Where each `:CHAIN` line begins. */
  readonly declarations: Uint32Array;
  /** Neighbouring `-A` lines of one chain. */
  readonly runs: Runs;
  /** First lines of runs whose chain no declaration nearby names: hardly ever any. */
  readonly suspects: readonly number[];
}

export interface Runs {
  /** First line of each. */
  readonly from: Uint32Array;
  /** Offset of the chain's name in that line. */
  readonly names: Uint32Array;
  /** The last four bytes of the name and before (see `nameKey`): enough to tell most chains apart without reading them. */
  readonly keys: Uint32Array;
}

const USUAL_LINE = 64;
/** iptables-save writes rules in the order of the declarations, so that a chain is found a few steps on. */
const LOOK_AHEAD = 64;

/**
 * Finds lines, declarations and runs of rules in one pass, and hands every other line to `other`. It is one loop over numbers,
 * because that is what becomes fast within the first milliseconds: as methods of objects it takes twice the time.
 * @param other told the number and the beginning of a line that is neither rule nor declaration, and how many declarations stand
 *   before it
 */
export function scanLines(bytes: Buffer, other: (line: number, at: number, declared: number) => void): Scan {
  const size = bytes.length;
  const guess = 64 + Math.ceil(size / USUAL_LINE);
  const suspects: number[] = [];
  let starts = new Uint32Array(guess);
  let declarations = new Uint32Array(guess);
  let from = new Uint32Array(guess);
  let names = new Uint32Array(guess);
  let keys = new Uint32Array(guess);
  let line = 0;
  let declared = 0;
  let runs = 0;
  // The chain of the line before: where its name stands and how long it is; 0 when that line was no rule.
  let name = 0;
  let length = 0;
  // The declaration of that chain.
  let current = 0;
  for (let position = 0; position < size; line += 1) {
    if (line === starts.length) starts = grown(starts);
    starts[line] = position;
    let at = position;
    if (bytes[at] === BRACKET) {
      while (bytes[at] !== SPACE && bytes[at] !== NEWLINE && at < size) at += 1;
      at += 1;
    }
    if (bytes[at] === DASH && bytes[at + 1] === UPPER_A && bytes[at + 2] === SPACE) {
      at += 3;
      // From the end, where names of one prefix differ; the blank behind the name included.
      let index = length;
      while (index >= 0 && bytes[name + index] === bytes[at + index]) index -= 1;
      if (index >= 0 || length === 0) {
        let end = at;
        while ((bytes[end] ?? 0) > SPACE) end += 1;
        name = at;
        length = end - at;
        if (runs === from.length) {
          from = grown(from);
          names = grown(names);
          keys = grown(keys);
        }
        from[runs] = line;
        names[runs] = at;
        keys[runs] = nameKey(bytes, end);
        runs += 1;
        const limit = Math.min(declared, current + LOOK_AHEAD);
        let candidate = current;
        for (; candidate < limit; candidate += 1) {
          const its = (declarations[candidate] ?? 0) + 1;
          let left = length - 1;
          while (left >= 0 && bytes[its + left] === bytes[at + left]) left -= 1;
          if (left < 0 && bytes[its + length] === SPACE) break;
        }
        if (candidate < limit) current = candidate;
        else suspects.push(line);
      }
      at += length;
    } else if (bytes[at] === COLON) {
      length = 0;
      if (declared === declarations.length) declarations = grown(declarations);
      declarations[declared] = at;
      declared += 1;
    } else {
      length = 0;
      other(line, at, declared);
    }
    const end = bytes.indexOf(NEWLINE, at);
    position = end < 0 ? size : end + 1;
  }
  return {
    starts: starts.subarray(0, line),
    declarations: declarations.subarray(0, declared),
    runs: { from: from.subarray(0, runs), names: names.subarray(0, runs), keys: keys.subarray(0, runs) },
    suspects,
  };
}

/** The four bytes before the end of a name, as a number. */
export function nameKey(bytes: Buffer, end: number): number {
  return end < 4 ? 0 : bytes.readUInt32LE(end - 4);
}

function grown(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(values.length * 2);
  larger.set(values);
  return larger;
}
