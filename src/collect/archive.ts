import { createReadStream } from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import type { Gap } from '../model/artefact.ts';
import { skippedEntry, type Entries } from './entries.ts';
import { entryName, printableName } from './entry-name.ts';
import { tooLargeEntry, tooManyEntries } from './folder.ts';
import { InputError } from './input-error.ts';
import { formatBytes, type Limits } from './limits.ts';

const FILES: ReadonlySet<string> = new Set(['file', 'contiguous-file']);
const LINKS: ReadonlySet<string> = new Set(['link', 'symlink']);

/** An entry as tar-stream gives it: its bytes in pieces, which have to be taken or thrown away before the next entry comes. */
interface Entry extends AsyncIterable<unknown> {
  readonly header: Header;
  resume(): unknown;
}

/**
 * Reads a tar archive, gzip-compressed or not, into memory. Links and devices are refused. An archive that ends too early gives
 * what was whole in it, and a gap.
 */
export async function readArchive(file: string, compressed: boolean, limits: Limits): Promise<Entries> {
  const files = new Map<string, Buffer>();
  const gaps: Gap[] = [];
  let seen = 0;
  const meter = new Meter(file, limits);
  const tar = extract();
  const reading = (async () => {
    for await (const entry of tar) {
      seen += 1;
      if (seen > limits.entries) throw tooManyEntries(file, limits);
      await readEntry(entry, files, gaps, limits);
    }
  })();
  const source = createReadStream(file);
  source.on('data', (chunk) => meter.addPacked(chunk.length));
  const writing = compressed ? pipeline(source, createGunzip(), meter, tar) : pipeline(source, meter, tar);
  const results = await Promise.allSettled([writing, reading]);
  const failures = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  const refused = failures.find((reason) => reason instanceof InputError);
  if (refused !== undefined) throw refused;
  if (failures.length > 0) gaps.push(brokenArchive(file, failures[0]));
  return { files: new Map([...files].map(([name, bytes]) => [name, () => bytes])), gaps };
}

async function readEntry(entry: Entry, files: Map<string, Buffer>, gaps: Gap[], limits: Limits): Promise<void> {
  const skip = await entryBytes(entry, files, gaps, limits);
  if (skip !== undefined) gaps.push(skip);
  entry.resume();
}

/** Takes a file's bytes, or says why not. */
async function entryBytes(
  entry: Entry,
  files: Map<string, Buffer>,
  gaps: Gap[],
  limits: Limits,
): Promise<Gap | undefined> {
  const { name: raw, type, size } = entry.header;
  const named = entryName(raw);
  if (named.kind === 'litter' || type === 'directory') return undefined;
  if (named.kind === 'refused') return skippedEntry(printableName(raw), named.problem);
  const { name } = named;
  if (LINKS.has(type)) return skippedEntry(name, 'it is a link, which is not followed in an archive');
  if (!FILES.has(type)) return skippedEntry(name, 'it is neither a file nor a folder');
  if (size > limits.entryBytes) return tooLargeEntry(name, size, limits);
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const before = files.get(name);
  if (before !== undefined && !before.equals(bytes)) {
    const problem = 'it stands in the archive more than once with different contents; the last one is read';
    gaps.push({ kind: 'not-understood', artefact: name, problem, remedy: 'pack the snapshot again' });
  }
  files.set(name, bytes);
  return undefined;
}

function brokenArchive(file: string, reason: unknown): Gap {
  const text = reason instanceof Error ? reason.message : String(reason);
  return {
    kind: 'unreadable',
    artefact: file,
    problem: `the archive breaks off before its end (${text}), so that files may be missing`,
    remedy: 'copy or pack it again',
  };
}

/** Counts what comes out of an archive, and stops it when that is more than a snapshot can be. */
class Meter extends Transform {
  private readonly file: string;
  private readonly limits: Limits;
  private packed = 0;
  private unpacked = 0;

  constructor(file: string, limits: Limits) {
    super();
    this.file = file;
    this.limits = limits;
  }

  addPacked(bytes: number): void {
    this.packed += bytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.unpacked += chunk.length;
    const { totalBytes, ratio, ratioFromBytes } = this.limits;
    const remedy = 'If it is a snapshot all the same, unpack it and give the folder.';
    if (this.unpacked > totalBytes) {
      done(new InputError(this.file, `${this.file} unpacks to more than ${formatBytes(totalBytes)}`, remedy));
    } else if (this.unpacked > ratioFromBytes && this.unpacked > this.packed * ratio) {
      done(new InputError(this.file, `${this.file} unpacks to more than ${ratio} times its size`, remedy));
    } else {
      done(null, chunk);
    }
  }
}
