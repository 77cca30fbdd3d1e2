/**
 * Takes snapshots. In: where the artefacts come from, what of them is wanted, and where they shall stand. Out: a snapshot there, and
 * what became of it. It knows neither flags nor the process.
 */
import { randomKeyedHash } from './collect/keyed-hash.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { formatSnapshotIndex } from './collect/snapshot-index.ts';
import { snapshotTarget, writeSnapshot, type Written } from './collect/write-snapshot.ts';
import type { ArtefactSource, Gap } from './model/artefact.ts';
import { compareText } from './model/order.ts';
import { createRedaction, type Redacted, type Redaction, type RedactionLevel } from './redact/redact.ts';
import { clusterOf } from './workspace/layout.ts';
import { describeScope, inScope, type SnapshotScope } from './workspace/snapshot-scope.ts';

export type { RedactionLevel } from './redact/redact.ts';
export type { SnapshotScope } from './workspace/snapshot-scope.ts';

export interface SnapshotRequest {
  /** Snapshots to take it from. */
  readonly sources: readonly string[];
  readonly scope: SnapshotScope;
  readonly level: RedactionLevel;
  /** A folder or an archive. */
  readonly output: string;
  /** Replace what stands there. */
  readonly force: boolean;
  readonly tool: { readonly name: string; readonly version: string };
}

export interface SnapshotReport {
  /** Where it stands. */
  readonly path: string;
  readonly artefacts: number;
  /** What could not be had or was left out. */
  readonly skipped: readonly Gap[];
}

/** Who hears how far it is. */
export type Told = (phase: string) => void;

const INDEX = 'snapshot.json';

/**
 * Takes a snapshot from others: all of them or a part, redacted or not.
 * @throws InputError when a source is no snapshot, or the place cannot be written
 */
export async function takeSnapshot(request: SnapshotRequest, tell: Told, signal: AbortSignal): Promise<SnapshotReport> {
  const target = snapshotTarget(request.output, request.force);
  tell('reading the snapshot');
  const source = await collectSnapshots(request.sources, undefined, false);
  const redaction = request.level === 'none' ? null : createRedaction(request.level, randomKeyedHash());
  const names = source.names().filter((name) => name !== INDEX && inScope(name, request.scope));
  const capturedAt = names.length === 0 ? null : (source.artefact(names[0] ?? '')?.capturedAt ?? null);
  if (redaction !== null) await learn(source, names, redaction, tell, signal);
  const skipped = [...source.gaps()];
  let count = 0;
  const artefacts = function* (): Generator<Written> {
    const clusters = new Set<string>();
    for (const name of names) {
      tell(`writing ${name}`);
      const made = redactedArtefact(source, name, redaction);
      if (made === undefined) continue;
      if ('leftOut' in made) {
        skipped.push({
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
      yield { name: made.name, bytes: () => made.bytes };
    }
    const index = formatSnapshotIndex({
      tool: request.tool,
      capturedAt,
      clusters: [...clusters].toSorted(compareText),
      redacted: request.level,
      scope: describeScope(request.scope),
      skipped: redaction === null ? skipped : skipped.map((gap) => redaction.gap(gap)),
    });
    yield { name: INDEX, bytes: () => index };
  };
  await writeSnapshot(target, artefacts(), new Date(capturedAt ?? 0), signal);
  return { path: target.path, artefacts: count, skipped };
}

const LEAVE = 'take the snapshot with --redact none, if everything in it may be seen';

/** Shows every artefact to the redaction, so that a secret is known wherever it stands. */
async function learn(
  source: ArtefactSource,
  names: readonly string[],
  redaction: Redaction,
  tell: Told,
  signal: AbortSignal,
): Promise<void> {
  for (const name of names) {
    tell(`looking for secrets in ${name}`);
    const artefact = source.artefact(name);
    if (artefact !== undefined) redaction.learn(name, artefact.bytes);
    signal.throwIfAborted();
    // Ctrl-C and the progress line have their turn between artefacts.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** undefined: it cannot be read, which the source's gaps tell. */
function redactedArtefact(source: ArtefactSource, name: string, redaction: Redaction | null): Redacted | undefined {
  const artefact = source.artefact(name);
  if (artefact === undefined) return undefined;
  return redaction === null ? { name, bytes: artefact.bytes } : redaction.redact(name, artefact.bytes);
}
