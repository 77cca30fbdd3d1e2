import { isAppend, SPACE } from './bytes.ts';
import { nameKey, type Runs } from './scan-lines.ts';

/** After this many questions a table of all runs is made, which costs as much as some hundred searches. */
const SEARCHES = 200;

/** Which lines hold the rules of a chain, wherever in the dump they stand. */
export class RunIndex {
  private readonly bytes: Buffer;
  private readonly runs: Runs;
  /** Where the command of a line begins. */
  private readonly commandOf: (line: number) => number;
  private searches = 0;
  private table: Map<number, number[]> | undefined;

  constructor(bytes: Buffer, runs: Runs, commandOf: (line: number) => number) {
    this.bytes = bytes;
    this.runs = runs;
    this.commandOf = commandOf;
  }

  /** The rules of a chain from line `first` up to `last`, excluded: numbers of lines, in order. */
  find(chain: string, first: number, last: number): number[] {
    const { from, names, keys } = this.runs;
    const command = Buffer.from(`-A ${chain}`);
    const length = command.length - 3;
    const lines: number[] = [];
    for (const run of this.sameKey(keys, nameKey(command, command.length))) {
      const begins = from[run] ?? 0;
      const name = names[run] ?? 0;
      if (begins < first || begins >= last) continue;
      if (this.bytes.compare(command, 3, command.length, name, name + length) !== 0) continue;
      if ((this.bytes[name + length] ?? 0) > SPACE) continue;
      const end = this.endOfRun(begins, Math.min(from[run + 1] ?? last, last));
      for (let line = begins; line < end; line += 1) lines.push(line);
    }
    return lines;
  }

  /** The first line from `begins` on that is no rule, at most `next`: behind it comes no rule of this run (see `scanLines`). */
  private endOfRun(begins: number, next: number): number {
    let low = begins + 1;
    let high = next;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAppend(this.bytes, this.commandOf(middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private sameKey(keys: Uint32Array, key: number): readonly number[] {
    this.searches += 1;
    if (this.searches > SEARCHES) {
      this.table ??= tabulate(keys);
      return this.table.get(key) ?? [];
    }
    const runs: number[] = [];
    for (let run = keys.indexOf(key); run >= 0; run = keys.indexOf(key, run + 1)) runs.push(run);
    return runs;
  }
}

function tabulate(keys: Uint32Array): Map<number, number[]> {
  const table = new Map<number, number[]>();
  for (const [run, key] of keys.entries()) {
    const same = table.get(key);
    if (same === undefined) table.set(key, [run]);
    else same.push(run);
  }
  return table;
}
