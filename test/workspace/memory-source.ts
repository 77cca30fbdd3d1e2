import type { Artefact, ArtefactSource, Gap } from '../../src/model/artefact.ts';

/** Artefacts by name, as a snapshot would give them. */
export function memorySource(files: Readonly<Record<string, string>>, gaps: readonly Gap[] = []): ArtefactSource {
  const artefacts = new Map(
    Object.entries(files).map(([name, text]): [string, Artefact] => [
      name,
      { name, capturedAt: null, bytes: Buffer.from(text) },
    ]),
  );
  return { names: () => [...artefacts.keys()], artefact: (name) => artefacts.get(name), gaps: () => gaps };
}
