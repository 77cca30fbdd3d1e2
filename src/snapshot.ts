/**
 * Takes snapshots. In: where the artefacts come from, what of them is wanted, and where they shall stand. Out: a snapshot there, and
 * what became of it. It knows neither flags nor the process.
 */
import type { CollectionOptions } from './collect/live/collection-options.ts';
import type { ConnectionFlags } from './collect/live/connection-flags.ts';
import type { ConnectionSurroundings } from './collect/live/connection.ts';
import { capture, type CapturePlace } from './collect/capture.ts';
import { randomKeyedHash } from './collect/keyed-hash.ts';
import { PartialFolder } from './collect/partial-folder.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { formatSnapshotIndex, type PartialList } from './collect/snapshot-index.ts';
import { snapshotTarget, writeSnapshot, type SnapshotTarget, type Written } from './collect/write-snapshot.ts';
import { orLiveError } from './live-error.ts';
import type { ArtefactSource, Gap } from './model/artefact.ts';
import { compareText } from './model/order.ts';
import type { Selection } from './model/selection.ts';
import { createRedaction, type Redacted, type Redaction, type RedactionLevel } from './redact/redact.ts';
import { createWorkspace } from './workspace.ts';
import { clusterOf } from './workspace/layout.ts';
import { planSnapshot, secondBest } from './workspace/snapshot-plan.ts';
import { describeScope, inScope, type SnapshotScope } from './workspace/snapshot-scope.ts';

export { skippedLines } from './render/skipped.ts';
export type { RedactionLevel } from './redact/redact.ts';
export type { SnapshotScope } from './workspace/snapshot-scope.ts';

/** What is wanted, wherever it comes from. */
export interface SnapshotRequest {
  readonly scope: SnapshotScope;
  readonly level: RedactionLevel;
  /** A folder or an archive. */
  readonly output: string;
  /** Replace what stands there. */
  readonly force: boolean;
  readonly tool: { readonly name: string; readonly version: string };
}

/** A cluster to take it from. */
export interface LiveSubject {
  /** Which cluster it is, in words that stay the same: captures of two clusters do not mix. */
  readonly name: string;
  /** Names of the lists of objects that the cluster has. */
  readonly lists: readonly string[];
  readonly places: readonly CapturePlace[];
  /** Begin from nothing, even if an interrupted attempt left something. */
  readonly restart: boolean;
}

export interface SnapshotReport {
  /** Where it stands. */
  readonly path: string;
  readonly artefacts: number;
  /** What could not be had or was left out. */
  readonly skipped: readonly Gap[];
}

/** Hears what is being done. */
export type Told = (phase: string) => void;

const INDEX = 'snapshot.json';
/** Every name is asked of the DNS server there, also by whoever may see but one namespace. */
const DNS_SERVER_NAMESPACE = 'kube-system';
const LEAVE = 'take the snapshot with --redact none, if everything in it may be seen';

/**
 * Takes a snapshot from others: all of them or a part, redacted or not.
 * @param sources folders or archives
 * @throws InputError when a source is no snapshot, or the place cannot be written
 */
export async function takeSnapshot(
  sources: readonly string[],
  request: SnapshotRequest,
  tell: Told,
  signal: AbortSignal,
): Promise<SnapshotReport> {
  const target = snapshotTarget(request.output, request.force);
  tell('reading the snapshot');
  const source = await collectSnapshots(sources, undefined, false);
  const names = source.names().filter((name) => name !== INDEX && inScope(name, request.scope));
  const capturedAt = source.artefact(INDEX)?.capturedAt ?? null;
  const selections = (name: string) => source.artefact(name)?.part?.selections;
  return await pack(
    { source, names, capturedAt, selections, gaps: () => source.gaps() },
    target,
    request,
    tell,
    signal,
  );
}

/**
 * Takes a snapshot of a live cluster. What was captured stays in a folder beside the place until the snapshot is whole, so that an
 * interrupted attempt goes on where it stopped.
 * @throws InputError when the place cannot be written
 */
export async function takeLiveSnapshot(
  live: LiveSubject,
  request: SnapshotRequest,
  tell: Told,
  signal: AbortSignal,
): Promise<SnapshotReport> {
  const target = snapshotTarget(request.output, request.force);
  const subject = [live.name, ...describeScope(request.scope)].join(' ');
  const folder = PartialFolder.open(target.path, subject, live.restart);
  const told = (what: string) => (done: number, all: number) => tell(`capturing ${what}: ${done} of ${all}`);
  const lists = await capture(live.lists, live.places, folder, told('lists of objects'), signal);
  const planned = planSnapshot(createWorkspace(await captured(folder)), request.scope);
  const others = await capture(planned, live.places, folder, told('nodes, pods and proxies'), signal);
  const texts = secondBest(planned.filter((name) => !folder.has(name)));
  const instead = await capture(texts, live.places, folder, told('rulesets as text'), signal);
  const source = await captured(folder);
  const names = [...live.lists, ...planned, ...texts].filter((name) => folder.has(name)).toSorted(compareText);
  const times = folder.times();
  const parts = names.flatMap((name) => folder.part(name)?.gaps ?? []);
  const gaps = (): readonly Gap[] => [...lists, ...parts, ...others, ...instead];
  const selections = (name: string) => folder.part(name)?.selections;
  const report = await pack(
    { source, names, capturedAt: times?.first ?? null, selections, gaps },
    target,
    request,
    tell,
    signal,
  );
  folder.remove();
  return report;
}

