import { fileURLToPath } from 'node:url';
import { collectSnapshots } from '../src/collect/snapshot.ts';
import type { QuestionInput } from '../src/explain/question/question-input.ts';
import type { Artefact, ArtefactSource } from '../src/model/artefact.ts';
import type { Facts } from '../src/model/facts.ts';
import { createWorkspace } from '../src/workspace.ts';

/** Snapshots that tests ask: of `samples/`, and the mesh of `test/fixtures/`. */
export type SampleName =
  'istio-bookinfo' | 'one-node-bookinfo' | 'kube-proxy-iptables' | 'kube-proxy-legacy' | 'kube-proxy-nftables';

/** What becomes of an artefact: its new text, or null to take it away. An artefact that the sample lacks starts as `''`. */
export type Changes = Readonly<Record<string, (text: string) => string | null>>;

const sources = new Map<SampleName, Promise<ArtefactSource>>();

/** Folder of a sample. */
export function sampleFolder(name: SampleName): string {
  const folder = name === 'one-node-bookinfo' ? `fixtures/${name}` : `../samples/${name}`;
  return fileURLToPath(new URL(folder, import.meta.url));
}

/** The artefacts of a sample. */
export function sampleSource(name: SampleName): Promise<ArtefactSource> {
  const source = sources.get(name) ?? collectSnapshots([sampleFolder(name)]);
  sources.set(name, source);
  return source;
}

/** Fresh facts of a sample, with some artefacts changed; names are relative to `clusters/lab/`. */
export async function sampleFacts(name: SampleName, changes: Changes = {}): Promise<Facts> {
  return createWorkspace(changed(await sampleSource(name), changes));
}

/** A source with some artefacts changed. */
function changed(source: ArtefactSource, changes: Changes): ArtefactSource {
  const made = new Map<string, Artefact | null>();
  for (const [relative, change] of Object.entries(changes)) {
    const name = `clusters/lab/${relative}`;
    const before = source.artefact(name);
    const text = change(before?.bytes.toString('utf8') ?? '');
    if (before !== undefined && text === before.bytes.toString('utf8')) throw new Error(`nothing changed in ${name}`);
    made.set(name, text === null ? null : { name, capturedAt: before?.capturedAt ?? null, bytes: Buffer.from(text) });
  }
  const added = [...made.keys()].filter((name) => !source.names().includes(name));
  return {
    names: () => [...source.names(), ...added].filter((name) => made.get(name) !== null).toSorted(),
    artefact: (name) => (made.has(name) ? (made.get(name) ?? undefined) : source.artefact(name)),
    gaps: () => source.gaps(),
  };
}

/** A question with nothing but its two ends, and what a test adds. */
export function ask(from: string, to: string, more: Partial<QuestionInput> = {}): QuestionInput {
  return {
    from,
    to,
    namespace: null,
    fromNamespace: null,
    method: null,
    headers: [],
    protocol: null,
    uid: null,
    sourcePort: null,
    node: null,
    resolve: [],
    ...more,
  };
}
