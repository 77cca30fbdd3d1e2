/**
 * Opens snapshots.
 *
 * In: paths of folders, or of tar archives (also gzip-compressed). Out: a source of artefacts. A folder is listed at once and its
 * files are read when they are asked for; an archive is read at once, within limits. Whatever could lead out of the snapshot or
 * flood the machine is refused. It must not interpret what it reads.
 */
import { open, stat } from 'node:fs/promises';
import type { Artefact, ArtefactSource, Gap, ListPart } from '../model/artefact.ts';
import { covers, type Selection } from '../model/selection.ts';
import { readArchive } from './archive.ts';
import { toUtf8 } from './encoding.ts';
import { skippedEntry, type Entries } from './entries.ts';
import { listFolder } from './folder.ts';
import { fileSystemError, InputError } from './input-error.ts';
import { LIMITS, type Limits } from './limits.ts';
import { mergeSources } from './merge-sources.ts';
import { FORMAT_VERSION, readSnapshotIndex } from './snapshot-index.ts';
import { familiarFiles, snapshotRoot } from './snapshot-root.ts';

const INDEX = 'snapshot.json';
const LAYOUT = 'A snapshot has clusters/NAME/nodes/…, clusters/NAME/pods/… and clusters/NAME/resources/….';
const GZIP = Buffer.from([0x1f, 0x8b]);
const TAR_MAGIC = Buffer.from('ustar');
const TAR_MAGIC_AT = 257;
const HEAD_BYTES = 512;
/** What somebody may ask for; other gaps concern the whole snapshot. */
const FACT = /^clusters\/[^/]+\/.+\/[^/]+$/;
const LIST = /^clusters\/[^/]+\/resources\//;

/**
 * Opens several snapshots as one. Snapshots of different clusters stand side by side; those that name the same cluster are taken
 * as parts of one capture, as long as no file is in both with different contents.
 * @throws InputError when one cannot be opened, or two contradict each other
 */
export async function collectSnapshots(
  paths: readonly string[],
  limits: Limits = LIMITS,
  keep = true,
): Promise<ArtefactSource> {
  const sources = [];
  for (const path of paths) sources.push({ path, source: await collectSnapshot(path, limits, keep) });
  const [only, ...others] = sources;
  return only !== undefined && others.length === 0 ? only.source : mergeSources(sources);
}

/**
 * Opens one snapshot.
 * @param keep whether artefacts of a folder stay in memory once they were read; a source that is copied keeps none, and tells at once all
 *   that its index says was skipped: to others only what they asked for is a gap, as from a live cluster
 * @throws InputError when there is none at the path
 */
export async function collectSnapshot(path: string, limits: Limits = LIMITS, keep = true): Promise<ArtefactSource> {
  const entries = await openEntries(path, limits);
  const root = snapshotRoot(entries);
  if (root === undefined) throw notASnapshot(path, entries);
  const source = new EntrySource(root, keep);
  if (source.formatVersion !== null && source.formatVersion > FORMAT_VERSION) {
    const message = `${path} has snapshot format ${source.formatVersion}, and this version reads up to ${FORMAT_VERSION}`;
    throw new InputError(path, message, 'Update kubectl-reach.');
  }
  return source;
}

async function openEntries(path: string, limits: Limits): Promise<Entries> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return listFolder(path, limits);
    if (!stats.isFile()) {
      throw new InputError(
        path,
        `${path} is neither a folder nor a file`,
        'Give the folder or the archive of a snapshot.',
      );
    }
    const head = await readHead(path);
    const compressed = head.subarray(0, GZIP.length).equals(GZIP);
    if (!compressed && !isTar(head)) throw notAnArchive(path, head);
    return await readArchive(path, compressed, limits);
  } catch (error) {
    throw error instanceof InputError ? error : fileSystemError(path, error);
  }
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function isTar(head: Buffer): boolean {
  return head.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + TAR_MAGIC.length).equals(TAR_MAGIC);
}