/**
 * Takes a snapshot of the cluster that flags and kubeconfig name.
 * @param restart begin from nothing, even if an interrupted attempt left something
 * @throws InputError when no cluster is configured or the place cannot be written, LiveError when the cluster cannot be asked at all
 */
export async function captureCluster(
  flags: ConnectionFlags,
  surroundings: ConnectionSurroundings,
  collection: CollectionOptions,
  restart: boolean,
  request: SnapshotRequest,
  tell: Told,
): Promise<SnapshotReport> {
  // What stands at the place already is told before a cluster is asked.
  snapshotTarget(request.output, request.force);
  tell('connecting');
  // A bundle of its own: nothing that works without a cluster pays for it.
  const { openCluster } = await import('./collect/live/live.ts');
  const cluster = await orLiveError(() => openCluster(flags, surroundings, collection));
  try {
    const namespaces = [...new Set([request.scope.namespace ?? cluster.namespace ?? 'default', DNS_SERVER_NAMESPACE])];
    const places = cluster.capturePlaces(namespaces);
    const live = { name: cluster.server, lists: cluster.lists, places, restart };
    return await takeLiveSnapshot(live, request, tell, surroundings.signal);
  } finally {
    await cluster.close();
  }
}

/** What a folder holds so far, as artefacts. */
async function captured(folder: PartialFolder): Promise<ArtefactSource> {
  return await collectSnapshots([folder.path], undefined, false);
}

/** What goes into a snapshot. */
interface Content {
  readonly source: ArtefactSource;
  /** Sorted. */
  readonly names: readonly string[];
  readonly capturedAt: string | null;
  /** What of a List is whole; undefined: all of it. */
  readonly selections: (name: string) => readonly Selection[] | undefined;
  /** What could not be captured, as far as it is known by now. */
  readonly gaps: () => readonly Gap[];
}

async function pack(
  content: Content,
  target: SnapshotTarget,
  { level, scope, tool }: SnapshotRequest,
  tell: Told,
  signal: AbortSignal,
): Promise<SnapshotReport> {
  const redaction = level === 'none' ? null : createRedaction(level, randomKeyedHash());
  if (redaction !== null) await learn(content, redaction, tell, signal);
  const { capturedAt } = content;
  const leftOut: Gap[] = [];
  const partial: PartialList[] = [];
  const clusters = new Set<string>();
  let count = 0;
  const artefacts = function* (): Generator<Written> {
    for (const name of content.names) {
      tell(`writing ${name}`);
      const made = redacted(content.source, name, redaction);
      if (made === undefined) continue;
      if ('leftOut' in made) {
        leftOut.push({
          kind: 'unreadable',
          artefact: name,
          problem: `it was left out: ${made.leftOut}`,
          remedy: LEAVE,
        });
        continue;
      }
      count += 1;
      const cluster = clusterOf(made.name);
      if (cluster !== undefined) clusters.add(cluster);
      const selections = content.selections(name);
      if (selections !== undefined) {
        partial.push({ artefact: made.name, selections: selections.map((one) => redaction?.selection(one) ?? one) });
      }
      yield { name: made.name, bytes: () => made.bytes };
    }
    const skipped = [...content.gaps(), ...leftOut].map((gap) => redaction?.gap(gap) ?? gap);
    const index = formatSnapshotIndex({
      tool,
      capturedAt,
      clusters: [...clusters].toSorted(compareText),
      redacted: level,
      scope: describeScope(scope).map((part) => redaction?.words(part) ?? part),
      partial,
      skipped,
    });
    yield { name: INDEX, bytes: () => index };
  };
  await writeSnapshot(target, artefacts(), new Date(capturedAt ?? 0), signal);
  return { path: target.path, artefacts: count, skipped: [...content.gaps(), ...leftOut] };
}

/** Shows every artefact to the redaction, so that a secret is known wherever it stands. */
async function learn({ source, names }: Content, redaction: Redaction, tell: Told, signal: AbortSignal): Promise<void> {
  for (const name of names) {
    tell(`looking for secrets in ${name}`);
    const artefact = source.artefact(name);
    if (artefact !== undefined) redaction.learn(name, artefact.bytes);
    signal.throwIfAborted();
    // Ctrl-C and the progress line have their turn between artefacts.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** undefined: it cannot be read, which the source's gaps tell. */
function redacted(source: ArtefactSource, name: string, redaction: Redaction | null): Redacted | undefined {
  const artefact = source.artefact(name);
  if (artefact === undefined) return undefined;
  return redaction === null ? { name, bytes: artefact.bytes } : redaction.redact(name, artefact.bytes);
}
