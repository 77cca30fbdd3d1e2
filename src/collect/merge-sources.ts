import type { Artefact, ArtefactSource, Gap } from '../model/artefact.ts';
import { InputError } from './input-error.ts';

/** A source with the path that a person gave for it. */
export interface NamedSource {
  readonly path: string;
  readonly source: ArtefactSource;
}

const INDEX = 'snapshot.json';

/**
 * Several sources as one. A file that two of them hold must be the same in both: of a cluster that was captured twice, nobody
 * could say which state an answer is about.
 * @throws InputError when they differ
 */
export function mergeSources(sources: readonly NamedSource[]): ArtefactSource {
  const owners = new Map<string, NamedSource>();
  for (const named of sources) {
    for (const name of named.source.names()) {
      const owner = owners.get(name);
      if (owner === undefined) owners.set(name, named);
      else if (name !== INDEX && differ(owner, named, name)) throw contradiction(owner, named, name);
    }
  }
  return {
    names: () => [...owners.keys()].toSorted(),
    artefact: (name): Artefact | undefined => owners.get(name)?.source.artefact(name),
    gaps: (): readonly Gap[] => sources.flatMap(({ source }) => source.gaps()),
  };
}

function differ(one: NamedSource, other: NamedSource, name: string): boolean {
  const [a, b] = [one.source.artefact(name), other.source.artefact(name)];
  return a !== undefined && b !== undefined && !a.bytes.equals(b.bytes);
}

function contradiction(one: NamedSource, other: NamedSource, name: string): InputError {
  const cluster = name.split('/')[1] ?? name;
  const message = `${one.path} and ${other.path} both hold cluster ${cluster}, and differ in ${name}`;
  const remedy = `If they are two clusters, rename clusters/${cluster} in one of them; if it is one cluster at two times, give one of them.`;
  return new InputError(other.path, message, remedy);
}