function notAnArchive(path: string, head: Buffer): InputError {
  const message = `${path} is a file, but no tar archive${head.length === 0 ? ': it is empty' : ''}`;
  const zip = head.subarray(0, 2).toString('latin1') === 'PK';
  const remedy = zip
    ? 'Unpack it and give the folder.'
    : `Give the folder of a snapshot, or a .tar.gz of it. ${LAYOUT} A single iptables-save is read by \`kubectl reach packet --ruleset\`.`;
  return new InputError(path, message, remedy);
}

function notASnapshot(path: string, { files, gaps }: Entries): InputError {
  const [familiar] = familiarFiles(files.keys());
  const broken = gaps.find((gap) => gap.artefact === path);
  const found =
    files.size === 0
      ? (broken?.problem ?? 'it holds no file')
      : familiar === undefined
        ? 'it holds neither snapshot.json nor clusters/'
        : `it holds ${familiar}, but not in the places of a snapshot`;
  return new InputError(path, `${path} is no snapshot: ${found}`, LAYOUT);
}

/** Artefacts of a folder or archive. */
class EntrySource implements ArtefactSource {
  readonly formatVersion: number | null;
  private readonly entries: Entries;
  private readonly keep: boolean;
  private readonly capturedAt: string | null;
  private readonly parts: ReadonlyMap<string, readonly Selection[]> | null;
  private readonly known = new Map<string, Artefact | null>();
  private readonly found: Gap[];
  private readonly skipped: readonly Gap[];
  private readonly asked = new Set<string>();

  constructor(entries: Entries, keep: boolean) {
    this.entries = entries;
    this.keep = keep;
    this.found = [...entries.gaps, ...alikeNames([...entries.files.keys()])];
    const index = readSnapshotIndex(INDEX, this.bytes(INDEX));
    this.formatVersion = index.formatVersion;
    this.capturedAt = index.capturedAt;
    this.parts = index.parts;
    this.skipped = index.gaps;
  }

  names(): readonly string[] {
    const lists = this.skipped.map((gap) => gap.artefact).filter((name) => LIST.test(name));
    return [...new Set([...this.entries.files.keys(), ...lists])].toSorted();
  }

  artefact(name: string): Artefact | undefined {
    this.asked.add(name);
    const known = this.known.get(name);
    if (known !== undefined) return known ?? undefined;
    const bytes = this.bytes(name);
    const artefact = bytes === undefined ? null : { name, capturedAt: this.capturedAt, bytes, ...this.part(name) };
    if (this.keep || artefact === null) this.known.set(name, artefact);
    return artefact ?? undefined;
  }

  gaps(): readonly Gap[] {
    const met = this.skipped.filter(({ artefact }) => !this.keep || !FACT.test(artefact) || this.asked.has(artefact));
    return [...this.found, ...met];
  }

  /** When the index cannot be read, any List may hold less than all. */
  private part(name: string): { readonly part: ListPart } | undefined {
    const selections = this.parts === null ? (LIST.test(name) ? [] : undefined) : this.parts.get(name);
    if (selections === undefined) return undefined;
    return { part: { selections, holds: (wanted) => selections.some((held) => covers(held, wanted)) } };
  }

  private bytes(name: string): Buffer | undefined {
    const read = this.entries.files.get(name);
    if (read === undefined) return undefined;
    try {
      return toUtf8(read());
    } catch (error) {
      this.found.push({
        ...skippedEntry(name, fileSystemError(name, error).message),
        remedy: 'make it readable, or capture it again',
      });
      return undefined;
    }
  }
}

/** Names that differ in case alone cannot both be unpacked on every system, so that one may have been lost. */
function alikeNames(names: readonly string[]): Gap[] {
  const first = new Map<string, string>();
  return names.toSorted().flatMap((name): Gap[] => {
    const other = first.get(name.toLowerCase());
    if (other === undefined) {
      first.set(name.toLowerCase(), name);
      return [];
    }
    return [
      {
        ...skippedEntry(name, `its name differs from ${other} in case alone`, 'not-understood'),
        remedy: 'rename one of them',
      },
    ];
  });
}
