import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileSystemError, InputError } from './input-error.ts';
import type { Collected, CollectedPart } from './live/collector.ts';
import { writeDurably } from './write-snapshot.ts';

const STATE = 'progress.jsonl';
const NOTE = 'NOT-REDACTED.txt';
const NOTE_TEXT = `This folder belongs to a snapshot that is being taken, or was interrupted. What is in it is as it was captured: with
secrets. Taking the snapshot again goes on from here and removes the folder. Do not pass it on.
`;

/** What is remembered of an artefact that was captured. */
interface Captured {
  readonly capturedAt: string;
  readonly part?: CollectedPart;
}

/**
 * What was captured so far of a snapshot that is not finished: a folder beside its place, readable for its owner alone, with each
 * artefact whole or not at all. Artefacts that could not be had are asked for again by the next attempt.
 */
export class PartialFolder {
  readonly path: string;
  private readonly captured: Map<string, Captured>;

  private constructor(folder: string, captured: Map<string, Captured>) {
    this.path = folder;
    this.captured = captured;
  }

  /**
   * @param target the place of the finished snapshot
   * @param subject what is captured, in a line: two attempts at different things do not mix
   * @param restart begin from nothing, whatever is there
   * @throws InputError when the folder is about something else, or cannot be written
   */
  static open(target: string, subject: string, restart: boolean): PartialFolder {
    const folder = `${target}.partial`;
    try {
      if (restart) rmSync(folder, { recursive: true, force: true });
      const state = path.join(folder, STATE);
      if (!existsSync(state)) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeDurably(path.join(folder, NOTE), Buffer.from(NOTE_TEXT));
        writeDurably(state, Buffer.from(`${JSON.stringify({ subject })}\n`));
        return new PartialFolder(folder, new Map());
      }
      return new PartialFolder(folder, readState(folder, state, subject));
    } catch (error) {
      throw error instanceof InputError ? error : fileSystemError(folder, error);
    }
  }

  has(name: string): boolean {
    return this.captured.has(name);
  }

  /** Keeps an artefact that was captured. */
  keep(name: string, { bytes, capturedAt, part }: Extract<Collected, { readonly bytes: Buffer }>): void {
    const file = path.join(this.path, ...name.split('/'));
    mkdirSync(path.dirname(file), { recursive: true });
    writeDurably(`${file}.unfinished`, bytes);
    renameSync(`${file}.unfinished`, file);
    appendFileSync(path.join(this.path, STATE), `${JSON.stringify({ name, capturedAt, part })}\n`);
    this.captured.set(name, { capturedAt, ...(part === undefined ? {} : { part }) });
  }

  /** What of a List was captured; undefined: all of it. */
  part(name: string): CollectedPart | undefined {
    return this.captured.get(name)?.part;
  }

  /** The first and the last time of capture; null: nothing was captured. */
  times(): { readonly first: string; readonly last: string } | null {
    const times = [...this.captured.values()].map(({ capturedAt }) => capturedAt).toSorted();
    const [first, last] = [times[0], times.at(-1)];
    return first === undefined || last === undefined ? null : { first, last };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What an earlier attempt finished. A line that was cut off tells of an artefact that is asked for again. */
function readState(folder: string, state: string, subject: string): Map<string, Captured> {
  const captured = new Map<string, Captured>();
  for (const [at, line] of readFileSync(state, 'utf8').split('\n').entries()) {
    const entry = parseEntry(line);
    if (at === 0 && entry.subject !== subject) {
      const message = `${folder} was begun for something else: ${entry.subject ?? 'nobody knows what'}`;
      throw new InputError(folder, message, 'Add --restart to begin again, or give another name.');
    }
    const { name, capturedAt, part } = entry;
    if (name === undefined || capturedAt === undefined) continue;
    if (existsSync(path.join(folder, ...name.split('/')))) {
      captured.set(name, { capturedAt, ...(part === undefined ? {} : { part }) });
    }
  }
  return captured;
}

function parseEntry(line: string): Partial<Captured> & { readonly subject?: string; readonly name?: string } {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? entry : {};
  } catch {
    return {};
  }
}
