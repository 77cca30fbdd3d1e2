import { SPACE, wordEnd } from './bytes.ts';

/** Neighbouring `-A` lines of one chain: line numbers from 0, `to` excluded. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** After this many questions a table of all runs is made, which costs as much as a few hundred searches. */
const SEARCHES = 200;

/** Which lines hold the rules of a chain, wherever in the dump they stand. */
export class RunIndex {
  private readonly bytes: Buffer;
  private from = new Uint32Array(1024);
  private to = new Uint32Array(1024);
  /** Offset of the chain's name. */
  private names = new Uint32Array(1024);
  /** The last four bytes of the name and before: enough to tell most chains apart without reading them. */
  private keys = new Uint32Array(1024);
  private count = 0;
  /** Length of the name of the run that goes on; 0: none does. */
  private open = 0;
  private name = 0;
  private searches = 0;
  private table: Map<number, number[]> | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Takes the next rule line, whose chain's name stands at an offset. @returns whether it begins a run */
  add(line: number, name: number): boolean {
    const { bytes } = this;
    // From the end, where names of one prefix differ.
    let index = this.open;
    while (index >= 0 && bytes[this.name + index] === bytes[name + index]) index -= 1;
    const run = this.count;
    if (this.open > 0 && index < 0) {
      this.to[run - 1] = line + 1;
      return false;
    }
    if (run === this.from.length) this.grow();
    const end = wordEnd(bytes, name);
    this.open = end - name;
    this.name = name;
    this.from[run] = line;
    this.to[run] = line + 1;
    this.names[run] = name;
    this.keys[run] = keyBefore(bytes, end);
    this.count = run + 1;
    return true;
  }

  /** A line that is no rule ends the run. */
  interrupt(): void {
    this.open = 0;
  }

  /** The runs of a chain from line `first` up to `last`, excluded; in order. */
  find(chain: string, first: number, last: number): Run[] {
    const command = Buffer.from(`-A ${chain}`);
    const name = command.subarray(3);
    const runs: Run[] = [];
    for (const run of this.sameKey(keyBefore(command, command.length))) {
      const from = this.from[run] ?? 0;
      if (from < first || from >= last) continue;
      const at = this.names[run] ?? 0;
      const same = this.bytes.compare(name, 0, name.length, at, at + name.length) === 0;
      if (same && (this.bytes[at + name.length] ?? 0) <= SPACE) runs.push({ from, to: this.to[run] ?? 0 });
    }
    return runs;
  }

  private sameKey(key: number): readonly number[] {
    this.searches += 1;
    if (this.searches > SEARCHES) {
      this.table ??= this.tabulate();
      return this.table.get(key) ?? [];
    }
    const runs: number[] = [];
    for (let run = this.keys.indexOf(key); run >= 0 && run < this.count; run = this.keys.indexOf(key, run + 1)) {
      runs.push(run);
    }
    return runs;
  }

  private tabulate(): Map<number, number[]> {
    const table = new Map<number, number[]>();
    for (let run = 0; run < this.count; run += 1) {
      const key = this.keys[run] ?? 0;
      const same = table.get(key);
      if (same === undefined) table.set(key, [run]);
      else same.push(run);
    }
    return table;
  }

  private grow(): void {
    const grown = (values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const larger = new Uint32Array(values.length * 4);
      larger.set(values);
      return larger;
    };
    this.from = grown(this.from);
    this.to = grown(this.to);
    this.names = grown(this.names);
    this.keys = grown(this.keys);
  }
}

function keyBefore(bytes: Buffer, end: number): number {
  return end < 4 ? 0 : bytes.readUInt32LE(end - 4);
}
